/** A small residual network with a state to start from, for the tests of training and evaluation. */
import { createHash } from 'node:crypto';
import { SYMMETRIES } from '../../shared/domain/form.ts';
import { quantizationPoints, type Layer, type LayerGraph } from '../../shared/domain/layer-graph.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { parseRecipe } from '../../shared/schema/presets.ts';
import type { ImageSet } from '../data/dataset.ts';
import { targetRows } from '../data/targets.ts';
import type { Executor, ExecutorFactory } from '../engine/executor.ts';
import type { HostArray, Program } from '../engine/graph.ts';
import { classifier, convBlock } from '../models/blocks.ts';
import { initialParameters } from '../models/parameters.ts';
import { calibrateWeights, emptyTables } from '../quant/calibrate.ts';
import { codeRange } from '../quant/code-range.ts';
import type { IntegerView } from '../quant/integer-view.ts';
import { TableLayout } from '../quant/table-layout.ts';
import { TABLE_NAMES } from './program-scope.ts';
import { buildProgram, type ProgramSizes } from './program.ts';
import type { Batch } from './trainer.ts';

/** A stem, a residual block whose shortcut is a 1x1 convolution of stride 2, one with an identity shortcut, 8x8x1 images. */
function tinyGraph(): LayerGraph {
  const layers: Layer[] = [{ kind: 'input', name: 'input', inputs: [], shape: [8, 8, 1] }];
  const stem = convBlock(layers, 'stem', 'input', { filters: 4 });
  const inner = convBlock(layers, 'a1', stem, { filters: 6, stride: 2 });
  const branch = convBlock(layers, 'a2', inner, { filters: 6, activation: null });
  const shortcut = convBlock(layers, 'short', stem, { filters: 6, kernel: 1, stride: 2, activation: null });
  layers.push({ kind: 'add', name: 'a.add', inputs: [branch, shortcut] }, { kind: 'relu', name: 'a.relu', inputs: ['a.add'] });
  const second = convBlock(layers, 'b1', 'a.relu', { filters: 6, activation: null });
  layers.push({ kind: 'add', name: 'b.add', inputs: [second, 'a.relu'] }, { kind: 'relu', name: 'b.relu', inputs: ['b.add'] });
  classifier(layers, 'b.relu', 3);
  return { name: 'tiny', classes: 3, layers };
}

export const TINY = new TableLayout(tinyGraph());
export const TINY_SIZES: ProgramSizes = { pretrainBatch: 6, trainBatch: 6, evaluationBatch: 5, recalibration: [16], calibration: 8 };
export const TINY_RECIPE = parseRecipe(
  { name: 'tiny', pretrain: { learningRate: 0.01 }, supernet: { learningRate: 0.01, batch: 6 } },
  'test',
);

/** Images of three classes, each bright in another place, with noise. */
export function tinyImages(count: number, seed = 1): ImageSet {
  const random = new RandomStream(seed, 'test/images');
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  const images = Uint8Array.from({ length: count * 64 }, (_, i) => {
    const [row, column] = [(i >> 3) & 7, i & 7];
    const bright = [row < 4, column < 4, row >= 4 && column >= 4][labels[i >> 6]];
    return Math.round(random.between(0, 120)) + (bright ? 135 : 0);
  });
  return { images, labels, count, height: 8, width: 8, channels: 1, classes: 3 };
}

export function tinyBatch(set: ImageSet, start: number, count = TINY_SIZES.trainBatch): Batch {
  const indices = Array.from({ length: count }, (_, i) => (start + i) % set.count);
  const labels = Int32Array.from(indices, (i) => set.labels[i]);
  return {
    images: Float32Array.from(indices.flatMap((i) => Array.from(set.images.subarray(i * 64, (i + 1) * 64), (pixel) => pixel / 255))),
    labels,
    targets: targetRows({ labels }, set.classes),
  };
}

/** Tables whose ranges fit tensors behind a BN, all a little off, so that values are clipped on both sides. */
function tinyTables(parameters: ReadonlyMap<string, Float32Array>, layout: TableLayout) {
  const random = new RandomStream(1, 'test/tables');
  const tables = emptyTables(layout);
  layout.facts.forEach(({ name }, i) =>
    calibrateWeights(layout, i, parameters.get(`${name}/weights`)!, tables, { shrinkSteps: 40, norm: 2.4 }),
  );
  // Calibrated steps put the largest weights exactly on a bound or a tie, where single and double precision differ.
  for (let i = 1; i < layout.size; i++) tables.logSteps[i] += random.between(-0.03, 0.03);
  layout.points.forEach(({ tensor }, q) => {
    const range = (tensor === 'input' ? 1 : tensor === 'pool' ? 1.5 : 2) * (layout.signed[q] ? 2 : 1);
    for (const symmetry of SYMMETRIES)
      for (let bits = 2; bits <= 8; bits++) {
        const { low, high } = codeRange(bits, layout.signed[q]);
        const step = (range * random.between(0.8, 1.2)) / (high - low);
        const entry = layout.activationEntry(q, symmetry, bits);
        tables.logSteps[entry] = Math.log(step);
        tables.offsets[entry] = symmetry === 'asymmetric' ? random.between(-0.3, 0.1) * range : 0;
      }
  });
  return tables;
}

/** Values of every variable: weights, BN that is no identity, calibrated tables, empty optimizer and accumulators. */
export function tinyState(program: Program, seed = 1, layout = TINY): Map<string, HostArray> {
  const random = new RandomStream(seed, 'test/state');
  const parameters = initialParameters(layout.graph, seed);
  for (const [name, values] of parameters) {
    if (name.endsWith('/gamma')) parameters.set(name, values.map(() => random.between(0.5, 1.5) * (random.uniform() < 0.2 ? -1 : 1))); // prettier-ignore
    if (name.endsWith('/beta') || name.endsWith('/bias')) parameters.set(name, values.map(() => random.between(-0.5, 0.5))); // prettier-ignore
  }
  const { logSteps, offsets } = tinyTables(parameters, layout);
  const given = new Map<string, HostArray>([...parameters, [TABLE_NAMES.steps, logSteps], [TABLE_NAMES.offsets, offsets]]);
  return new Map(
    program.variables.map(({ name, shape }) => [name, given.get(name) ?? new Float32Array(shape.reduce((a, size) => a * size, 1))]),
  );
}

/** An executor of the tiny network with its first state. */
export async function tinyExecutor(create: ExecutorFactory): Promise<{ executor: Executor; program: Program }> {
  const program = buildProgram(TINY, TINY_SIZES);
  const executor = await create(program);
  await executor.write(tinyState(program));
  return { executor, program };
}

/** Every variable of a program as one number that two equal states share. */
export async function stateDigest(executor: Executor, program: Program): Promise<string> {
  const hash = createHash('sha256');
  for (const [name, values] of await executor.read(program.variables.map((variable) => variable.name)))
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return hash.digest('hex');
}

/** The network up to a layer, as an integer view of its own. */
export function upTo(view: IntegerView, last: string): IntegerView {
  const layers = view.graph.layers.slice(0, view.graph.layers.findIndex(({ name }) => name === last) + 1);
  const graph: LayerGraph = { ...view.graph, layers };
  const points = new Set(quantizationPoints(graph).map(({ tensor }) => tensor));
  const kept = view.layers.filter(({ name }) => layers.some((layer) => layer.name === name));
  const configured = view.configuration.layers.filter(({ name }) => kept.some((layer) => layer.name === name));
  return {
    graph,
    configuration: { layers: configured },
    layers: kept,
    activations: view.activations.filter(({ tensor }) => points.has(tensor)),
  };
}
