import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { LookRequest, LookResults } from '../../../shared/contract/job-protocol.ts';
import { ALL_BITS, GRANULARITIES, SYMMETRIES } from '../../../shared/domain/form.ts';
import { RandomStream } from '../../../shared/domain/random.ts';
import { parseRecipe } from '../../../shared/schema/presets.ts';
import { loadDataSplits } from '../../data/load.ts';
import { initialParameters } from '../../models/parameters.ts';
import { calibrateWeights, emptyTables } from '../../quant/calibrate.ts';
import { integerView } from '../../quant/fold.ts';
import { TableLayout } from '../../quant/table-layout.ts';
import { snapQuantizers } from '../../quant/tables.ts';
import { CheckpointStore } from '../../supernet/checkpoint.ts';
import { TABLE_NAMES } from '../../supernet/program-scope.ts';
import { histogram, moments } from './layer.ts';
import { look } from './look.ts';
import { networkOf } from './network.ts';
import { sameForAll } from './quantize.ts';

const recipe = (data: object = {}) =>
  parseRecipe(
    { name: 'look', data: { trainImages: 60, validationImages: 40, testImages: 30, ...data }, calibration: { shrinkSteps: 10 } },
    'test',
  );
const RECIPE = recipe();
const ask = async <K extends LookRequest['kind']>(request: Extract<LookRequest, { kind: K }>) =>
  (await look(request, () => undefined)).result as LookResults[K];

const root = mkdtempSync(join(tmpdir(), 'eqnet-look-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('network', () => {
  test.each([
    [{ dataset: 'mnist' }, 'small-cnn', [28, 28, 1]],
    [{ dataset: 'cluttered-mnist', root: '/nowhere' }, 'resnet20', [32, 32, 3]],
  ])('%o: derived from the recipe alone', async (data, architecture, shape) => {
    const view = await ask({ kind: 'network', recipe: { ...recipe(data), model: { architecture } } as typeof RECIPE });
    expect(view.layers[0].inputShape).toEqual(shape);
    expect(view.graph.classes).toBe(10);
    expect(view.layers.at(-1)!.outputChannels).toBe(10);
    expect(view.macs).toBe(view.layers.reduce((sum, { macs }) => sum + macs, 0));
    expect(view.points.flatMap(({ readers }) => readers).sort((a, b) => a - b)).toEqual(view.layers.map((_, i) => i));
  });
});

describe('preview', () => {
  const preview = (over: object, data: object = {}) =>
    ask({ kind: 'preview', recipe: recipe(data), split: 'train', offset: 0, count: 8, augmented: false, ...over });
  const bytes = (view: { pixels: string }) => Buffer.from(view.pixels, 'base64');

  test.each(['mnist', 'cluttered-mnist'] as const)('%s: the images, labels and balance of the run', async (dataset) => {
    const splits = await loadDataSplits(recipe({ dataset }).data);
    for (const split of ['train', 'validation', 'test'] as const) {
      const view = await preview({ split, offset: 5 }, { dataset });
      const set = splits[split];
      const size = set.images.length / set.count;
      expect([view.width * view.height * view.channels, view.classes]).toEqual([size, splits.classNames]);
      expect(bytes(view).equals(set.images.subarray(5 * size, 13 * size))).toBe(true);
      expect(view.labels).toEqual([...set.labels.subarray(5, 13)]);
      const perClass = view.classes.map((_, label) => set.labels.filter((other: number) => other === label).length);
      expect(view.splits[split]).toEqual({ images: set.count, perClass });
      expect(view.digest).toBe(dataset === 'mnist' ? splits.digest : '');
    }
  });

  test('of one class, in pages, until there are no more', async () => {
    const all = await preview({ label: 3, count: 60 });
    expect(new Set(all.labels)).toEqual(new Set([3]));
    expect(all.labels).toHaveLength(all.splits.train.perClass[3]);
    const page = await preview({ label: 3, offset: 2, count: 2 });
    expect(bytes(page).equals(bytes(all).subarray(2 * 784, 4 * 784))).toBe(true);
    expect((await preview({ offset: 58 })).labels).toHaveLength(2);
    expect(await preview({ offset: 60 })).toMatchObject({ labels: [], pixels: '' });
    expect((await preview({ label: 3, offset: 60 })).labels).toEqual([]);
  });

  test('augmented: shifted as in training, the same way on every page', async () => {
    const plain = bytes(await preview({ count: 20 }));
    const shifted = bytes(await preview({ count: 20, augmented: true }, { shift: 2 }));
    expect(shifted.equals(plain)).toBe(false);
    expect(bytes(await preview({ offset: 7, count: 3, augmented: true }, { shift: 2 })).equals(shifted.subarray(7 * 784, 10 * 784))).toBe(
      true,
    );
    expect(bytes(await preview({ count: 20, augmented: true })).equals(plain)).toBe(true);
  });

  test('files that are not there are one sentence', async () => {
    await expect(preview({}, { root: join(root, 'none') })).rejects.toMatchObject({ code: 'data-invalid' });
  });
});

