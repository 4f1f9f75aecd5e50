import { describe, expect, it } from 'vitest';
import { binCounts, clippedFrom, outline } from './bins.ts';
import { tableOf, toCsv } from './csv.ts';
import { clock, fixed, signed, significant } from './numbers.ts';
import { limitsText, parseLimits, within } from './range-text.ts';
import { nearestMark, pixelX, pixelY, valueAtX, valueAtY } from './scale.ts';

describe('numbers', () => {
  it.each([
    ['en', -0.062, 2, '\u22120.06'],
    ['en', -0.001, 2, '0.00'],
    ['de', 1234.5, 1, '1.234,5'],
    ['en', null, 1, '—'],
    ['en', NaN, 1, '—'],
  ])('%s fixed %d', (locale, value, digits, text) => expect(fixed(locale, value, digits)).toBe(text));

  it.each([
    [0.0060123, '0.00601'],
    [13_763.4, '13,763'],
    [0, '0'],
    [3.14e-7, '3.14 × 10⁻⁷'],
    [-2, '\u22122'],
    [1e12, '1 × 10¹²'],
  ])('significant %d', (value, text) => expect(significant('en', value)).toBe(text));

  it('signs what is above zero', () => {
    expect(signed('en', 0.251, 2)).toBe('+0.25');
    expect(signed('en', 0.001, 2)).toBe('0.00');
    expect(signed('en', -0.25, 2)).toBe('\u22120.25');
  });

  it.each([
    [5, '0:05'],
    [3599.6, '1:00:00'],
    [61, '1:01'],
  ])('clock %d', (seconds, text) => expect(clock(seconds)).toBe(text));
});

describe('toCsv', () => {
  it('quotes what needs it and leaves missing values empty', () => {
    const table = tableOf(
      [{ title: 'Layer, name' }, { title: 'Size', unit: 'kB' }],
      [
        ['a "b"', 1.5],
        ['c', null],
        ['d', NaN],
      ],
    );
    expect(toCsv(table)).toBe('"Layer, name",Size [kB]\r\n"a ""b""",1.5\r\nc,\r\nd,\r\n');
  });
});

describe('bins', () => {
  it('counts equal bins with the upper end in the last', () => {
    expect(binCounts([0, 0.5, 1, 1.5, 2, 2.5, -1, NaN], 0, 2, 2)).toEqual([2, 3]);
  });
  it('outlines bars by their corners', () => {
    expect(outline([1, 3], 0, 2)).toEqual([
      [0, 0],
      [0, 1],
      [1, 1],
      [1, 3],
      [2, 3],
      [2, 0],
    ]);
  });
  it('puts the limits half a step outside the levels', () => {
    expect(clippedFrom([-2, -1, 0, 1])).toEqual({ below: -2.5, above: 1.5 });
    expect(clippedFrom([0])).toBeNull();
  });
});

describe('limits', () => {
  it.each([
    ['≥ 90.0', { low: 90, high: null }],
    ['>=90', { low: 90, high: null }],
    ['<= 0,9', { low: null, high: 0.9 }],
    ['0.2–0.9', { low: 0.2, high: 0.9 }],
    ['0.2-.9', { low: 0.2, high: 0.9 }],
    ['-3..\u22121', { low: -3, high: -1 }],
    ['1e-3 to 2', { low: 0.001, high: 2 }],
    ['Any', { low: null, high: null }],
    ['', { low: null, high: null }],
    ['9-2', null],
    ['ninety', null],
    ['90', null],
  ])('reads %s', (text, limits) => expect(parseLimits(text, 'any')).toEqual(limits));

  it('writes what it reads', () => {
    const format = (v: number) => v.toFixed(1);
    for (const limits of [
      { low: 1, high: null },
      { low: null, high: 2 },
      { low: 1, high: 2 },
      { low: null, high: null },
    ]) {
      expect(parseLimits(limitsText(limits, format, 'any'), 'any')).toEqual(limits);
    }
  });

  it('includes its ends', () => {
    expect(within({ low: 1, high: 2 }, 2)).toBe(true);
    expect(within({ low: 1, high: null }, 0.99)).toBe(false);
  });
});

describe('scale', () => {
  const area = { left: 40, top: 10, width: 200, height: 100 };
  it.each([
    [{ min: 0, max: 10, log: false }, 5, 140],
    [{ min: 0.1, max: 10, log: true }, 1, 140],
  ])('finds pixel and value on %j', (scale, value, pixel) => {
    expect(pixelX(scale, area, value)).toBeCloseTo(pixel, 9);
    expect(valueAtX(scale, area, pixel)).toBeCloseTo(value, 9);
    expect(valueAtY(scale, area, pixelY(scale, area, value))).toBeCloseTo(value, 9);
  });
  it('holds values inside the axis', () => expect(valueAtX({ min: 0, max: 10, log: false }, area, -500)).toBe(0));
  it('finds the nearest mark in reach only', () => {
    expect(nearestMark([0, 10, 20], [0, 0, 0], 11, 2, 8)).toBe(1);
    expect(nearestMark([0, 10, 20], [0, 0, 0], 11, 20, 8)).toBe(-1);
  });
});
