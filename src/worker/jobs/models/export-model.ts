import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import packageJson from '../../../../package.json' with { type: 'json' };
import { fromErrorPayload, toErrorPayload, WorkbenchError } from '../../../shared/contract/errors.ts';
import type { FloatExportRequest, FloatExportResult } from '../../../shared/contract/job-protocol.ts';
import { buildFloatModel } from '../../export/onnx/float-model.ts';
import { openOriginal } from '../../export/onnx/run-original.ts';
import { writeFileAtomically } from '../../export/write-file.ts';
import { ModelProtoSchema } from '../../formats/onnx/onnx_pb.ts';
import { readModel, readModelWeights } from '../../models/project-model.ts';
import type { Reporter } from '../reporter.ts';
import { compareWithOriginal, ending, MAX_DIFFERENCE } from './compare.ts';
import { toChannelsFirst } from './orders.ts';

/** Protocol buffers end here. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Writes the float network of a project as ONNX and compares the file with it in ONNX Runtime.
 * @throws WorkbenchError `model-invalid` for a model that is missing or damaged; a file that differs is taken away again
 */
export async function exportFloatModel(
  { folder, name, file }: FloatExportRequest,
  reporter: Reporter,
  breathe: () => Promise<void>,
): Promise<FloatExportResult> {
  const { network, weights } = readModel(folder, name);
  if (weights === null) throw new WorkbenchError('model-invalid', `Model '${name}' has no weights to export: train it first.`);
  const parameters = readModelWeights(join(folder, `${name}.safetensors`), weights, network);
  const model = buildFloatModel(network, parameters, { name: packageJson.name, version: packageJson.version });
  const bytes = toBinary(ModelProtoSchema, model);
  if (bytes.length > MAX_BYTES)
    throw new WorkbenchError(
      'model-invalid',
      `Model '${name}' has ${bytes.length} bytes of weights, and an ONNX file ends below 2 GiB: choose a smaller network.`,
    );
  try {
    mkdirSync(dirname(file), { recursive: true });
    await writeFileAtomically(file, bytes);
  } catch (error) {
    throw fromErrorPayload(toErrorPayload(error, file));
  }
  const [input] = network.layers;
  const size = input.kind === 'input' ? input.shape : [0, 0, 0];
  const { runtime, run, close } = await openOriginal(file, {
    input: 'input',
    output: 'logits',
    sizes: [size[2], size[0], size[1]],
    batch: null,
  });
  const original = { runtime, close, run: (image: Float32Array) => run(toChannelsFirst(image, size)) };
  const check = await compareWithOriginal(network, parameters, original, ending('none'), reporter, breathe);
  if (!(check.maxRelativeDifference <= MAX_DIFFERENCE)) {
    await rm(file, { force: true });
    throw new WorkbenchError(
      'internal',
      `The exported file differs from model '${name}' by ${check.maxRelativeDifference.toExponential(1)} of the largest output, and was taken away again: please report the model.`,
    );
  }
  return { file, bytes: bytes.length, sha256: createHash('sha256').update(readFileSync(file)).digest('hex'), check };
}
