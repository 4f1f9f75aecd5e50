/** Measuring by native code on integers, against the run's program and against itself. */
import { beforeAll, describe, expect, test } from 'vitest';
import { uniformConfiguration } from '../../shared/domain/configuration.ts';
import { parseForm } from '../../shared/domain/form.ts';
import type { LayerGraph } from '../../shared/domain/layer-graph.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { FULL_SPACE } from '../../shared/domain/test-networks.ts';
import type { Configuration } from '../../shared/schema/configuration.ts';
import type { ImageSet } from '../data/dataset.ts';
import { nativeModule } from '../engine/binding.ts';
import type { Executor } from '../engine/executor.ts';
import { INSTRUCTION_SETS, IntegerNet, type IntegerModule } from '../engine/integer-net.ts';
import { nativeNote, testExecutors } from '../engine/testing.ts';
import { referenceEvaluator } from '../export/reference.ts';
import { convBlock, maxPool, network, residual } from '../models/blocks.ts';
import { TableLayout } from '../quant/table-layout.ts';
import { Evaluator } from './evaluator.ts';
import { IntegerMeasuring } from './integer-measuring.ts';
import { integerPlan } from './integer-plan.ts';
import { readSupernet, type TrainedSupernet } from './measuring.ts';
import { ProgramMeasuring } from './program-measuring.ts';
import { buildProgram } from './program.ts';
import { drawSubnet } from './subnets.ts';
import { tinyState, upTo } from './testing.ts';

/** Channels in whole blocks and not, rows longer and shorter than a tile, groups, strides, a kernel without padding. */
const WIDE: LayerGraph = network('wide', [21, 21, 3], 3, (layers) => {
  const stem = convBlock(layers, 'stem', 'input', { filters: 16 });
  const pooled = maxPool(layers, 'pooled', stem, 3, 2, 1);
  const more = convBlock(layers, 'more', pooled, { filters: 48, kernel: 1 });
  const deep = convBlock(layers, 'deep', more, { filters: 48, kernel: 3, groups: 48 });
  const sum = residual(layers, 'sum', convBlock(layers, 'grouped', deep, { filters: 48, groups: 3, activation: null }), more);
  return convBlock(layers, 'odd', sum, { filters: 20, stride: 2 });
});
const LAYOUT = new TableLayout(WIDE);
const RECALIBRATION = 9;
const BATCH = 5;

function images(count: number, seed: number): ImageSet {
  const random = new RandomStream(seed, 'test/wide');
  const pixels = Uint8Array.from({ length: count * 21 * 21 * 3 }, () => random.integer(256));
  return {
    images: pixels,
    labels: Int32Array.from({ length: count }, (_, i) => i % 3),
    count,
    height: 21,
    width: 21,
    channels: 3,
    classes: 3,
  };
}
const TEST = images(11, 2);
const options = { recalibrationImages: RECALIBRATION };

const CONFIGURATIONS: [string, Configuration][] = [
  ...(['tss', 'caa', 'taa', 'csa'] as const).flatMap((form) =>
    [2, 4, 8].map((bits): [string, Configuration] => [`${form} at ${bits} bits`, uniformConfiguration(LAYOUT.facts, bits, parseForm(form), LAYOUT.points)]),
  ),
  ...[0, 1].map((step): [string, Configuration] => [`random subnet ${step}`, drawSubnet(LAYOUT, FULL_SPACE, 'layer', 'random', 5, step, 1)]),
]; // prettier-ignore

const native = testExecutors().find(({ kind }) => kind === 'session');

