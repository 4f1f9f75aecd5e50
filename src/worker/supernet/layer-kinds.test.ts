/** Training and evaluation of networks with every kind of layer, against float64. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseForm } from '../../shared/domain/form.ts';
import { uniformConfiguration } from '../../shared/domain/configuration.ts';
import type { LayerGraph } from '../../shared/domain/layer-graph.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { FULL_SPACE } from '../../shared/domain/test-networks.ts';
import { imagesAsFloat } from '../data/batch.ts';
import type { ImageSet } from '../data/dataset.ts';
import type { Executor } from '../engine/executor.ts';
import type { Program } from '../engine/graph.ts';
import { nativeNote, testExecutors } from '../engine/testing.ts';
import { KINDS } from '../export/random-views.ts';
import { referenceEvaluator } from '../export/reference.ts';
import { activate, convBlock, network, residual } from '../models/blocks.ts';
import { parameterSpecs } from '../models/parameters.ts';
import { encodePass } from '../quant/encode-pass.ts';
import { TableLayout } from '../quant/table-layout.ts';
import { evaluatorOf } from './evaluator.ts';
import { readSupernet } from './measuring.ts';
import { functionNames, TABLE_NAMES } from './program-scope.ts';
import { buildProgram } from './program.ts';
import { referencePass } from './reference-pass.ts';
import { drawSubnet, type SubnetRole } from './subnets.ts';
import { tinyState } from './testing.ts';

/** A strided and a residual inverted bottleneck with ReLU6, then a residual block of grouped convolutions. */
const BOTTLENECKS: LayerGraph = network('bottlenecks', [8, 8, 3], 3, (layers) => {
  const activation = 'relu6';
  const stem = convBlock(layers, 'stem', 'input', { filters: 4, activation });
  const deep = convBlock(layers, 'a.depthwise', stem, { filters: 4, kernel: 5, stride: 2, groups: 4, activation });
  const first = convBlock(layers, 'a.project', deep, { filters: 6, kernel: 1, activation: null });
  const wide = convBlock(layers, 'b.expand', first, { filters: 12, kernel: 1, activation });
  const inner = convBlock(layers, 'b.depthwise', wide, { filters: 12, groups: 12, activation });
  const sum = residual(layers, 'b', convBlock(layers, 'b.project', inner, { filters: 6, kernel: 1, activation: null }), first);
  const grouped = convBlock(layers, 'c', sum, { filters: 6, groups: 2, activation: null });
  return activate(layers, 'c.sum', residual(layers, 'c', grouped, sum), 'swish');
});

/** Few bits in front of a max pool make equal values in its windows, and which of them gets the gradient depends on rounding. */
const SPACE = { ...FULL_SPACE, layers: { project: { weightBits: [8], activationBits: [8] } } };
const BATCH = 4;
const RECALIBRATION = 12;
const LAYOUTS = [KINDS, BOTTLENECKS].map((graph) => new TableLayout(graph));

function imageSet({ graph }: TableLayout, count: number, seed: number): ImageSet {
  const random = new RandomStream(seed, 'test/kinds');
  const { shape } = graph.layers.find((layer) => layer.kind === 'input')!;
  const [height, width, channels] = shape;
  const images = Uint8Array.from({ length: count * height * width * channels }, () => random.integer(256));
  return { images, labels: Int32Array.from({ length: count }, (_, i) => i % 3), count, height, width, channels, classes: 3 };
}
function floats(set: ImageSet, start: number, count: number): Float32Array {
  const images = new Float32Array((count * set.images.length) / set.count);
  imagesAsFloat(set, start, count, images);
  return images;
}

const PASSES: readonly { role: SubnetRole; step: number }[] = [
  { role: 'highest', step: 0 },
  { role: 'random', step: 1 },
  { role: 'random', step: 2 },
  { role: 'lowest', step: 3 },
];

const KINDS_OF_EXECUTOR = testExecutors().filter(({ kind }) => kind !== 'eager');
const CASES = KINDS_OF_EXECUTOR.flatMap(({ kind, create }) => LAYOUTS.map((layout) => ({ kind, create, layout, name: layout.graph.name })));

