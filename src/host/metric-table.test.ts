import { join } from 'node:path';
import Database from 'libsql';
import { expect, test } from 'vitest';
import { encodePoints } from './app/metric-blocks.ts';
import { openDatabase } from './project-database.ts';
import { ProjectStore } from './project-store.ts';
import { temporaryFolder, tinyRecipe } from './testing/project-fixture.ts';

const columns = (steps: number[], times: number[], values: number[]) => ({
  steps: Float64Array.from(steps),
  times: Float64Array.from(times),
  values: Float64Array.from(values),
});
const engine = { executor: 'portable' as const, version: 'v' };

test('series by name and step, with the time of the newest value', async () => {
  const store = await ProjectStore.open(join(temporaryFolder(), 'a.eqnet'));
  const { id } = store.createRun(tinyRecipe(), 'f', engine);
  const put = (series: string, step: number, value: number, time: number) =>
    store.putMetrics(id, 'pretrain', [{ series, step, value }], time);
  put('b', 1, 2, 10);
  put('b', 0, Number.NaN, 20);
  put('b', 1, 3, 30);
  put('a', 0, 1, 40);
  expect(store.metricTable.names(id)).toEqual(['a', 'b']);
  expect(store.metricTable.series(id, 'b')).toEqual(columns([0, 1], [20, 30], [Number.NaN, 3]));
  store.close();
});

test('a hundred thousand points become one block', async () => {
  const store = await ProjectStore.open(join(temporaryFolder(), 'a.eqnet'));
  const { id } = store.createRun(tinyRecipe(), 'f', engine);
  const count = 100_000;
  store.putMetrics(
    id,
    'supernet',
    Array.from({ length: count }, (_, step) => ({ series: 'loss', step, value: step / 2 })),
    5,
  );
  const block = encodePoints('loss', store.metricTable.series(id, 'loss'));
  expect(block.count).toBe(count);
  const values = new Float32Array(new Uint8Array(Buffer.from(block.values, 'base64')).buffer);
  expect([values.length, values[99_999]]).toEqual([count, Math.fround(99_999 / 2)]);
  store.close();
});

test('tables of the first version get their new columns, and what is in them stays', async () => {
  const folder = join(temporaryFolder(), 'a.eqnet');
  const made = await ProjectStore.open(folder);
  const { id } = made.createRun(tinyRecipe(), 'f', engine);
  made.putMetrics(id, 'pretrain', [{ series: 'loss', step: 0, value: 1 }]);
  made.close();
  const old = new Database(join(folder, 'project.db'));
  for (const sql of [
    'ALTER TABLE runs DROP COLUMN guard',
    'ALTER TABLE runs DROP COLUMN label',
    'ALTER TABLE runs DROP COLUMN slot',
    'ALTER TABLE metrics DROP COLUMN time',
    'DROP TABLE shelf',
    'DROP TABLE counters',
    'DROP TABLE metric_chunks',
    'PRAGMA user_version = 1',
  ])
    old.exec(sql);
  old.close();
  const reader = ProjectStore.openReadOnly(folder);
  expect(reader.run(id)).toMatchObject({ guard: 'f', label: '', slot: 1 });
  expect(reader.metricTable.names(id)).toEqual(['loss']);
  reader.close();
  openDatabase(folder).close();
  const store = await ProjectStore.open(folder);
  expect(store.run(id)).toMatchObject({ guard: 'f', label: '', slot: 1 });
  expect(store.metricTable.series(id, 'loss')).toEqual(columns([0], [Number.NaN], [1]));
  expect(encodePoints('loss', store.metricTable.series(id, 'loss')).times).toBe(
    Buffer.from(Float64Array.of(Number.NaN).buffer).toString('base64'),
  );
  expect(store.shelf.list()).toEqual([]);
  expect(store.createRun(tinyRecipe(), 'g', engine)).toMatchObject({ id: 'tiny-2', slot: 2 });
  store.close();
});

test('rows become chunks, and a resumed run replaces points in them', async () => {
  const folder = join(temporaryFolder(), 'a.eqnet');
  const store = await ProjectStore.open(folder);
  const { id } = store.createRun(tinyRecipe(), 'f', engine);
  const put = (from: number, to: number, value: number, phase: 'pretrain' | 'supernet' = 'pretrain') =>
    store.putMetrics(
      id,
      phase,
      Array.from({ length: to - from }, (_, i) => ({ series: 'loss', step: from + i, value })),
      value,
    );
  const rows = () => {
    const database = new Database(join(folder, 'project.db'), { readonly: true });
    const count = (table: string) => (database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
    const found = [count('metrics'), count('metric_chunks')];
    database.close();
    return found;
  };
  put(0, 10_000, 1);
  // chunks of at most 4,096 points
  expect(rows()).toEqual([0, 3]);
  put(10_000, 10_500, 2);
  put(8000, 8100, 3);
  expect(rows()).toEqual([600, 3]);
  const expected = Float64Array.from({ length: 10_500 }, (_, step) => (step >= 10_000 ? 2 : step >= 8000 && step < 8100 ? 3 : 1));
  const steps = Float64Array.from(expected.keys());
  expect(store.metricTable.series(id, 'loss')).toEqual({ steps, times: expected, values: expected });
  // enough rows: they and the chunk whose steps they repeat are written anew
  put(10_500, 11_500, 4, 'supernet');
  expect(rows()).toEqual([0, 4]);
  const { values } = store.metricTable.series(id, 'loss');
  expect([values.length, values[7999], values[8099], values[8100], values[10_499], values[11_499]]).toEqual([11_500, 1, 3, 1, 2, 4]);
  // the end of a phase packs what has waited, if it is worth it
  put(11_500, 11_600, 5, 'supernet');
  store.putMetrics(id, 'supernet', [{ series: 'rate', step: 0, value: 1 }], 5);
  expect(rows()).toEqual([101, 4]);
  store.finishPhase(id, 'supernet', { steps: 0, weightsDigest: '', stepDrift: [], layers: [] });
  expect(rows()).toEqual([1, 5]);
  expect(store.metricTable.series(id, 'loss').values.slice(11_499, 11_501)).toEqual(Float64Array.of(4, 5));
  store.resetFrom(id, 'supernet');
  expect(store.metricTable.series(id, 'loss').steps).toHaveLength(10_500);
  store.removeRun(id);
  expect(rows()).toEqual([0, 0]);
  store.close();
});

test('rows of an older version are packed by the first reading', async () => {
  const folder = join(temporaryFolder(), 'a.eqnet');
  const made = await ProjectStore.open(folder);
  const { id } = made.createRun(tinyRecipe(), 'f', engine);
  made.close();
  const old = new Database(join(folder, 'project.db'));
  const insert = old.prepare("INSERT INTO metrics (run, series, step, phase, value) VALUES (?, 'loss', ?, 'pretrain', 1)");
  old.exec('BEGIN');
  for (let step = 0; step < 2000; step++) insert.run(id, step);
  old.exec('COMMIT');
  const count = () => (old.prepare('SELECT count(*) AS n FROM metrics').get() as { n: number }).n;
  const reader = ProjectStore.openReadOnly(folder);
  expect([reader.metricTable.series(id, 'loss').steps.length, count()]).toEqual([2000, 2000]);
  reader.close();
  const store = await ProjectStore.open(folder);
  const first = store.metricTable.series(id, 'loss');
  expect([first.steps.length, count()]).toEqual([2000, 0]);
  expect(store.metricTable.series(id, 'loss')).toEqual(first);
  store.close();
  old.close();
});
