import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FORMS, formKey, MAX_BITS, MIN_BITS } from '../../shared/domain/form.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { GraphBuilder } from '../engine/builder.ts';
import type { Executor } from '../engine/executor.ts';
import { gradientsOf } from '../engine/gradients.ts';
import type { Shape, Value } from '../engine/graph.ts';
import { rint } from '../engine/reference-ops.ts';
import { nativeNote, testExecutors } from '../engine/testing.ts';
import { codeRange, type CodeRange } from '../quant/code-range.ts';
import { quantizeActivation, quantizeActivationFixed, quantizeWeights, quantizeWeightsFixed, type WeightQuantizer } from './fake-quant.ts';

const X: Shape = [2, 4, 4, 3];
const W: Shape = [3, 3, 2, 5];
const CHANNELS = 5;
const size = (shape: Shape) => shape.reduce((a, n) => a * n, 1);

/** Outputs y and the gradients of sum(y * dy). */
function differentiate(b: GraphBuilder, y: Value, inputs: Record<string, Value>): Record<string, Value> {
  const gradients = gradientsOf(b, b.sum(b.mul(y, b.feed('dy', y.shape))), Object.values(inputs));
  return { y, ...Object.fromEntries(Object.keys(inputs).map((key, i) => [`d-${key}`, gradients[i]!])) };
}

function activationQuantizer(b: GraphBuilder) {
  const [logStep, offset, qn, qp, scale] = ['logStep', 'offset', 'low', 'high', 'scale'].map((name) => b.feed(name, []));
  return { logStep, offset, step: b.exp(logStep), low: qn, high: qp, scale };
}

function weightQuantizer(b: GraphBuilder, channels: number): WeightQuantizer {
  const [logStep, offset] = ['logStep', 'offset'].map((name) => b.feed(name, [channels]));
  const [low, high, scale] = ['low', 'high', 'scale'].map((name) => b.feed(name, []));
  return { logStep, offset, step: b.exp(logStep), low, high, scale };
}

function quantizerProgram() {
  const b = new GraphBuilder();
  b.function('activations', () => {
    const [x, quantizer] = [b.feed('x', X), activationQuantizer(b)];
    const fixed = quantizeActivationFixed(b, x, quantizer);
    return { ...differentiate(b, quantizeActivation(b, x, quantizer), { x, logStep: quantizer.logStep, offset: quantizer.offset }), fixed };
  });
  b.function('weights', () => {
    const [x, quantizer] = [b.feed('x', W), weightQuantizer(b, CHANNELS)];
    const fixed = quantizeWeightsFixed(b, x, quantizer);
    return { ...differentiate(b, quantizeWeights(b, x, quantizer), { x, logStep: quantizer.logStep, offset: quantizer.offset }), fixed };
  });
  return b.build();
}

interface Sample {
  x: Float32Array;
  dy: Float32Array;
  logStep: Float32Array;
  offset: Float32Array;
  scale: number;
}

/** Values inside and outside the range of every group, away from ties and from the bounds. Group of element i: i % groups. */
function sample(
  random: RandomStream,
  count: number,
  groups: number,
  shared: boolean,
  asymmetric: boolean,
  { low, high }: CodeRange,
): Sample {
  const perGroup = (draw: () => number) => {
    const first = draw();
    return Float32Array.from({ length: groups }, (_, i) => (shared || !i ? first : draw()));
  };
  const logStep = perGroup(() => Math.log(random.between(0.02, 0.5)));
  const offset = perGroup(() => (asymmetric ? random.between(-2, 2) : 0));
  const margin = 0.2 * (high - low) + 0.5;
  const x = Float32Array.from({ length: count }, (_, i) => {
    for (;;) {
      const ratio = random.between(low - margin, high + margin);
      const fromTie = Math.abs(ratio - Math.floor(ratio) - 0.5);
      if (fromTie > 1e-3 && Math.abs(ratio - low) > 1e-3 && Math.abs(ratio - high) > 1e-3)
        return offset[i % groups] + Math.exp(logStep[i % groups]) * ratio;
    }
  });
  return { x, dy: Float32Array.from({ length: count }, () => random.normal()), logStep, offset, scale: random.between(0.1, 1) };
}

/**
 * The quantizer in float64. The gradients are central differences of the straight-through function, in which the rounding
 * error round(v) - v of every element is a constant: it is linear in x, s and offset, so that the differences are exact.
 */
