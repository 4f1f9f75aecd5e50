import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import packageJson from '../../../../package.json' with { type: 'json' };
import { fromErrorPayload, toErrorPayload, WorkbenchError } from '../../../shared/contract/errors.ts';
import type { FloatExportRequest, FloatExportResult } from '../../../shared/contract/job-protocol.ts';
import type { LayerGraph } from '../../../shared/domain/layer-graph.ts';
import { buildFloatModel } from '../../export/onnx/float-model.ts';
import { openOriginal } from '../../export/onnx/run-original.ts';
import { writeFileAtomically } from '../../export/write-file.ts';
import { ModelProtoSchema } from '../../formats/onnx/onnx_pb.ts';
import { readModel, readModelWeights } from '../../models/project-model.ts';
import { floatParameters, readCheckpointState } from '../look/checkpoint-state.ts';
import { networkOf } from '../look/network.ts';
import type { Reporter } from '../reporter.ts';
import { compareWithOriginal, ending, MAX_DIFFERENCE } from './compare.ts';
import { toChannelsFirst } from './orders.ts';

/** Protocol buffers end here. */
const MAX_BYTES = 2 ** 31 - 1;

interface FloatNetwork {
  /** for sentences */
  label: string;
  network: LayerGraph;
  parameters: ReadonlyMap<string, Float32Array>;
}

async function floatNetwork(source: FloatExportRequest['source']): Promise<FloatNetwork> {
  if ('name' in source) {
    const { folder, name } = source;
    const { network, weights } = readModel(folder, name);
    if (weights === null) throw new WorkbenchError('model-invalid', `Model '${name}' has no weights to export: train it first.`);
    return { label: `Model '${name}'`, network, parameters: readModelWeights(join(folder, `${name}.safetensors`), weights, network) };
  }
  const state = readCheckpointState(source.directory, 'pretrain');
  if (!state?.done) {
    const sentence = `Run ${source.run} has no trained float network yet: let its first phase end.`;
    throw new WorkbenchError('model-invalid', sentence);
  }
  const network = await networkOf(source.recipe, source.models);
  return { label: `The float network of run ${source.run}`, network, parameters: floatParameters(network, state) };
}

/**
 * Writes the float network of a project as ONNX and compares the file with it in ONNX Runtime.
 * @throws WorkbenchError `model-invalid` for a network that is missing, damaged or not trained yet, `checkpoint-invalid`; a file that differs is taken away again
 */
export async function exportFloatModel(
  { source, file }: FloatExportRequest,
  reporter: Reporter,
  breathe: () => Promise<void>,
): Promise<FloatExportResult> {
  const { label, network, parameters } = await floatNetwork(source);
  const model = buildFloatModel(network, parameters, { name: packageJson.name, version: packageJson.version });
  const bytes = toBinary(ModelProtoSchema, model);
  if (bytes.length > MAX_BYTES)
    throw new WorkbenchError(
      'model-invalid',
      `${label} has ${bytes.length} bytes of weights, and an ONNX file ends below 2 GiB: choose a smaller network.`,
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
      `${label} differs from the exported file by ${check.maxRelativeDifference.toExponential(1)} of the largest output; the file was taken away again: please report the network.`,
    );
  }
  return { file, bytes: bytes.length, sha256: createHash('sha256').update(readFileSync(file)).digest('hex'), check };
}