describe.each(CASES)(`network '$name' on the $kind executor${nativeNote}`, ({ create, layout }) => {
  let executor: Executor;
  let program: Program;
  beforeAll(async () => {
    const sizes = { pretrainBatch: BATCH, trainBatch: BATCH, evaluationBatch: 5, recalibration: [RECALIBRATION], calibration: 0 };
    program = buildProgram(layout, sizes);
    executor = await create(program);
  });
  afterAll(() => executor?.dispose());

  const labels = Float32Array.from({ length: BATCH * 3 }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 1 : 0));
  const random = new RandomStream(1, 'test/kinds/teacher');
  const teacher = Float32Array.from({ length: BATCH * 3 }, () => random.normal());
  const names = [
    ...parameterSpecs(layout.graph).flatMap(({ name, trainable }) => (trainable ? [name] : [])),
    ...Object.values(TABLE_NAMES),
  ];

  test.each(PASSES)('$role subnet $step: loss, logits and every gradient agree with float64', async ({ role, step }) => {
    const state = tinyState(program, 1, layout);
    await executor.write(state);
    const configuration = drawSubnet(layout, SPACE, 'layer', role, 3, step, 1);
    const images = floats(imageSet(layout, BATCH, step), 0, BATCH);
    const feeds = { images, labels, teacher, lambda: Float32Array.of(0.5), ...encodePass(layout, configuration, BATCH) };
    const result = await executor.run(functionNames.pass, feeds);
    const accumulators = await executor.read(names.map((name) => `accumulator/${name}`));
    const { tensors } = executor.memory();
    await executor.run(functionNames.pass, feeds);
    expect(executor.memory().tensors).toBe(tensors);
    const expected = referencePass(layout, state, configuration, {
      images,
      labels: Array.from(labels),
      teacher: Array.from(teacher),
      lambda: 0.5,
    });
    // Tolerances as in pass.test.ts: single precision through the layers; 1e-3 of each tensor's largest gradient.
    expect(Math.abs(result.loss[0] - expected.loss)).toBeLessThan(1e-4);
    expected.logits.forEach((logit, i) => expect(Math.abs(result.logits[i] - logit)).toBeLessThan(1e-4));
    for (const name of names) {
      const actual = accumulators.get(`accumulator/${name}`)!;
      const wanted = expected.gradients.get(name)!;
      expect(actual).toHaveLength(wanted.length);
      const largest = Math.max(...wanted.map(Math.abs));
      const worst = wanted.reduce(
        (most, value, i) => (i === 0 && name === TABLE_NAMES.offsets ? most : Math.max(most, Math.abs(actual[i] - value))),
        0,
      );
      expect(worst, name).toBeLessThanOrEqual(1e-3 * largest + 1e-6);
    }
  });

  test('logits of a measurement are those of the integer view in float64', async () => {
    await executor.write(tinyState(program, 1, layout));
    const evaluator = evaluatorOf(executor, await readSupernet(executor, layout, imageSet(layout, RECALIBRATION, 20)), 5);
    const set = imageSet(layout, 5, 21);
    const gaps: number[] = [];
    for (const [form, bits] of [['tss', 2], ['caa', 3], ['csa', 4], ['tas', 8]] as const) {
      const configuration = uniformConfiguration(layout.facts, bits, parseForm(form), layout.points);
      const { logits, view } = await evaluator.measure(configuration, set, { recalibrationImages: RECALIBRATION });
      const reference = referenceEvaluator(view);
      for (let i = 0; i < set.count; i++)
        gaps.push(Math.max(...reference(floats(set, i, 1)).map((logit, c) => Math.abs(logit - logits[3 * i + c]))));
    } // prettier-ignore
    // Tolerance 1e-4; one image in ten may have a value next to a rounding boundary.
    expect(gaps.filter((gap) => gap > 1e-4).length).toBeLessThanOrEqual(gaps.length / 10);
    expect(Math.max(...gaps)).toBeLessThan(0.2);
  });
});
