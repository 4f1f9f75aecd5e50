import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RandomStream } from '../../shared/domain/random.ts';
import { GraphBuilder } from '../engine/builder.ts';
import type { Executor } from '../engine/executor.ts';
import type { Shape } from '../engine/graph.ts';
import { nativeNote, plainSession, testExecutors } from '../engine/testing.ts';
import { weightMoments } from './weight-moments.ts';

const LARGE: Shape = [20, 20, 10, 25];
const SMALL: Shape = [3, 3, 2, 4];
const count = (shape: Shape) => shape.reduce((a, n) => a * n, 1);

function program() {
  const b = new GraphBuilder();
  for (const [name, shape] of [['large', LARGE], ['small', SMALL]] as const)
    b.function(name, () => {
      const coefficients = { skewness: b.feed('skewness', []), kurtosis: b.feed('kurtosis', []), target: b.feed('target', []) };
      return { ...weightMoments(b, b.feed('w', shape), coefficients) };
    });
  return b.build();
} // prettier-ignore

/** The definition of eqnet-spec section 3 in float64, standard deviation unbiased. */
function moments(w: readonly number[]) {
  const n = w.length;
  const mean = w.reduce((a, v) => a + v, 0) / n;
  const sigma = Math.sqrt(w.reduce((a, v) => a + (v - mean) ** 2, 0) / (n - 1));
  const moment = (power: number) => w.reduce((a, v) => a + ((v - mean) / sigma) ** power, 0) / n;
  return { skewness: moment(3), kurtosis: moment(4) };
}

const COEFFICIENTS = [
  { skewness: 1, kurtosis: 0.015, target: 1.8 },
  { skewness: 1, kurtosis: 1, target: 1.8 },
  { skewness: 1, kurtosis: 0, target: 1.8 },
  { skewness: 0, kurtosis: 1, target: 3 },
] as const;

const feedsOf = (w: Float32Array, { skewness, kurtosis, target }: (typeof COEFFICIENTS)[number]) => ({
  w,
  skewness: Float32Array.of(skewness),
  kurtosis: Float32Array.of(kurtosis),
  target: Float32Array.of(target),
});

const laplace = (random: RandomStream) => {
  const u = random.uniform() - 0.5;
  return -Math.sign(u) * Math.log(1 - 2 * Math.abs(u));
};

const executors = [...testExecutors(), ...(plainSession ? [{ kind: 'session, of TensorFlow ops', create: plainSession }] : [])];
describe.each(executors)(`moments of weights on the $kind executor${nativeNote}`, ({ create }) => {
  let executor: Executor;
  beforeAll(async () => {
    executor = await create(program());
  });
  afterAll(() => executor?.dispose());

  // 50,000 values. Tolerances: five standard errors of skewness and kurtosis (the Laplace distribution has heavy tails).
  test.each([
    ['uniform', (random: RandomStream) => random.between(-0.4, 0.1), 1.8, 0.03, 0.02],
    ['normal', (random: RandomStream) => 0.02 * random.normal(), 3, 0.055, 0.11],
    ['Laplace', laplace, 6, 0.18, 1.1],
  ] as const)('%s: skewness 0 and the kurtosis of the distribution', async (name, draw, kurtosis, skewTolerance, kurtosisTolerance) => {
    const random = new RandomStream(2, `test/${name}`);
    const w = Float32Array.from({ length: count(LARGE) }, () => draw(random));
    const result = await executor.run('large', feedsOf(w, COEFFICIENTS[0]));
    expect(Math.abs(result.skewness[0])).toBeLessThan(skewTolerance);
    expect(Math.abs(result.kurtosis[0] - kurtosis)).toBeLessThan(kurtosisTolerance);
    // Tolerance against the same numbers in float64: sums of 50,000 terms in single precision.
    const exact = moments(Array.from(w));
    expect(Math.abs(result.skewness[0] - exact.skewness)).toBeLessThan(1e-4);
    expect(Math.abs(result.kurtosis[0] / exact.kurtosis - 1)).toBeLessThan(1e-4);
  });

  test.each(COEFFICIENTS)('loss and gradient with $skewness, $kurtosis, target $target', async (coefficients) => {
    const random = new RandomStream(3, 'test/gradient');
    const w = Float32Array.from({ length: count(SMALL) }, () => 0.1 * random.normal() ** 2 - 0.05);
    const lossOf = (values: readonly number[]) => {
      const { skewness, kurtosis } = moments(values);
      return coefficients.skewness * skewness ** 2 + coefficients.kurtosis * (kurtosis - coefficients.target) ** 2;
    };
    const exact = Array.from(w);
    const result = await executor.run('small', feedsOf(w, coefficients));
    expect(Math.abs(result.loss[0] / lossOf(exact) - 1)).toBeLessThan(1e-5);
    const h = 1e-6;
    const differences = exact.map((v, i) => (lossOf(exact.with(i, v + h)) - lossOf(exact.with(i, v - h))) / (2 * h));
    const scale = Math.max(...differences.map(Math.abs));
    // Tolerance: single precision against central differences in float64, relative to the largest gradient.
    differences.forEach((difference, i) => expect(Math.abs(result.gradient[i] - difference)).toBeLessThan(1e-4 * scale));
  });

  test('the moments alone are those beside the loss, and take the same feeds: one op may compute both', async () => {
    const random = new RandomStream(5, 'test/alone');
    const w = Float32Array.from({ length: count(SMALL) }, () => random.between(-1, 2));
    const feeds = feedsOf(w, COEFFICIENTS[0]);
    const whole = await executor.run('small', feeds);
    expect(await executor.run('small', feeds, ['kurtosis'])).toEqual({ kurtosis: whole.kurtosis });
    const { target: _, ...without } = feeds;
    await expect(executor.run('small', without, ['kurtosis'])).rejects.toThrow("Function 'small' needs the feed 'target'.");
  });

  const spread = (value: number, by: number) => {
    const random = new RandomStream(4, 'test/spread');
    return Float32Array.from({ length: count(SMALL) }, () => value + by * random.between(-1, 1));
  };
  test.each([
    ['zero', spread(0, 0)],
    ['constant, with a mean that is not exact', spread(0.1, 0)],
    ['constant and large', spread(-3e4, 0)],
    ['one ulp apart', spread(0.1, 1e-8)],
    ['nearly zero', spread(0, 1e-20)],
    ['subnormal', spread(0, 1e-40)],
  ])('weights that are %s give finite numbers', async (_, w) => {
    const result = await executor.run('small', feedsOf(w, COEFFICIENTS[1]));
    for (const [key, values] of Object.entries(result)) expect(Array.from(values).every(Number.isFinite), key).toBe(true);
  });
});
