import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fromErrorPayload, toErrorPayload, WorkbenchError } from '../../../shared/contract/errors.ts';
import type { ImportRequest } from '../../../shared/contract/job-protocol.ts';
import type { LayerGraph } from '../../../shared/domain/layer-graph.ts';
import { allFinite } from '../../../shared/domain/statistics.ts';
import { requireClassifier } from '../../../shared/schema/layer-list.ts';
import { NETWORK_VERSION, type ImportCheck, type ModelFile } from '../../../shared/schema/network.ts';
import { openOriginal } from '../../export/onnx/run-original.ts';
import { writeFileAtomically } from '../../export/write-file.ts';
import { encodeSafetensors } from '../../formats/safetensors.ts';
import { normalized, type Normalization } from '../../models/import/normalize.ts';
import { convertOnnx, type OnnxNetwork } from '../../models/import/onnx/convert.ts';
import { firstBytes } from '../../models/import/onnx/read.ts';
import { convertLayersModel, type LayersNetwork } from '../../models/import/tfjs/convert.ts';
import { openLayersModel } from '../../engine/layers-model.ts';
import type { ImportedNetwork } from '../../models/import/network-writer.ts';
import { parameterSpecs } from '../../models/parameters.ts';
import type { Reporter } from '../reporter.ts';
import { toChannelsFirst } from './orders.ts';
import { compareWithOriginal, ending, MAX_DIFFERENCE, type Original } from './compare.ts';

const refuse = (sentence: string, cause?: unknown) => new WorkbenchError('model-invalid', sentence, {}, cause);

const WITHOUT_BN =
  'No convolution of the network has a batch normalization behind it (most exporters fold it in): nothing re-estimates statistics when bit-widths change, so expect less at low bits than with it. docs/import.md shows an export that keeps it.';

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/** One value for each channel; a single one counts for all. */
function perChannel({ mean, std }: { mean: number[]; std: number[] }, channels: number): Normalization {
  const spread = (values: number[], what: string) => {
    if (values.length === 1) return Array<number>(channels).fill(values[0]);
    if (values.length === channels) return values;
    throw refuse(
      `The ${what} has ${values.length} values, and the network reads images of ${channels} channels: give one value, or ${channels}.`,
    );
  };
  if (std.some((value) => value === 0))
    throw refuse('A standard deviation of 0 leaves nothing of the image: give the one of the training images.');
  return { mean: spread(mean, 'mean'), std: spread(std, 'standard deviation') };
}

/** @throws WorkbenchError `model-invalid` naming a tensor with a value that is no finite number */
function requireFinite({ parameters }: ImportedNetwork, file: string): void {
  for (const [name, values] of parameters)
    if (!allFinite(values))
      throw refuse(
        `Tensor '${name}' of ${file} holds a value that is not a finite number: train the network again, or export an earlier state of it.`,
      );
}

/** The image as the original reads it: normalized, in its own order. */
function asOriginal(image: Float32Array, size: readonly number[], { mean, std }: Normalization, order: 'chw' | 'hwc'): Float32Array {
  const channels = mean.length;
  const own = image.map((value, i) => (value - mean[i % channels]) / std[i % channels]);
  return order === 'chw' ? toChannelsFirst(own, size) : own;
}

async function originalOnnx(
  file: string,
  { input }: OnnxNetwork,
  size: readonly number[],
  normalization: Normalization,
): Promise<Original> {
  const [height, width, channels] = size;
  const sizes = input.order === 'chw' ? [channels, height, width] : [height, width, channels];
  const { runtime, run, close } = await openOriginal(file, { input: input.name, output: input.output, sizes, batch: input.batch });
  return { runtime, close, run: (image) => run(asOriginal(image, size, normalization, input.order)) };
}

async function originalLayers({ file }: LayersNetwork, size: readonly number[], normalization: Normalization): Promise<Original> {
  const { runtime, run, close } = await openLayersModel(file.topology, file.specs, file.data);
  return { runtime, close, run: (image) => run(asOriginal(image, size, normalization, 'hwc'), size) };
}

