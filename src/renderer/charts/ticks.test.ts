import { describe, expect, it } from 'vitest';
import { logRange, logTicks, niceRange, niceStep, niceTicks, tickDigits, timeTicks } from './ticks.ts';

describe('niceStep', () => {
  it.each([
    [1, 1],
    [1.01, 2],
    [0.3, 0.5],
    [0.2, 0.2],
    [7, 10],
    [4321, 5000],
    [0, 1],
    [NaN, 1],
  ])('of %d is %d', (raw, step) => expect(niceStep(raw)).toBe(step));
});

describe('niceTicks', () => {
  it.each([
    [0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0, 60, 6, [0, 10, 20, 30, 40, 50, 60]],
    [0, 1404, 6, [0, 500, 1000]],
    [-0.42, 0.42, 4, [-0.4, -0.2, 0, 0.2, 0.4]],
    [5, 5, 5, [5]],
  ])('from %d to %d', (min, max, count, ticks) => expect(niceTicks(min, max, count)).toEqual(ticks));
});

describe('niceRange', () => {
  it.each([
    [0.03, 1.62, true, { min: 0, max: 1.625, step: 0.5 }],
    [76.4, 92.5, false, { min: 76.25, max: 92.5, step: 5 }],
    [2, 2, false, { min: 1.9, max: 2.1, step: 0.05 }],
    [0, 0, true, { min: 0, max: 1, step: 0.2 }],
    [Infinity, -Infinity, true, { min: 0, max: 1, step: 0.2 }],
  ])('of %d..%d', (min, max, zero, range) => expect(niceRange(min, max, 5, zero)).toEqual(range));
});

describe('logTicks', () => {
  it.each([
    [0.001, 10, [0.001, 0.01, 0.1, 1, 10]],
    [0.1, 10, [0.1, 0.2, 0.5, 1, 2, 5, 10]],
    [1e-12, 1, [1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 0.01, 1]],
    [0.2, 0.9, [0.2, 0.25, 0.3, 0.4, 0.5, 0.7]],
    [0, 1, []],
  ])('from %d to %d', (min, max, ticks) => expect(logTicks(min, max, 7)).toEqual(ticks));

  it('stays inside its ends', () => {
    for (const [min, max] of [
      [0.19, 2.7],
      [3, 3e6],
      [1.01, 1.2],
    ]) {
      const ticks = logTicks(min, max);
      expect(ticks.length).toBeGreaterThan(1);
      expect(ticks.every((t) => t >= min && t <= max)).toBe(true);
    }
  });
});

describe('logRange', () => {
  it('takes whole decades for wide data and a margin for narrow data', () => {
    const wide = logRange(0.006, 2.4);
    expect(wide.min).toBeCloseTo(0.001, 9);
    expect(wide.max).toBeCloseTo(10, 9);
    const narrow = logRange(0.2, 2);
    expect(narrow.min).toBeGreaterThan(0.17);
    expect(narrow.max).toBeLessThan(2.4);
    expect(logRange(0, 5)).toEqual({ min: 0.1, max: 1 });
  });
});

describe('timeTicks', () => {
  it('takes distances of a clock', () => {
    expect(timeTicks(0, 290, 5)).toEqual([0, 60, 120, 180, 240]);
    expect(timeTicks(0, 9000, 5)).toEqual([0, 1800, 3600, 5400, 7200, 9000]);
  });
});

describe('tickDigits', () => {
  it.each([
    [1, 0],
    [20, 0],
    [0.5, 1],
    [0.25, 2],
    [0.01, 2],
    [2.5, 1],
  ])('of %d is %d', (step, digits) => expect(tickDigits(step)).toBe(digits));
});
