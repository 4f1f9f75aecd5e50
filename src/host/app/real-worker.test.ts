import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../package-root.ts';
import { OWNER_FILE } from '../project-lock.ts';
import { bundledRecipe } from '../recipes.ts';
import { openWorkbench } from '../testing/workbench-fixture.ts';

// a build that is older than its sources is made anew
beforeAll(() => {
  execFileSync(process.execPath, [join(packageRoot, 'scripts', 'eqnet.mjs'), '--version']);
});

test('the tiny recipe on the portable engine: pause, a killed worker, resume, and every question about it', async () => {
  const { client, folder, listen } = openWorkbench({ workerPath: undefined, engine: undefined });
  const recipe = bundledRecipe('tiny');
  recipe.engine.executor = 'portable';
  const { folder: project } = await client.projects.create({ folder: join(folder, 'a.eqnet'), recipe, window: 'one' });
  const log = await listen('one');
  const preview = client.recipes.preview({ recipe, split: 'validation', offset: 0, count: 4, augmented: false });
  const network = client.recipes.network({ recipe });
  expect(await preview).toMatchObject({ width: 28, height: 28, labels: expect.any(Array), splits: { train: { images: 600 } } });
  expect((await network).layers.length).toBeGreaterThan(2);

  const { job, run } = await client.runs.start({ project, recipe });
  await log.find((event) => event.type === 'metrics' && event.run === run);
  await client.jobs.pause({ job });
  await log.job(job, 'paused');
  await client.jobs.resume({ job });
  const { workers } = JSON.parse(readFileSync(join(project, OWNER_FILE), 'utf8')) as { workers: { pid: number }[] };
  process.kill(workers[0].pid, 'SIGKILL');
  const failed = await log.job(job, 'failed');
  expect(failed.error).toMatchObject({ code: 'worker-died', message: expect.stringContaining('SIGKILL') });

  const resumed = await client.runs.resume({ project, run });
  await log.job(resumed.job, 'done');
  const { runs } = await client.projects.view({ project });
  expect(runs[0]).toMatchObject({ state: 'done', engine: { executor: 'portable' } });
  const { candidates, network: trained } = runs[0];
  const layer = trained!.layers[1].name;
  expect(await client.runs.layer({ project, run, layer, bits: 3, granularity: 'channel', symmetry: 'asymmetric' })).toMatchObject({
    layer,
  });
  expect((await client.runs.sensitivity({ project, run })).layers.length).toBe(trained!.layers.length);
  const { configuration } = candidates[0];
  const { predicted } = await client.runs.predict({ project, run, configurations: [configuration] });
  expect(predicted).toEqual([expect.any(Number)]);
  const measured = await client.jobs.measure({ project, run, entries: [{ configuration, name: 'first', candidateId: candidates[0].id }] });
  await log.job(measured.job, 'done');
  const { shelf } = await client.projects.view({ project });
  expect(shelf[0].measured?.classes).toHaveLength(10);
  const series = (await client.runs.metrics({ project, run })).map(({ series: name }) => name);
  expect(series.length).toBeGreaterThan(3);
}, 300_000);
