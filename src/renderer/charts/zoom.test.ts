import { expect, it } from 'vitest';
import { isWhole, narrowed, turned, useZoom, wheelFactor } from './zoom.ts';

const whole = { from: 0, to: 100 };

it.each([
  ['in the middle', { from: 0, to: 100 }, 2, 50, { from: 25, to: 75 }],
  ['around a place that stays where it is', { from: 0, to: 100 }, 4, 20, { from: 15, to: 40 }],
  ['at an end', { from: 0, to: 100 }, 2, 100, { from: 50, to: 100 }],
  ['out', { from: 40, to: 60 }, 0.5, 50, { from: 30, to: 70 }],
  ['out at the beginning', { from: 0, to: 20 }, 0.5, 20, { from: 0, to: 40 }],
  ['out at the end', { from: 90, to: 100 }, 0.5, 90, { from: 80, to: 100 }],
  ['out beyond everything', { from: 20, to: 80 }, 0.1, 30, { from: 0, to: 100 }],
])('zooms %s', (_, span, factor, at, expected) => {
  const got = narrowed(span, whole, factor, at);
  expect(got.from).toBeCloseTo(expected.from, 9);
  expect(got.to).toBeCloseTo(expected.to, 9);
});

it.each([
  ['later', { from: 10, to: 20 }, 0.8, { from: 18, to: 28 }],
  ['earlier', { from: 10, to: 20 }, -0.8, { from: 2, to: 12 }],
  ['to the beginning', { from: 5, to: 15 }, -0.8, { from: 0, to: 10 }],
  ['to the end', { from: 85, to: 95 }, 0.8, { from: 90, to: 100 }],
  ['nowhere when everything is seen', whole, 0.8, whole],
])('moves %s', (_, span, share, expected) => expect(turned(span, whole, share)).toEqual(expected));

it('knows what shows everything', () => {
  expect([isWhole(whole, whole), isWhole({ from: 0.2, to: 99.9 }, whole), isWhole({ from: 0, to: 99 }, whole)]).toEqual([
    true,
    true,
    false,
  ]);
});

it('goes closer with the wheel turned away, and back by the same turn', () => {
  const notch = (deltaY: number, deltaMode = 0) => wheelFactor({ deltaY, deltaMode });
  expect(notch(-100)).toBeGreaterThan(1.2);
  expect(notch(-100) * notch(100)).toBeCloseTo(1, 9);
  expect(notch(-3, 1)).toBeCloseTo(notch(-99), 9);
  expect(notch(-100_000)).toBeLessThan(4);
});

it('is one for a group', () => {
  useZoom('one').value = { from: 1, to: 2 };
  expect([useZoom('one').value, useZoom('other').value]).toEqual([{ from: 1, to: 2 }, null]);
});
