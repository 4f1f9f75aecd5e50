import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { uniformConfiguration } from '../../shared/domain/configuration.ts';
import { FORMS, formKey, parseForm } from '../../shared/domain/form.ts';
import type { LayerGraph } from '../../shared/domain/layer-graph.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { GraphBuilder } from '../engine/builder.ts';
import type { Executor } from '../engine/executor.ts';
import { nativeNote, testExecutors } from '../engine/testing.ts';
import { checkView } from '../export/check-view.ts';
import { initialParameters, parameterSpecs } from '../models/parameters.ts';
import { quantizeWeightsFixed } from '../ops/fake-quant.ts';
import { calibrateWeights, emptyTables } from './calibrate.ts';
import { biasUnits, fixedFeeds, foldedFeeds, integerView, offsetsOf, type BatchNormStatistics } from './fold.ts';
import { foldChannel } from './integer-view.ts';
import { TableLayout } from './table-layout.ts';
import { snapQuantizers } from './tables.ts';

/** A convolution with its own bias and a BN, one with a bias alone, one with a BN alone, and a classifier. */
const GRAPH: LayerGraph = {
  name: 'fold',
  classes: 3,
  layers: [
    { kind: 'input', name: 'image', inputs: [], shape: [6, 6, 2] },
    { kind: 'conv', name: 'both', inputs: ['image'], filters: 5, kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], groups: 1, bias: true },
    { kind: 'batchnorm', name: 'both.bn', inputs: ['both'], epsilon: 1e-3 },
    { kind: 'relu', name: 'both.relu', inputs: ['both.bn'] },
    { kind: 'conv', name: 'bias', inputs: ['both.relu'], filters: 4, kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], groups: 1, bias: true },
    { kind: 'relu', name: 'bias.relu', inputs: ['bias'] },
    { kind: 'conv', name: 'bn', inputs: ['bias.relu'], filters: 6, kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1], groups: 1, bias: false },
    { kind: 'batchnorm', name: 'bn.bn', inputs: ['bn'], epsilon: 1e-5 },
    { kind: 'relu', name: 'bn.relu', inputs: ['bn.bn'] },
    { kind: 'globalpool', name: 'pool', inputs: ['bn.relu'] },
    { kind: 'linear', name: 'fc', inputs: ['pool'], units: 3, bias: true },
  ],
}; // prettier-ignore

const layout = new TableLayout(GRAPH);

function network(seed: number) {
  const random = new RandomStream(seed, 'test/fold');
  const parameters = initialParameters(GRAPH, seed);
  for (const { name } of parameterSpecs(GRAPH)) if (/gamma|beta|bias/.test(name)) parameters.set(name, parameters.get(name)!.map(() => random.normal())); // prettier-ignore
  const statistics: BatchNormStatistics = {
    mean: Float32Array.from({ length: 5 + 6 }, () => random.normal()),
    variance: Float32Array.from({ length: 5 + 6 }, () => random.between(0.01, 2)),
  };
  const tables = emptyTables(layout);
  layout.facts.forEach(({ name }, i) =>
    calibrateWeights(layout, i, parameters.get(`${name}/weights`)!, tables, { shrinkSteps: 20, norm: 2 }),
  );
  for (let q = 0; q < layout.points.length; q++)
    for (const symmetry of ['symmetric', 'asymmetric'] as const)
      for (let bits = 2; bits <= 8; bits++) {
        const entry = layout.activationEntry(q, symmetry, bits);
        tables.logSteps[entry] = Math.log(random.between(0.5, 2) / 2 ** bits);
        tables.offsets[entry] = symmetry === 'asymmetric' ? -random.uniform() : 0;
      }
  return { parameters, statistics, tables };
}

const CASES = FORMS.flatMap((form) => [2, 3, 5, 8].map((bits) => ({ key: formKey(form), form, bits })));

describe.each(CASES)('integer view of $key at $bits bits', ({ form, bits }) => {
  const { parameters, statistics, tables } = network(bits);
  const configuration = uniformConfiguration(layout.facts, bits, form, layout.points);
  const snapped = snapQuantizers(layout, tables, configuration);
  const view = integerView(layout, configuration, snapped, parameters, statistics);

  test('is complete and in range', () => expect(() => checkView(view)).not.toThrow());

  test('BN is folded with the statistics of the right layer', () => {
    const offsets: Record<string, number | null> = { both: 0, bias: null, bn: 5, fc: null };
    for (const { name, multiplier, bias } of view.layers) {
      const own = parameters.get(`${name}/bias`);
      const first = offsets[name];
      const epsilon = name === 'both' ? 1e-3 : 1e-5;
      for (let c = 0; c < multiplier.length; c++) {
        const factor = first === null ? 1 : parameters.get(`${name}.bn/gamma`)![c] / Math.sqrt(statistics.variance[first + c] + epsilon);
        const shift = first === null ? 0 : parameters.get(`${name}.bn/beta`)![c] - statistics.mean[first + c] * factor;
        // Tolerance: single precision.
        expect(Math.abs(multiplier[c] - factor)).toBeLessThanOrEqual(1e-6 * Math.abs(factor));
        expect(Math.abs(bias[c] - ((own?.[c] ?? 0) * factor + shift))).toBeLessThan(1e-5 * (1 + Math.abs(factor)));
      }
    }
  });

  test('the folded feeds are multiplier and integer bias in its unit', () => {
    const { multiplier, bias } = foldedFeeds(layout, view);
    expect([...multiplier]).toEqual(view.layers.flatMap((layer) => [...layer.multiplier]));
    const steps = new Map(view.activations.map(({ tensor, step }) => [tensor, step]));
    const units = view.layers.flatMap((layer) =>
      Array.from(
        layer.bias,
        (value, c) => foldChannel(layer.weightStep[c], layer.weightBits, layer.multiplier[c], value, steps.get(layer.input)!).unit,
      ),
    );
    const biases = view.layers.flatMap((layer) => [...layer.bias]);
    // Tolerance: half a unit, and the rounding to single precision.
    biases.forEach((value, i) => expect(Math.abs(bias[i] - value)).toBeLessThanOrEqual(units[i] * 0.5 + 1e-6 * Math.abs(value)));
    const before = biasUnits(layout, snapped);
    units.forEach((unit, i) => expect(Math.abs((before[i] * Math.abs(multiplier[i])) / unit - 1)).toBeLessThan(1e-6));
  });

  test('the fixed feeds are the quantizers of the view', () => {
    const feeds = fixedFeeds(layout, snapped);
    expect([...feeds.weightSteps]).toEqual(view.layers.flatMap((layer) => [...layer.weightStep]));
    expect([...feeds.weightOffsets]).toEqual(view.layers.flatMap((layer) => [...offsetsOf(layer.weightStep, layer.weightZeroPoint)]));
    expect([...feeds.weightLow]).toEqual(view.layers.map(({ qn }) => qn));
    expect([...feeds.weightHigh]).toEqual(view.layers.map(({ qp }) => qp));
    expect([...feeds.activationSteps]).toEqual(view.activations.map(({ step }) => step));
    expect([...feeds.activationLow]).toEqual(view.activations.map(({ qn }) => qn));
    expect([...feeds.activationHigh]).toEqual(view.activations.map(({ qp }) => qp));
    view.activations.forEach(({ step, zeroPoint }, q) => expect(feeds.activationOffsets[q] + 0).toBe(Math.fround(-step * zeroPoint) + 0));
  });
});

