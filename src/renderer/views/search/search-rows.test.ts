import { describe, expect, test } from 'vitest';
import type { ReportedCandidate, ShelfEntry } from '../../../shared/contract/api/views.ts';
import type { SearchPoints } from '../../../shared/contract/look.ts';
import { configurationKey, uniformConfiguration } from '../../../shared/domain/configuration.ts';
import { costsOf } from '../../../shared/domain/cost.ts';
import { parseForm } from '../../../shared/domain/form.ts';
import type { LayerFacts } from '../../../shared/domain/layer-graph.ts';
import { MOST_ROWS, RowBook } from './search-rows.ts';
import { uniformPoints } from './uniform-points.ts';

const layer = (name: string, pinned: boolean): LayerFacts =>
  ({
    name,
    pinned,
    kind: 'conv',
    weights: 1000,
    parameters: 1000,
    macs: 1e6,
    inputElements: 100,
    outputChannels: 10,
  }) as unknown as LayerFacts;
const layers = [layer('a', true), layer('b', false), layer('c', false), layer('d', true)];
const uniform = (bits: number) => uniformConfiguration(layers, bits, parseForm('tss'));
const key = (bits: number) => configurationKey(uniform(bits));
const round = (points: SearchPoints['points']): SearchPoints => ({ target: 3, form: 'tss', generation: 0, generations: 1, points });
const candidate = (bits: number, change: Partial<ReportedCandidate>): ReportedCandidate => ({
  id: `3/${key(bits)}`,
  target: 3,
  form: 'tss',
  rank: 0,
  predicted: 0.9,
  configuration: uniform(bits),
  costs: costsOf(uniform(bits), layers),
  measured: null,
  measuredImages: null,
  interval: null,
  validationAccuracy: null,
  versusUniform: null,
  ...change,
});
const entry = (bits: number, change: Partial<ShelfEntry>): ShelfEntry => ({
  id: `s${bits}`,
  run: 'r',
  name: 'mine',
  configuration: uniform(bits),
  candidateId: null,
  predicted: null,
  measured: null,
  compare: null,
  createdAt: '',
  ...change,
});

describe('rows', () => {
  test('each configuration is there once, with all that is known of it', () => {
    const book = new RowBook(layers);
    book.take(
      round([
        { key: key(3), predicted: 0.8 },
        { key: key(4), predicted: 0.85 },
      ]),
    );
    const rows = book.rows(
      [candidate(3, { predicted: 0.81, measured: 0.79, measuredImages: 100, interval: [0.7, 0.9] }), candidate(5, { rank: 'uniform' })],
      [{ key: key(6), predicted: 0.88 }],
      [entry(4, { measured: { accuracy: 0.84, images: 50, interval: [0.8, 0.9], classes: null } }), entry(3, { predicted: 0.5 })],
    );
    const found = Object.fromEntries(rows.map((row) => [row.key, row]));
    expect(rows.length).toBe(4);
    expect(found[key(3)]).toMatchObject({ predicted: 0.81, measured: { accuracy: 0.79 }, proposed: true, uniform: false, shelf: 's3' });
    expect(found[key(4)]).toMatchObject({ predicted: 0.85, measured: { accuracy: 0.84, images: 50 }, name: 'mine', proposed: false });
    expect(found[key(5)]).toMatchObject({ uniform: true, proposed: false });
    expect(found[key(6)]).toMatchObject({ predicted: 0.88, proposed: true, averageWeightBits: 6 });
    expect(found[key(4)].weights).toEqual([8, 4, 4, 8]);
  });

  test('keys of another network are left out, and a round is taken once', () => {
    const book = new RowBook(layers);
    const points = round([
      { key: 'tss:88-33', predicted: 0.5 },
      { key: key(2), predicted: 0.4 },
    ]);
    book.take(points);
    expect([book.fresh([points]).length, book.rows([], [], []).length]).toEqual([0, 1]);
    const other = book.another();
    expect([other.fresh([points]).length, other.rows([], [], []).length]).toEqual([1, 0]);
  });

  test('a long search keeps its front and a bounded number of rows', () => {
    const many = Array.from({ length: 8 }, (_, i) => layer(`l${i}`, i === 0 || i === 7));
    const book = new RowBook(many);
    const keys = Array.from({ length: 9000 }, (_, n) => {
      const digits = Array.from({ length: 6 }, (_each, i) => 2 + (Math.floor(n / 7 ** i) % 7));
      return `tss:88-${digits.map((bits) => `${bits}8`).join('-')}-88`;
    });
    keys.forEach((each, n) => book.take(round([{ key: each, predicted: n === 0 ? 0.99 : 0.5 }])));
    const rows = book.rows([], [], []);
    expect(rows.length).toBeLessThanOrEqual(MOST_ROWS * 1.2);
    expect(rows.some(({ key: each }) => each === keys[0])).toBe(true);
    expect(rows.some(({ key: each }) => each === keys[8999])).toBe(true);
  });
});

test('uniform points are the best form of each bit-width, near the others', () => {
  const cell = (bits: number, accuracy: number, form: 'tss' | 'css') => ({
    weightBits: bits,
    activationBits: bits,
    accuracy,
    images: 10,
    form,
  });
  const grid = [cell(2, 0.5, 'tss'), cell(3, 0.6, 'tss'), cell(3, 0.7, 'css'), cell(8, 0.9, 'tss')];
  const x = costsOf(uniform(3), layers).bitops / 1e9;
  const found = uniformPoints({ grid }, layers, 'bitops', [x, x]);
  expect(found.map(({ label }) => label)).toEqual(['2/2', '3/3']);
  expect(found[1]).toEqual({ label: '3/3', x, y: 70 });
  expect(uniformPoints({ grid }, layers, 'bitops', [])).toEqual([]);
});