/** A layers model is told by its description; everything else is read as ONNX, whose errors say what it is instead. */
function isJson(file: string): boolean {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return false;
  return /^\s*\{/.test(Buffer.from(firstBytes(file, 64)).toString('utf8'));
}

const inputShape = ({ layers }: LayerGraph) => layers.find((layer) => layer.kind === 'input')!.shape;

function sentenceOf(check: ImportCheck): string {
  return `differs from the original in ${check.runtime} by ${check.maxRelativeDifference.toExponential(1)} of the largest output, where at most ${MAX_DIFFERENCE.toExponential(0)} is allowed`;
}

async function store(folder: string, name: string, { graph, parameters }: ImportedNetwork, file: ModelFile): Promise<ModelFile> {
  const path = join(folder, `${name}.safetensors`);
  const specs = parameterSpecs(graph);
  const tensors = new Map(specs.map((spec) => [spec.name, parameters.get(spec.name)!]));
  const bytes = encodeSafetensors(tensors, { network: name }, new Map(specs.map((spec) => [spec.name, spec.shape])));
  const stored: ModelFile = { ...file, weights: createHash('sha256').update(bytes).digest('hex') };
  try {
    mkdirSync(folder, { recursive: true });
    await writeFileAtomically(path, bytes);
    // the description comes last: with it the model is there
    await writeFileAtomically(join(folder, `${name}.json`), `${JSON.stringify(stored, null, 1)}\n`);
  } catch (error) {
    await rm(path, { force: true });
    throw fromErrorPayload(toErrorPayload(error, path));
  }
  return stored;
}

/**
 * Reads a network of another program, proves that it computes what its original does, and stores it in a project.
 * Nothing is written where anything is wrong.
 * @throws WorkbenchError `model-invalid` for what cannot be read or differs; `usage` for a taken name
 */
export async function importModel(
  { file, folder, name, normalization }: ImportRequest,
  reporter: Reporter,
  breathe: () => Promise<void>,
): Promise<ModelFile> {
  if (existsSync(join(folder, `${name}.json`)))
    throw new WorkbenchError(
      'usage',
      `There is a model '${name}' in this project already: choose another name, or delete ${join(folder, `${name}.json`)} and the .safetensors file beside it.`,
    );
  reporter.report({ phase: 'import', unit: 'file', done: 0, total: 1, note: `reading ${basename(file)}` });
  await breathe();
  const read = isJson(file) ? convertLayersModel(file) : convertOnnx(file);
  requireFinite(read, file);
  const shape = inputShape(read.graph);
  const wanted = perChannel(normalization ?? { mean: [0], std: [1] }, shape[2]);
  const network: ImportedNetwork = { ...read, graph: { ...normalized(read.graph, wanted), name } };
  try {
    requireClassifier(network.graph);
  } catch (error) {
    throw refuse(`${file} cannot be trained here: ${(error as Error).message.replace(/\.$/, '')}.`, error);
  }
  const original = 'input' in read ? await originalOnnx(file, read, shape, wanted) : await originalLayers(read, shape, wanted);
  const check = await compareWithOriginal(network.graph, network.parameters, original, ending(read.ending), reporter, breathe);
  if (!(check.maxRelativeDifference <= MAX_DIFFERENCE))
    throw refuse(`${file} was read, but the result ${sentenceOf(check)}: nothing was stored; please report the file.`);
  const notes = [...read.notes, ...(network.graph.layers.some(({ kind }) => kind === 'batchnorm') ? [] : [WITHOUT_BN])];
  return store(folder, name, network, {
    version: NETWORK_VERSION,
    network: network.graph,
    weights: null,
    source: {
      file: basename(file),
      kind: 'input' in read ? 'onnx' : 'tfjs-layers',
      sha256: await sha256Of(file),
      importedAt: new Date().toISOString(),
    },
    check,
    notes,
  });
}