const LAYOUT = new TableLayout(await networkOf(RECIPE));
const LAYER = LAYOUT.facts.findIndex(({ pinned }) => !pinned);
const { name: NAME, weights: COUNT, outputChannels: CHANNELS } = LAYOUT.facts[LAYER];

function parametersOf(seed: number): Map<string, Float32Array> {
  const random = new RandomStream(seed, 'test/weights');
  const parameters = initialParameters(LAYOUT.graph, seed);
  for (const [name, values] of parameters)
    if (name.endsWith('/weights'))
      parameters.set(
        name,
        values.map((value) => value + 0.02 * random.normal() ** 3),
      );
  return parameters;
}

/** Checkpoints as the phases of a run write them. */
function writeRun(
  name: string,
  phases: Partial<Record<'pretrain' | 'calibrate' | 'supernet', { seed: number; step: number; done: boolean }>>,
) {
  const directory = join(root, name);
  mkdirSync(directory, { recursive: true });
  const store = new CheckpointStore(directory, 'any');
  for (const [phase, { seed, step, done }] of Object.entries(phases)) {
    const parameters = parametersOf(seed);
    const tables = emptyTables(LAYOUT);
    if (phase !== 'pretrain')
      LAYOUT.facts.forEach((facts, i) => calibrateWeights(LAYOUT, i, parameters.get(`${facts.name}/weights`)!, tables, RECIPE.calibration));
    const tensors = new Map([...parameters, [TABLE_NAMES.steps, tables.logSteps], [TABLE_NAMES.offsets, tables.offsets]]);
    store.save(phase, { tensors, step, done });
  }
  return directory;
}

const layerOf = (runDirectory: string, over: object = {}) =>
  ask({
    kind: 'layer',
    recipe: RECIPE,
    runDirectory,
    layer: NAME,
    bits: 3,
    granularity: 'channel',
    symmetry: 'asymmetric',
    bins: 20,
    ...over,
  });
const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

