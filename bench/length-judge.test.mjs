import { expect, test } from 'vitest';
import { judgeLevel } from './length-judge.mjs';

const series = (valueOf) => Array.from({ length: 101 }, (_, x) => ({ x, y: valueOf(x) }));

test.each([
  ['a level with ripple', (x) => 100 + (x % 2), 0, 3],
  ['a rise at the start only', (x) => Math.min(x, 40) + 60, 0, 6],
  ['a steady rise', (x) => 100 + x, 50 / 175, 6],
  ['peaks that come more often at the end', (x) => 100 + (x > 90 && x % 2 ? 15 : 0), 0, 6],
  ['a fall', (x) => 200 - x, -50 / 125, 6],
])('%s changes by its trend over the second half', (_, valueOf, change, digits) => {
  expect(judgeLevel(series(valueOf)).change).toBeCloseTo(change, digits);
});

test('level, most and the value after a quarter', () => {
  expect(judgeLevel(series((x) => (x < 50 ? 10 : 20)))).toMatchObject({ quarter: 10, level: 20, most: 20 });
});

test('three samples say nothing', () => {
  expect(() => judgeLevel(series(() => 1).slice(0, 3))).toThrow('3 samples are too few');
});
