import { expect, it } from 'vitest';
import { NO_SERIES, type SeriesView } from '../../stores/metric-series.ts';
import { accuracyBits, roleLines, roleSeries, startOf, thinned, type CurveSource } from './curves.ts';
import { heatOf } from './heat.ts';
import { readSettings } from './train-settings.ts';

const view: SeriesView = {
  count: 2,
  total: 2,
  means: null,
  steps: Float64Array.of(0, 10),
  times: Float64Array.of(1000, 2000),
  values: Float32Array.of(1, 2),
};
const names = [
  'supernet/lowest/cross-entropy',
  'supernet/random-2/cross-entropy',
  'supernet/random/cross-entropy',
  'supernet/highest/cross-entropy',
  'supernet/highest/loss',
  'supernet/accuracy/8',
  'supernet/accuracy/2',
];
const source = (run: string, slot: number, change: Partial<CurveSource> = {}): CurveSource => ({
  run,
  title: run,
  slot,
  names,
  read: (series) => (names.includes(series) ? view : NO_SERIES),
  drawn: (series) => (names.includes(series) ? view : NO_SERIES),
  timeShift: 0,
  stepFactor: 1,
  ...change,
});

it('finds the series of a term in the order of a step', () => {
  expect(roleSeries(names, 'cross-entropy').map(({ role, number }) => `${role} ${number}`)).toEqual([
    'highest 1',
    'random 1',
    'random 2',
    'lowest 1',
  ]);
  expect(roleSeries(names, 'divergence')).toEqual([]);
  expect(accuracyBits(names)).toEqual([2, 8]);
});

it('tells roles by colour and dash, and two runs by colour', () => {
  const alone = roleLines([source('a', 2)], 'cross-entropy', (role) => role);
  expect(alone.map(({ color }) => color)).toEqual(['--role-h', '--role-r', '--role-r', '--role-l']);
  expect(alone.every(({ over }) => over === undefined)).toBe(true);
  const two = roleLines([source('a', 2), source('b', 5)], 'cross-entropy', (role) => role);
  expect(two.map(({ color }) => color)).toEqual([...Array<string>(4).fill('--run-2'), ...Array<string>(4).fill('--run-5')]);
  expect(two[4]).toMatchObject({ name: 'highest, b', over: 'a supernet/highest/cross-entropy' });
});

it('lays a run over another one: same start, same length of an epoch', () => {
  const [, line] = roleLines(
    [source('a', 1, { names: names.slice(3, 4) }), source('c', 2, { names: names.slice(3, 4), timeShift: 500, stepFactor: 2 })],
    'cross-entropy',
    (role) => role,
  );
  expect([...line.steps]).toEqual([0, 20]);
  expect([...(line.times ?? [])]).toEqual([1500, 2500]);
});

it('begins where its first series begins', () => {
  expect(startOf(source('a', 1), 'supernet')).toBe(1000);
  expect(startOf(source('a', 1), 'pretrain')).toBeNull();
});

it('thins a series and keeps its largest values', () => {
  expect([...thinned(Float32Array.of(1, 9, 2, 3, 4, 8), 3)]).toEqual([9, 3, 8]);
  expect([...thinned(Float32Array.of(1, 2), 3)]).toEqual([1, 2]);
});

it('places cells and leaves gaps', () => {
  const cells = [
    { row: 'a', column: 2, value: 5 },
    { row: 'b', column: 3, value: 6 },
  ];
  expect(
    heatOf(
      ['a', 'b'],
      [2, 3],
      cells,
      ({ row }) => row,
      ({ column }) => column,
      ({ value }) => value,
    ),
  ).toEqual([
    [5, null],
    [null, 6],
  ]);
});

it.each([
  ['nothing', undefined, { smoothing: 0.6, x: 'epoch', overlay: null }],
  ['what was stored', { smoothing: 0.9, x: 'time', overlay: 'a-1', bits: 8 }, { smoothing: 0.9, x: 'time', overlay: 'a-1', bits: 8 }],
  ['what makes no sense', { smoothing: 7, x: 'year', bits: 99, part: 'none' }, { smoothing: 0.6, x: 'epoch', bits: 3, part: null }],
])('reads settings from %s', (_, stored, expected) => {
  expect(readSettings(stored)).toMatchObject(expected);
});