describe('layer', () => {
  const float = { seed: 1, step: 40, done: true };

  test.each([
    ['float', { pretrain: { ...float, done: false } }, 'pretrain', 40],
    ['calibrated', { pretrain: float, calibrate: { seed: 1, step: 0, done: true } }, 'calibrate', 0],
    [
      'training',
      { pretrain: float, calibrate: { seed: 1, step: 0, done: true }, supernet: { seed: 2, step: 17, done: false } },
      'supernet',
      17,
    ],
    ['trained', { pretrain: float, supernet: { seed: 2, step: 90, done: true } }, 'supernet', null],
    ['without its float network', { supernet: { seed: 2, step: 90, done: true } }, 'supernet', null],
  ] as const)('%s: the newest weights on the grid that is exported', async (name, phases, phase, step) => {
    const view = await layerOf(writeRun(name, phases));
    expect(view).toMatchObject({ layer: NAME, phase, step, values: COUNT, channels: CHANNELS });
    const values = parametersOf(phase === 'supernet' ? 2 : 1).get(`${NAME}/weights`)!;
    expect(view).toMatchObject(moments(values));
    expect([total(view.counts), total(view.levelCounts), view.levels.length]).toEqual([COUNT, COUNT, 8]);
    expect(view.floatCounts && total(view.floatCounts)).toBe('pretrain' in phases ? COUNT : null);

    const parameters = parametersOf(phase === 'supernet' ? 2 : 1);
    const tables = emptyTables(LAYOUT);
    LAYOUT.facts.forEach((facts, i) => calibrateWeights(LAYOUT, i, parameters.get(`${facts.name}/weights`)!, tables, RECIPE.calibration));
    const configuration = sameForAll(LAYOUT, 3, 'channel', 'asymmetric');
    const ones = new Float32Array(LAYOUT.channels).fill(1);
    const exported = integerView(LAYOUT, configuration, snapQuantizers(LAYOUT, tables, configuration), parameters, {
      mean: ones,
      variance: ones,
    });
    const { codes, qn, weightStep, weightZeroPoint } = exported.layers[LAYER];
    expect(view.levelCounts).toEqual(view.levels.map((_, place) => codes.filter((code: number) => code === qn + place).length));
    expect([view.stepSize, view.zeroPoint]).toEqual([weightStep[0], weightZeroPoint[0]]);
    expect(view.levels[view.zeroPoint - qn]).toBe(0);
  });

  test.each(
    GRANULARITIES.flatMap((granularity) => SYMMETRIES.flatMap((symmetry) => [2, 8].map((bits) => [granularity, symmetry, bits] as const))),
  )('per %s, %s, %i bits', async (granularity, symmetry, bits) => {
    const view = await layerOf(writeRun('forms', { pretrain: float }), { granularity, symmetry, bits });
    expect(view.levels).toHaveLength(2 ** bits);
    view.levels.slice(1).forEach((level, i) => expect(level - view.levels[i]).toBeCloseTo(view.stepSize, 9));
    expect(symmetry === 'symmetric' ? view.zeroPoint : 0).toBe(0);
    expect(view.clipped).toBeGreaterThanOrEqual(0);
    expect(view.clipped).toBeLessThan(0.5);
  });

  test.each<[string, () => Promise<unknown>, string, RegExp]>([
    ['no checkpoint', () => layerOf(join(root, 'empty')), 'checkpoint-invalid', /has no checkpoint yet/],
    [
      'another layer',
      () => layerOf(writeRun('other', { pretrain: float }), { layer: 'conv99' }),
      'config-invalid',
      /'conv99': name one of conv/,
    ],
    [
      'another network',
      () =>
        layerOf(writeRun('network', { pretrain: float }), {
          recipe: { ...RECIPE, model: { architecture: 'resnet20' } },
          layer: 'stage3.block3.conv2',
        }),
      'checkpoint-invalid',
      /pretrain\.safetensors (lacks the tensor|holds \d+ values)/,
    ],
    [
      'a damaged file',
      () => {
        mkdirSync(join(root, 'damaged', 'checkpoints'), { recursive: true });
        writeFileSync(join(root, 'damaged', 'checkpoints', 'supernet.safetensors'), 'short');
        return layerOf(join(root, 'damaged'));
      },
      'checkpoint-invalid',
      /supernet\.safetensors holds only 5 bytes/,
    ],
  ])('%s is one sentence', async (_, action, code, message) => {
    await expect(action()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('the file that a worker is writing meanwhile is left alone', async () => {
    const directory = writeRun('writing', { pretrain: float });
    const temporary = join(directory, 'checkpoints', 'pretrain.safetensors.1.tmp');
    writeFileSync(temporary, 'half');
    await layerOf(directory);
    expect(() => rmSync(temporary)).not.toThrow();
  });
});

describe('sensitivity', () => {
  test('of every layer, form and bit-width, falling with the bits', async () => {
    const { layers } = await ask({
      kind: 'sensitivity',
      recipe: RECIPE,
      runDirectory: writeRun('snr', { supernet: { seed: 3, step: 5, done: false } }),
    });
    expect(layers.map(({ name }) => name)).toEqual(LAYOUT.facts.map(({ name }) => name));
    for (const { weights, activations } of layers) {
      expect(activations).toBeNull();
      for (const form of ['ts', 'ta', 'cs', 'ca'] as const) {
        expect(weights[form]).toHaveLength(ALL_BITS.length);
        weights[form].slice(1).forEach((value, i) => expect(value!).toBeGreaterThan(weights[form][i]!));
      }
      // A scale for each channel fits better than one for all.
      expect(weights.cs[2]!).toBeGreaterThan(weights.ts[2]!);
    }
  });
});

test.each([
  ['uniform', Float32Array.from({ length: 10_001 }, (_, i) => i / 5000 - 1), 0, 1.8],
  ['two points', Float32Array.from({ length: 1000 }, (_, i) => i % 2), 0, 1],
  ['equal values', new Float32Array(10).fill(0.3), 0, 0],
])('moments: %s', (_, values, skewness, kurtosis) => {
  const found = moments(values);
  expect(found.skewness).toBeCloseTo(skewness, 6);
  // The standard deviation is the unbiased one: (n - 1) / n squared.
  expect(found.kurtosis).toBeCloseTo(kurtosis * (1 - 1 / values.length) ** 2, 3);
});

test('histogram holds both ends, and equal values in the first bin', () => {
  expect(histogram(Float32Array.of(0, 0.24, 0.25, 0.5, 1), 0, 1, 4)).toEqual([2, 1, 1, 1]);
  expect(histogram(Float32Array.of(2, 2), 2, 2, 3)).toEqual([2, 0, 0]);
});
