import { expect, it } from 'vitest';
import { NO_SERIES, type SeriesView } from './metric-series.ts';
import { spliced } from './spliced-series.ts';

const view = (steps: number[], means: { steps: number[]; counts: number[] } | null, total = steps.length): SeriesView => ({
  count: steps.length,
  total,
  steps: Float64Array.from(steps),
  times: Float64Array.from(steps, (step) => 10 * step),
  values: Float32Array.from(steps, (step) => step / 2),
  means: means && {
    steps: Float64Array.from(means.steps),
    times: Float64Array.from(means.steps, (step) => 10 * step),
    values: Float32Array.from(means.steps, (step) => step / 2),
    counts: Uint32Array.from(means.counts),
  },
});
// 40 points in groups of ten
const coarse = view([0, 3, 8, 12, 17, 21, 26, 33, 39], { steps: [4.5, 14.5, 24.5, 34.5], counts: [10, 10, 10, 10] }, 40);

it.each<[string, SeriesView, number[], number[], number[]]>([
  [
    'in the middle',
    view([11, 12, 13], null),
    [0, 3, 8, 11, 12, 13, 17, 21, 26, 33, 39],
    [4.5, 11, 12, 13, 14.5, 24.5, 34.5],
    [10, 1, 1, 1, 10, 10, 10],
  ],
  [
    'at the beginning',
    view([0, 1, 2], null),
    [0, 1, 2, 3, 8, 12, 17, 21, 26, 33, 39],
    [0, 1, 2, 4.5, 14.5, 24.5, 34.5],
    [1, 1, 1, 10, 10, 10, 10],
  ],
  ['at the end', view([30, 39], null), [0, 3, 8, 12, 17, 21, 26, 30, 39], [4.5, 14.5, 24.5, 30, 39], [10, 10, 10, 1, 1]],
  [
    'thinned too',
    view([10, 14, 19], { steps: [12, 17], counts: [5, 5] }, 10),
    [0, 3, 8, 10, 14, 19, 21, 26, 33, 39],
    [4.5, 12, 17, 24.5, 34.5],
    [10, 5, 5, 10, 10],
  ],
])('finer points %s take the place of the coarse ones', (_, fine, steps, meanSteps, counts) => {
  const made = spliced(coarse, fine, 7);
  expect([made.count, made.total, made.serial]).toEqual([steps.length, 40, 7]);
  expect([...made.steps]).toEqual(steps);
  expect([...made.values]).toEqual(steps.map((step) => step / 2));
  expect([...made.times]).toEqual(steps.map((step) => step * 10));
  expect([...made.means!.steps]).toEqual(meanSteps);
  expect([...made.means!.counts]).toEqual(counts);
  expect(made.means!.counts).toBeInstanceOf(Uint32Array);
});

it.each([
  ['nothing finer', coarse, NO_SERIES],
  ['a curve that has all its points', view([0, 1, 2], null), view([1], null)],
])('%s changes nothing', (_, around, fine) => expect(spliced(around, fine, 1)).toBe(around));
