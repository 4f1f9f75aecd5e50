import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { DataReport } from '../../shared/contract/data-report.ts';
import type { Lowered } from '../data/adopt.ts';
import { packageRoot } from '../package-root.ts';
import { bundledRecipe } from '../recipes.ts';
import { openWorkbench } from '../testing/workbench-fixture.ts';

// a build that is older than its sources is made anew
beforeAll(() => {
  execFileSync(process.execPath, [join(packageRoot, 'scripts', 'eqnet.mjs'), '--version']);
});

/** CIFAR's binary files with `images` training records of two classes. */
function writeCifar(folder: string, images: number): string {
  mkdirSync(folder, { recursive: true });
  const records = (count: number, shade: number) =>
    Buffer.concat(Array.from({ length: count }, (_, i) => Buffer.concat([Buffer.of(i % 2), Buffer.alloc(3072, shade + i)])));
  writeFileSync(join(folder, 'data_batch_1.bin'), records(images, 0));
  writeFileSync(join(folder, 'test_batch.bin'), records(10, 200));
  writeFileSync(join(folder, 'batches.meta.txt'), 'plane\ncar\n');
  return folder;
}

test('a data set is checked, added to the draft, previewed, and taken out of the cache', async () => {
  const { client, folder, listen } = openWorkbench({ workerPath: undefined });
  process.env.EQNET_DATA_CACHE = join(folder, 'cache');
  const { folder: project } = await client.projects.create({
    folder: join(folder, 'a.eqnet'),
    recipe: bundledRecipe('tiny'),
    window: 'one',
  });
  const log = await listen('one');
  const root = writeCifar(join(folder, 'cifar'), 60);

  const checking = await client.data.check({ root });
  await log.job(checking.job, 'done');
  const checked = (await client.jobs.result(checking)) as DataReport;
  expect(checked).toMatchObject({ format: 'cifar', images: 70, classes: ['plane', 'car'], cached: false });
  expect((await client.data.cache()).entries).toEqual([]);

  const adding = await client.data.add({ project, data: { root, split: { validation: 0.2, test: 0.2, seed: 3 } } });
  await log.job(adding.job, 'done');
  const added = (await client.jobs.result(adding)) as { report: DataReport; lowered: Lowered[] };
  expect(added.report.splits).toMatchObject({ train: { images: 48 }, validation: { images: 12 }, test: { images: 10 } });
  const { draft } = await client.projects.view({ project });
  expect(draft.data).toMatchObject({ dataset: 'files', root, format: 'cifar', size: [32, 32], channels: 3, classes: ['plane', 'car'] });
  expect(draft.predictor.sampleImages).toBe(12);
  expect(added.lowered).toContainEqual({ field: 'predictor.sampleImages', from: 100, to: 12 });
  expect(JSON.parse(readFileSync(join(project, 'recipe.json'), 'utf8'))).toEqual(draft);
  const recipe = { ...draft, data: { ...draft.data, augment: [{ kind: 'cutout' as const, size: 16 }] } };
  const preview = { recipe, split: 'train' as const, offset: 0, count: 4 };
  const plain = await client.recipes.preview({ ...preview, augmented: false });
  const changed = await client.recipes.preview({ ...preview, augmented: true });
  expect(plain).toMatchObject({ width: 32, classes: ['plane', 'car'], digest: added.report.digest });
  expect(changed.pixels).not.toBe(plain.pixels);
  expect((await client.recipes.preview({ ...preview, augmented: true })).pixels).toBe(changed.pixels);
  expect((await client.recipes.network({ recipe })).graph.classes).toBe(2);

  const { entries } = await client.data.cache();
  expect(entries).toMatchObject([{ source: root, images: 70 }]);
  expect(await client.data.limitCache({ bytes: 2e9 })).toMatchObject({ limit: 2e9, limitFrom: 'person', entries: [{}] });
  expect(await client.data.limitCache({ bytes: null })).toMatchObject({ limitFrom: 'default' });
  await expect(client.data.limitCache({ bytes: 5 })).rejects.toThrow();
  expect((await client.data.clearCache({ key: entries[0].key })).entries).toEqual([]);
  expect((await client.data.downloads()).map(({ name }) => name)).toContain('cifar10');

  const failing = await client.data.add({ project, data: { root: join(folder, 'none') } });
  const failed = await log.job(failing.job, 'failed');
  expect(failed.error).toMatchObject({ code: 'data-invalid', message: expect.stringContaining('does not exist here') });
  expect((await client.projects.view({ project })).draft).toEqual(draft);
}, 60_000);
