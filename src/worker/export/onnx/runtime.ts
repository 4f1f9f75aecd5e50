/** ONNX Runtime, loaded only when a file is proven: it is large, native and not there on every machine. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import type { InferenceSession } from 'onnxruntime-node';
import { WorkbenchError } from '../../../shared/contract/errors.ts';
import { ModelProtoSchema } from '../../formats/onnx/onnx_pb.ts';

type Runtime = typeof import('onnxruntime-node');

const firstLine = (error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n')[0];

/** @throws WorkbenchError (engine-missing) when the native library does not load on this machine */
export async function loadRuntime(load: () => Promise<Runtime> = () => import('onnxruntime-node')): Promise<Runtime> {
  try {
    return await load();
  } catch (error) {
    throw new WorkbenchError(
      'engine-missing',
      `ONNX Runtime does not load on ${process.platform} ${process.arch} (${firstLine(error)}): the file is written, but prove it on Linux, Windows or Apple silicon, or run npm ci again if the package is damaged.`,
      { platform: process.platform, architecture: process.arch },
      error,
    );
  }
}

/** A file ready to run, and what the runtime made of it. */
export interface OpenedModel {
  session: InferenceSession;
  convolutions: number;
  /** QLinearConv nodes of the optimised model. */
  integerConvolutions: number;
  fileBytes: number;
}

function countNodes(model: Uint8Array, opType: string): number {
  return fromBinary(ModelProtoSchema, model).graph!.node.filter((node) => node.opType === opType).length;
}

/**
 * Opens an ONNX file with all optimisations and counts the convolutions that run on integers.
 * @param threads threads of one operator; the runtime's choice when left out
 * @throws WorkbenchError (data-invalid) when the file is missing, damaged or not for this runtime
 */
export async function openModel(runtime: Runtime, file: string, threads?: number): Promise<OpenedModel> {
  const folder = await mkdtemp(path.join(tmpdir(), 'eqnet-onnx-'));
  const optimised = path.join(folder, 'optimised.onnx');
  try {
    const content = await readFile(file);
    const session = await runtime.InferenceSession.create(file, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      optimizedModelFilePath: optimised,
      // Below "error" it warns that an optimised model is saved for this machine only, which is what is wanted here.
      logSeverityLevel: 3,
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    });
    return {
      session,
      convolutions: countNodes(content, 'Conv'),
      integerConvolutions: countNodes(await readFile(optimised), 'QLinearConv'),
      fileBytes: content.byteLength,
    };
  } catch (error) {
    throw new WorkbenchError(
      'data-invalid',
      `ONNX Runtime cannot open '${file}' (${firstLine(error)}): export the configuration again.`,
      { file },
      error,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