function reference({ x, dy, logStep, offset, scale }: Sample, { low, high }: CodeRange) {
  const groups = logStep.length;
  const pieces = Array.from(x, (value, i) => {
    const [s, beta] = [Math.exp(logStep[i % groups]), offset[i % groups]];
    const v = (value - beta) / s;
    const inside = v >= low && v <= high;
    const bound = v < low ? low : high;
    const error = rint(v) - v;
    const through = (x1: number, s1: number, beta1: number) => (inside ? s1 * ((x1 - beta1) / s1 + error) + beta1 : s1 * bound + beta1);
    const h = s / 16;
    return {
      y: s * (inside ? rint(v) : bound) + beta,
      dx: (dy[i] * (through(value + h, s, beta) - through(value - h, s, beta))) / (2 * h),
      dp: (dy[i] * s * (through(value, s + h, beta) - through(value, s - h, beta))) / (2 * h),
      doffset: (dy[i] * (through(value, s, beta + h) - through(value, s, beta - h))) / (2 * h),
    };
  });
  const sums = (key: 'dp' | 'doffset') =>
    Array.from(logStep, (_, group) => pieces.reduce((sum, piece, i) => sum + (i % groups === group ? scale * piece[key] : 0), 0));
  return { y: pieces.map(({ y }) => y), dx: pieces.map(({ dx }) => dx), dp: sums('dp'), doffset: sums('doffset') };
}

const distance = (actual: ArrayLike<number>, expected: readonly number[]) =>
  expected.reduce((worst, value, i) => Math.max(worst, Math.abs(actual[i] - value)), actual.length === expected.length ? 0 : Infinity);
const magnitude = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + Math.abs(value), 0);

const BITS = Array.from({ length: MAX_BITS - MIN_BITS + 1 }, (_, i) => MIN_BITS + i);
const CASES = FORMS.flatMap((form) => BITS.flatMap((bits) => [false, true].map((signed) => ({ key: formKey(form), form, bits, signed }))));

describe.each(testExecutors())(`fake quantization on the $kind executor${nativeNote}`, ({ create }) => {
  let executor: Executor;
  let tensors = 0;
  beforeAll(async () => {
    executor = await create(quantizerProgram());
  });
  afterAll(() => executor?.dispose());

  const compare = async (name: string, input: Sample, range: CodeRange) => {
    const { x, dy, logStep, offset, scale } = input;
    const scalars = { low: Float32Array.of(range.low), high: Float32Array.of(range.high), scale: Float32Array.of(scale) };
    const result = await executor.run(name, { x, dy, logStep, offset, ...scalars });
    const expected = reference(input, range);
    const values = Math.max(...expected.y.map(Math.abs));
    // Tolerance: 1e-5 of the largest value, and of the sums of magnitudes that the gradients are the difference of.
    expect(distance(result.y, expected.y), 'y').toBeLessThanOrEqual(1e-5 * values);
    expect(Array.from(result.fixed), 'the quantizer without gradient').toEqual(Array.from(result.y));
    // The straight-through gradient is dy or 0 and has no rounding of its own.
    expect(distance(result['d-x'], expected.dx.map((gradient, i) => (Math.abs(gradient) > Math.abs(dy[i]) / 2 ? dy[i] : 0))), 'dx').toBe(0); // prettier-ignore
    expect(distance(result['d-logStep'], expected.dp), 'dp').toBeLessThanOrEqual(1e-5 * magnitude(dy) * values);
    expect(distance(result['d-offset'], expected.doffset), 'doffset').toBeLessThanOrEqual(1e-5 * magnitude(dy));
    return expected;
  };

  test.each(CASES)('$key, $bits bits, signed activations: $signed', async ({ form, bits, signed }) => {
    const random = new RandomStream(bits, `test/${formKey(form)}-${signed}`);
    const weightRange = codeRange(bits, true);
    const weights = sample(random, size(W), CHANNELS, form.granularity === 'tensor', form.weightSymmetry === 'asymmetric', weightRange);
    const expected = await compare('weights', weights, weightRange);
    // The inputs reach both sides of the range, or the gradients of step and offset were not looked at.
    expect(new Set(expected.dx.map((gradient, i) => Math.abs(gradient) > Math.abs(weights.dy[i]) / 2)).size).toBe(2);
    const activationRange = codeRange(bits, signed);
    await compare(
      'activations',
      sample(random, size(X), 1, true, form.activationSymmetry === 'asymmetric', activationRange),
      activationRange,
    );
    // Both functions keep constants from their first call on.
    if (bits > MIN_BITS + 1) expect(executor.memory().tensors).toBe(tensors);
    tensors = executor.memory().tensors;
  });
});
