import { join } from 'node:path';
import Database from 'libsql';
import { expect, test } from 'vitest';
import { encodeRows } from './app/metric-blocks.ts';
import { openDatabase } from './project-database.ts';
import { ProjectStore } from './project-store.ts';
import { temporaryFolder, tinyRecipe } from './testing/project-fixture.ts';

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
  expect(store.metricTable.series(id, 'b')).toEqual([
    [0, 20, null],
    [1, 30, 3],
  ]);
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
  const block = encodeRows('loss', store.metricTable.series(id, 'loss'));
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
    'PRAGMA user_version = 1',
  ])
    old.exec(sql);
  old.close();
  const reader = ProjectStore.openReadOnly(folder);
  expect(reader.run(id)).toMatchObject({ guard: 'f', label: '', slot: 1 });
  reader.close();
  openDatabase(folder).close();
  const store = await ProjectStore.open(folder);
  expect(store.run(id)).toMatchObject({ guard: 'f', label: '', slot: 1 });
  expect(store.metricTable.series(id, 'loss')).toEqual([[0, null, 1]]);
  expect(encodeRows('loss', store.metricTable.series(id, 'loss')).times).toBe(
    Buffer.from(Float64Array.of(Number.NaN).buffer).toString('base64'),
  );
  expect(store.shelf.list()).toEqual([]);
  expect(store.createRun(tinyRecipe(), 'g', engine)).toMatchObject({ id: 'tiny-2', slot: 2 });
  store.close();
});
