import { describe, expect, test } from 'vitest';
import { isConstrained, isInside, noConstraints } from './measures.ts';
import { defaultLimits, frontRows, kneeOf, pickOf } from './picks.ts';
import type { SearchRow } from './search-rows.ts';
import { readSettings } from './search-settings.ts';

const row = (key: string, predicted: number | null, bitops: number, sizeBytes = bitops / 1e3): SearchRow =>
  ({
    key,
    name: key,
    predicted,
    bitops,
    sizeBytes,
    averageWeightBits: 3,
    averageActivationBits: 4,
    measured: null,
  }) as unknown as SearchRow;
const rows = [
  row('a', 0.9, 1e8),
  row('b', 0.915, 2e8),
  row('c', 0.91, 3e8),
  row('d', 0.92, 8e8),
  row('e', null, 1e7),
  row('b2', 0.915, 2e8),
];
const keys = (list: readonly SearchRow[]): string[] => list.map(({ key }) => key);

describe('the front', () => {
  test('holds what nothing beats, one of equal ones, by cost', () => expect(keys(frontRows(rows, 'bitops'))).toEqual(['a', 'b', 'd']));
  test('has its knee where accuracy stops to rise', () => expect(kneeOf(frontRows(rows, 'bitops'), 'bitops')?.key).toBe('b'));
  test('is empty without predictions', () => {
    expect([frontRows([rows[4]], 'size'), kneeOf([], 'bitops'), defaultLimits([])]).toEqual([[], null, null]);
  });
});

describe('picks', () => {
  test.each([
    ['cheapest', 91, 'b'],
    ['cheapest', 91.6, 'd'],
    ['cheapest', 99, undefined],
    ['best', 0.3, 'b'],
    ['best', 0.05, undefined],
    ['smallest', 90.5, 'b'],
  ] as const)('%s, %f', (pick, limit, expected) => expect(pickOf(pick, rows, limit)?.key).toBe(expected));

  test('limits fit the front and always choose something', () => {
    const front = frontRows(rows, 'bitops');
    const limits = defaultLimits(front)!;
    expect(limits).toEqual({ cheapest: 91.5, best: 0.2, smallest: 91 });
    expect(pickOf('cheapest', rows, limits.cheapest)?.key).toBe('b');
  });
});

describe('constraints', () => {
  const constraints = { ...noConstraints(), top1: { low: 91, high: null }, bitops: { low: null, high: 0.5 } };
  test('count on every quantity but the left out ones', () => {
    expect(keys(rows.filter((each) => isInside(each, constraints)))).toEqual(['b', 'c', 'b2']);
    expect(keys(rows.filter((each) => isInside(each, constraints, ['bitops'])))).toEqual(['b', 'c', 'd', 'b2']);
    expect([isConstrained(constraints), isConstrained(noConstraints())]).toEqual([true, false]);
  });
});

describe('settings', () => {
  test.each([
    undefined,
    null,
    3,
    'x',
    { axis: 'time', scope: [], constraints: { top1: 4 }, picks: { best: 'a' }, found: [], more: { weights: 20 } },
  ])('unknown facts get defaults: %j', (stored) => expect(readSettings(stored)).toEqual(readSettings(undefined)));
  test('are read back as they were stored', () => {
    const settings = readSettings(undefined);
    settings.axis = 'size';
    settings.sort = null;
    settings.constraints.size.high = 50;
    settings.picks.best = 0.2;
    settings.pinned = { r: ['tss:88'] };
    settings.found = { r: [{ key: 'tss:88', predicted: 0.5 }] };
    settings.adopted = { r: ['job'] };
    settings.more = { weights: 3.5, activations: 4, forms: ['caa'] };
    expect(readSettings(JSON.parse(JSON.stringify(settings)))).toEqual(settings);
  });
});