describe.runIf(native)(`measuring on integers${nativeNote}`, () => {
  let executor: Executor;
  let supernet: TrainedSupernet;
  const evaluator = (instructions?: (typeof INSTRUCTION_SETS)[number], batch = BATCH) =>
    new Evaluator(new IntegerMeasuring(nativeModule()!, integerPlan(LAYOUT)!, supernet, { instructions }), 3, batch);
  beforeAll(async () => {
    const sizes = { pretrainBatch: 0, trainBatch: 2, evaluationBatch: BATCH, recalibration: [RECALIBRATION], calibration: 0 };
    const program = buildProgram(LAYOUT, sizes);
    executor = await native!.create(program);
    await executor.write(tinyState(program, 1, LAYOUT));
    supernet = await readSupernet(executor, LAYOUT, images(RECALIBRATION, 1));
    return () => executor.dispose();
  });
  /** Which instruction sets this processor has; the plain loops are everywhere. */
  const available = () =>
    INSTRUCTION_SETS.filter((name) => {
      try {
        new IntegerNet(nativeModule()!, integerPlan(LAYOUT)!, name).release();
        return true;
      } catch {
        return false;
      }
    });

  test.each(CONFIGURATIONS)('%s: logits and statistics are those of the program', async (_, configuration) => {
    const program = new Evaluator(new ProgramMeasuring(executor, supernet, BATCH), 3, BATCH);
    const expected = await program.measure(configuration, TEST, options);
    const actual = await evaluator().measure(configuration, TEST, options);
    const gaps = actual.logits.map((logit, i) => Math.abs(logit - expected.logits[i]));
    // Tolerance 1e-2: the program's sums and statistics are rounded, so that values next to a rounding boundary fall on its other
    // side and are one step larger or smaller. That ours are the exact ones is what the tests against float64 show.
    expect(gaps.filter((gap) => gap > 1e-2).length / gaps.length).toBeLessThan(0.1);
    expect(Math.max(...gaps)).toBeLessThan(0.1);
    actual.view.layers.forEach((layer, i) => {
      const other = expected.view.layers[i];
      expect(layer.codes).toEqual(other.codes);
      layer.multiplier.forEach((value, c) => expect(Math.abs(value / other.multiplier[c] - 1), layer.name).toBeLessThan(2e-3));
    });
  });

  test.each(CONFIGURATIONS.slice(0, 6))('%s: the statistics are those of the folded net in float64', async (_, configuration) => {
    const { calibrationSet } = supernet;
    const view = await evaluator().view(configuration, RECALIBRATION);
    for (const layer of view.graph.layers) {
      if (layer.kind !== 'batchnorm') continue;
      const reference = referenceEvaluator(upTo(view, layer.name));
      const image = (i: number) =>
        Array.from(calibrationSet.images.subarray(i * 1323, (i + 1) * 1323), (pixel) => Math.fround(pixel / 255));
      const outputs = Array.from({ length: RECALIBRATION }, (_, i) => reference(image(i)));
      const { multiplier } = view.layers.find(({ name }) => name === layer.inputs[0])!;
      multiplier.forEach((factor, c) => {
        const channel = outputs.flatMap((output) => [...output].filter((_, i) => i % multiplier.length === c));
        const mean = channel.reduce((a, v) => a + v, 0) / channel.length;
        const variance = channel.reduce((a, v) => a + (v - mean) ** 2, 0) / (channel.length - 1);
        // The variance that was folded: multiplier = gamma / sqrt(variance + epsilon).
        const gamma = supernet.parameters.get(`${layer.name}/gamma`)![c];
        const folded = (gamma / factor) ** 2 - layer.epsilon;
        // Tolerance 1e-5 of the variance: float32 multipliers, and floats between a layer's sums and the next one's codes.
        expect(Math.abs(variance / factor ** 2 - folded), `${layer.name}, channel ${c}`).toBeLessThan(1e-5 * (folded + layer.epsilon));
      });
    }
  });

  test('every instruction set, batch and part gives the same logits, bit for bit', async () => {
    expect(available()).toContain('plain');
    for (const [name, configuration] of CONFIGURATIONS) {
      const { logits, view } = await evaluator().measure(configuration, TEST, options);
      expect((await evaluator().measure(configuration, TEST, options)).logits).toEqual(logits);
      expect((await evaluator(undefined, 2).measure(configuration, TEST, { ...options, start: 3, images: 7 })).logits).toEqual(logits.slice(9, 30)); // prettier-ignore
      for (const instructions of available()) {
        const other = await evaluator(instructions).measure(configuration, TEST, options);
        expect(other.logits, `${name}, ${instructions}`).toEqual(logits);
        expect(other.view, `${name}, ${instructions}`).toEqual(view);
      }
    }
  });

  test('configurations measured at the same time do not disturb each other', async () => {
    const shared = evaluator();
    const alone = [];
    for (const [, configuration] of CONFIGURATIONS.slice(0, 4)) alone.push((await shared.measure(configuration, TEST, options)).logits);
    const together = await Promise.all(CONFIGURATIONS.slice(0, 4).map(([, configuration]) => shared.measure(configuration, TEST, options)));
    expect(together.map(({ logits }) => logits)).toEqual(alone);
  });

  test('a stop is obeyed between the layers of a re-calibration, and the next configuration does not notice', async () => {
    let layers = 0;
    const onLayer = async () => {
      if (++layers === 4) throw new Error('stopped');
    };
    const measuring = new IntegerMeasuring(nativeModule()!, integerPlan(LAYOUT)!, supernet, { onLayer });
    const stopped = new Evaluator(measuring, 3, BATCH);
    await expect(stopped.measure(CONFIGURATIONS[0][1], TEST, options)).rejects.toThrow('stopped');
    expect(layers).toBe(4);
    const { logits } = await stopped.measure(CONFIGURATIONS[4][1], TEST, options);
    expect(logits).toEqual((await evaluator().measure(CONFIGURATIONS[4][1], TEST, options)).logits);
  });

  test('memory for the next configuration is given back on request, and taken again', async () => {
    const held = new Set<object>();
    const real = nativeModule()!;
    const module: IntegerModule = {
      ...real,
      createIntegerNet(...made) {
        const net = real.createIntegerNet(...made)!;
        held.add(net);
        return net;
      },
      releaseIntegerNet(net) {
        held.delete(net);
        real.releaseIntegerNet(net);
      },
    };
    const shared = new Evaluator(new IntegerMeasuring(module, integerPlan(LAYOUT)!, supernet), 3, BATCH);
    const { logits } = await shared.measure(CONFIGURATIONS[0][1], TEST, options);
    expect(held.size).toBe(1);
    shared.releaseMemory();
    expect(held.size).toBe(0);
    expect((await shared.measure(CONFIGURATIONS[0][1], TEST, options)).logits).toEqual(logits);
  });

  test('a scale that is not finite is told, not measured', async () => {
    const gamma = supernet.parameters.get('more.bn/gamma')!.slice().fill(NaN);
    const broken = { ...supernet, parameters: new Map([...supernet.parameters, ['more.bn/gamma', gamma]]) };
    const measuring = new IntegerMeasuring(nativeModule()!, integerPlan(LAYOUT)!, broken);
    await expect(measuring.ready(CONFIGURATIONS[0][1], RECALIBRATION)).rejects.toThrow("layer 'more' is not a finite number");
  });

  test('arrays that do not fit are refused', () => {
    const net = new IntegerNet(nativeModule()!, integerPlan(LAYOUT)!);
    expect(() => net.load(new Float32Array(3), [], [])).toThrow('3 values where the network takes');
    expect(() => net.fold(99, new Float32Array(1), new Float32Array(1))).toThrow('no such convolution');
    net.release();
    expect(() => net.begin(new Uint8Array(0))).toThrow('released');
  });
});

test('a layer whose sums could leave 32 bits has no plan', () => {
  const graph = network('long', [92, 92, 4], 3, (layers) => {
    layers.push({ kind: 'conv', name: 'whole', inputs: ['input'], filters: 4, kernel: [92, 92], stride: [1, 1], padding: [0, 0, 0, 0], groups: 1, bias: true }); // prettier-ignore
    return 'whole';
  });
  expect(integerPlan(new TableLayout(graph))).toBeNull();
  expect(integerPlan(LAYOUT)).not.toBeNull();
});
