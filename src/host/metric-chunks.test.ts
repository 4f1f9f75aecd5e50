import { expect, test } from 'vitest';
import { concatenate, decodeChunk, encodeChunk, merge, NO_POINTS, type SeriesColumns } from './metric-chunks.ts';

const columns = (steps: number[], values = steps, times = steps): SeriesColumns => ({
  steps: Float64Array.from(steps),
  times: Float64Array.from(times),
  values: Float64Array.from(values),
});

test.each([
  ['nothing', [], 0],
  ['one point', [7], 24],
  ['two points, whose bytes say nothing of a stride', [7, 9], 48],
  ['even steps', [10, 20, 30, 40], 80],
  ['fractions that are not quite even', [0, 0.1, 0.2, 0.3], 96],
  ['a gap', [0, 1, 3], 72],
])('%s comes back as it was, in %s', (_, steps, bytes) => {
  const points = columns(
    steps,
    steps.map((step) => (step === 20 ? Number.NaN : Math.PI * step)),
    steps.map((step) => (step === 30 ? Number.NaN : 1.7e12 + step)),
  );
  const encoded = encodeChunk(points);
  expect(encoded.byteLength).toBe(bytes);
  expect(decodeChunk(encoded, steps.length)).toEqual(points);
  // as part of a larger buffer, at an odd place
  const shifted = new Uint8Array(encoded.length + 1);
  shifted.set(encoded, 1);
  expect(decodeChunk(shifted.subarray(1), steps.length)).toEqual(points);
});

test('bytes of another count are refused', () => {
  expect(() => decodeChunk(encodeChunk(columns([1, 2, 4])), 2)).toThrow(/do not hold 2 points/);
});

test.each([
  ['behind', [1, 2], [3, 4], [1, 2, 3, 4]],
  ['between', [1, 3], [2], [1, 2, 3]],
  ['before', [5], [1, 2], [1, 2, 5]],
  ['beside nothing', [], [1], [1]],
  ['nothing beside', [1], [], [1]],
])('newer points %s', (_, older, newer, steps) => {
  expect([...merge(columns(older), columns(newer)).steps]).toEqual(steps);
});

test('of two points of one step the newer one stays', () => {
  const merged = merge(columns([1, 2, 3], [10, 20, 30]), columns([2, 3, 4], [21, 31, 41], [5, 6, 7]));
  expect([[...merged.steps], [...merged.values], [...merged.times]]).toEqual([
    [1, 2, 3, 4],
    [10, 21, 31, 41],
    [1, 5, 6, 7],
  ]);
});

test('no parts are no points', () => {
  expect(concatenate([])).toBe(NO_POINTS);
});