test('a channel whose gamma is 0 is its bias alone', () => {
  const { parameters, statistics, tables } = network(1);
  parameters.get('bn.bn/gamma')![2] = 0;
  const configuration = uniformConfiguration(layout.facts, 4, parseForm('caa'), layout.points);
  const view = integerView(layout, configuration, snapQuantizers(layout, tables, configuration), parameters, statistics);
  const { multiplier, bias } = foldedFeeds(layout, view);
  const beta = parameters.get('bn.bn/beta')![2];
  expect(multiplier[5 + 4 + 2]).toBe(0);
  expect(Math.abs(bias[5 + 4 + 2] - beta)).toBeLessThanOrEqual(Math.abs(beta) * 2 ** -23);
});

const [ROWS, CHANNELS] = [600, 6];

describe.each(testExecutors())(`weight codes on the $kind executor${nativeNote}`, ({ create }) => {
  let executor: Executor;
  beforeAll(async () => {
    const b = new GraphBuilder();
    b.function('quantize', () => {
      const [step, offset] = ['step', 'offset'].map((name) => b.feed(name, [CHANNELS]));
      const [low, high] = ['low', 'high'].map((name) => b.feed(name, []));
      return { quantized: quantizeWeightsFixed(b, b.feed('w', [ROWS, CHANNELS]), { step, offset, low, high }) };
    });
    executor = await create(b.build());
  });
  afterAll(() => executor?.dispose());

  /** A one-layer network whose weights are the ones to be quantized. */
  const single = new TableLayout({
    name: 'single',
    classes: CHANNELS,
    layers: [
      { kind: 'input', name: 'image', inputs: [], shape: [1, 1, ROWS] },
      { kind: 'globalpool', name: 'pool', inputs: ['image'] },
      { kind: 'linear', name: 'fc', inputs: ['pool'], units: CHANNELS, bias: true },
    ],
  });

  // Steps of a power of two and weights on a grid of half steps: every second one is a tie, and goes to the even code.
  test.each(FORMS.flatMap((form) => ['any', 'ties'].map((kind) => ({ key: formKey(form), form, kind }))))(
    'of $key, $kind: those of the view, bit by bit',
    async ({ form, kind }) => {
      const random = new RandomStream(3, `test/codes-${formKey(form)}`);
      const tables = emptyTables(single);
      for (let i = 1; i < single.size; i++) {
        tables.logSteps[i] = kind === 'ties' ? Math.log(2 ** -random.integer(5)) : Math.log(random.between(0.004, 0.1));
        tables.offsets[i] = random.between(-0.5, 0.5);
      }
      const weights = Float32Array.from({ length: ROWS * CHANNELS }, () =>
        kind === 'ties' ? (random.integer(129) - 64) / 32 : random.normal(),
      );
      const configuration = uniformConfiguration(single.facts, 8, form, single.points);
      const snapped = snapQuantizers(single, tables, configuration);
      const parameters = new Map([['fc/weights', weights], ['fc/bias', new Float32Array(CHANNELS)]]); // prettier-ignore
      const none = new Float32Array(0);
      const [layer] = integerView(single, configuration, snapped, parameters, { mean: none, variance: none }).layers;
      const feeds = fixedFeeds(single, snapped) as Record<string, Float32Array>;
      const { weightSteps: step, weightOffsets: offset, weightLow: low, weightHigh: high } = feeds;
      const { quantized } = await executor.run('quantize', { w: weights, step, offset, low, high });
      const expected = Array.from(layer.codes, (code, i) => Math.fround(Math.fround(code * step[i % CHANNELS]) + offset[i % CHANNELS]));
      expect(Array.from(quantized, (value) => value + 0)).toEqual(expected.map((value) => value + 0));
      if (kind === 'ties') expect(Array.from(step, Math.log2).every(Number.isInteger)).toBe(true);
    },
  );
});
