import { describe, expect, it, test } from 'vitest';
import { between, exactUpTo, TAIL_POINTS, thinned, type CurvePoints } from './thinning.ts';

const GROUPS = 8;
const LIMIT = exactUpTo(GROUPS);

const series = (count: number, value: (at: number) => number, step = (at: number) => at): CurvePoints => ({
  steps: Float64Array.from({ length: count }, (_, at) => step(at)),
  times: Float64Array.from({ length: count }, (_, at) => 1000 + 10 * at),
  values: Float64Array.from({ length: count }, (_, at) => value(at)),
});
const finite = (values: Float64Array): number[] => [...values].filter(Number.isFinite);
const wave = (at: number): number => Math.sin(at / 7);

it.each([0, 1, 2, LIMIT - 1, LIMIT])('gives all of %i points', (count) => {
  const points = series(count, wave);
  expect(thinned(points, GROUPS)).toEqual({ total: count, points, means: null });
});

describe.each<[string, number, (at: number) => number]>([
  ['one point more than all', LIMIT + 1, wave],
  ['a wave', 10_000, wave],
  ['a peak', 10_000, (at) => (at === 4321 ? 50 : wave(at))],
  ['a hole', 10_000, (at) => (at === 4321 ? -50 : wave(at))],
  ['a peak at the beginning', 10_000, (at) => (at === 0 ? 50 : wave(at))],
  ['a peak at the end', 10_000, (at) => (at === 9_999 ? 50 : wave(at))],
  ['a constant', 1000, () => 3],
  ['a rising line', 1000, (at) => at],
  ['some gaps', 1000, (at) => (at % 3 === 0 ? Number.NaN : wave(at))],
  ['infinite values', 1000, (at) => (at % 5 === 0 ? Infinity : at % 7 === 0 ? -Infinity : wave(at))],
  ['nothing but gaps', 1000, () => Number.NaN],
  ['a run that diverged', 1000, (at) => (at > 500 ? Number.NaN : wave(at))],
])('%s', (_, count, value) => {
  const points = series(count, value, (at) => at * 2 + (at > 50 ? 7 : 0));
  const thin = thinned(points, GROUPS);

  test('has at most so many points, all of the series and in order, the first and the newest among them', () => {
    const { steps, values, times } = thin.points;
    expect(thin.total).toBe(count);
    expect(steps.length).toBeLessThanOrEqual(LIMIT + 1);
    const places = [...steps].map((step) => points.steps.indexOf(step));
    places.forEach((at, i) => {
      expect(at).toBeGreaterThan(i === 0 ? -1 : places[i - 1]);
      expect([values[i], times[i]]).toEqual([points.values[at], points.times[at]]);
    });
    expect(places[0]).toBe(0);
    expect(places.slice(-TAIL_POINTS)).toEqual(Array.from({ length: TAIL_POINTS }, (__, i) => count - TAIL_POINTS + i));
  });

  test('keeps the lowest and the highest value', () => {
    const [all, kept] = [finite(points.values), finite(thin.points.values)];
    expect([Math.min(...kept), Math.max(...kept)]).toEqual([Math.min(...all), Math.max(...all)]);
  });

  test('has means that stand for every point', () => {
    const { counts, values, steps } = thin.means!;
    expect(counts.reduce((sum, each) => sum + each, 0)).toBe(count);
    expect(Math.max(...counts.slice(0, GROUPS)) - Math.min(...counts.slice(0, GROUPS))).toBeLessThanOrEqual(1);
    let from = 0;
    counts.forEach((each, group) => {
      const own = finite(points.values.subarray(from, from + each));
      const mean = own.reduce((sum, one) => sum + one, 0) / own.length;
      if (own.length === 0) expect(values[group]).toBeNaN();
      else expect(values[group]).toBeCloseTo(mean, 9);
      expect(steps[group]).toBeGreaterThanOrEqual(points.steps[from]);
      expect(steps[group]).toBeLessThanOrEqual(points.steps[from + each - 1]);
      from += each;
    });
  });

  test('is the same each time', () => expect(thinned(points, GROUPS)).toEqual(thin));
});

test('a gap as wide as a group stays a gap', () => {
  const { points, means } = thinned(
    series(1000, (at) => (at >= 200 && at < 600 ? Number.NaN : 1)),
    GROUPS,
  );
  expect([...points.values].some(Number.isNaN)).toBe(true);
  expect([...means!.values].filter(Number.isNaN).length).toBeGreaterThan(0);
});

test('points without a time keep none', () => {
  const { points, means } = thinned({ ...series(1000, wave), times: new Float64Array(1000).fill(Number.NaN) }, GROUPS);
  expect([...points.times, ...means!.times].every(Number.isNaN)).toBe(true);
});

describe('a range of steps', () => {
  // steps 0, 10, ... 990
  const points = series(100, wave, (at) => at * 10);
  it.each<[string, number, number, number, number[]]>([
    ['between points', 205, 235, 0, [210, 220, 230, 240]],
    ['with its ends', 200, 230, 0, [200, 210, 220, 230, 240]],
    ['with some before', 200, 210, 2, [180, 190, 200, 210, 220]],
    ['with fewer before than asked for', 10, 10, 5, [0, 10, 20]],
    ['at one step', 500, 500, 0, [500, 510]],
    ['without a point inside', 501, 509, 1, [500, 510]],
    ['at the end', 980, 5000, 0, [980, 990]],
    ['behind the end', 2000, 3000, 0, []],
    ['behind the end, with some before', 2000, 3000, 1, [990]],
    ['before the beginning', -50, -10, 0, [0]],
    ['turned round', 300, 200, 0, []],
  ])('%s', (_, from, to, before, expected) => expect([...between(points, { from, to }, before).steps]).toEqual(expected));

  it('of nothing is nothing', () =>
    expect(between(series(0, wave), { from: 0, to: 10 }, 5)).toEqual({
      steps: new Float64Array(),
      times: new Float64Array(),
      values: new Float64Array(),
    }));
});
