import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bytes, compact, duration, durationRange, fixed, kilobytes, percent, points, powerOfTen, signed, when, whole } from './format.ts';
import { setLanguage } from './i18n.ts';

/** Spaces before units do not break; here they are written as plain ones. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('numbers in English', () => {
  beforeEach(() => setLanguage('en'));
  test.each([
    [whole(13763), '13,763'],
    [fixed(0.3854, 3), '0.385'],
    [fixed(-0.001, 2), '0.00'],
    [signed(-0.25), '−0.25'],
    [signed(0.414), '+0.41'],
    [signed(0.001), '0.00'],
    [percent(0.91254), '91.25'],
    [percent(null), '—'],
    [kilobytes(97_540), '97.5'],
    [bytes(1_740_000_000), '1.74 GB'],
    [bytes(4_300_000), '4.3 MB'],
    [compact(40_600_000), '40.6 M'],
    [duration(18), '18 s'],
    [duration(100), '1 min 40 s'],
    [duration(4560), '1 h 16 min'],
    [duration(3600), '1 h'],
    [durationRange([14, 17]), '14–17 s'],
    [durationRange([4560, 5040]), '1 h 16 min – 1 h 24 min'],
    [durationRange([30, 30]), '30 s'],
    [durationRange([401, 1203]), '6–21 min'],
    [durationRange([133, 215]), '2 min 10 s – 3 min 40 s'],
    [durationRange(null), '—'],
  ])('%s', (text, expected) => expect(plain(text)).toBe(expected));

  test('points are those of the rounded values', () => expect(points(0.91784, 0.91725)).toBe(0.06));
  test.each([
    [30.756, { mantissa: '5.7', exponent: 30 }],
    [5.99999999, { mantissa: '1,000,000', exponent: null }],
    [8.99999, { mantissa: '1.0', exponent: 9 }],
  ])('10^%d', (log10, expected) => expect(powerOfTen(log10)).toEqual(expected));
});

describe('in German', () => {
  beforeEach(() => setLanguage('de'));
  afterEach(() => setLanguage('en'));
  test.each([
    [whole, 13763, '13.763'],
    [signed, -0.25, '−0,25'],
  ])('%o', (format, value, expected) => expect(format(value)).toBe(expected));
});

test('moments', () => {
  const now = new Date(2026, 10, 20, 15, 0).getTime();
  const at = (...parts: [number, number, number, number, number]): string => plain(when(new Date(...parts).getTime(), now));
  expect(plain(when(now - 18_000, now))).toBe('18 s ago');
  expect(at(2026, 10, 20, 9, 5)).toBe('today 09:05');
  expect(at(2026, 10, 19, 23, 59)).toBe('yesterday 23:59');
  expect(at(2026, 10, 18, 1, 0)).toBe('18 Nov');
  expect(at(2024, 10, 18, 1, 0)).toBe('18 Nov 2024');
  expect(when(null)).toBe('—');
});
