import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tinyRecipe } from '../testing/project-fixture.ts';
import { openWorkbench } from '../testing/workbench-fixture.ts';

test('phases can be done again with another recipe where only they rest on what differs', async () => {
  const { client, folder, listen } = openWorkbench();
  const { folder: project } = await client.projects.create({ folder: join(folder, 'a.eqnet'), recipe: tinyRecipe(), window: 'one' });
  const log = await listen('one');
  const recipe = tinyRecipe();
  const { job, run } = await client.runs.start({ project, recipe });
  await log.job(job, 'done');
  const labels = await client.runs.samples({ project, run });
  expect(labels.length).toBeGreaterThan(0);
  expect(labels[0]).not.toHaveProperty('configuration');

  const other = { ...recipe, predictor: { ...recipe.predictor, epochs: recipe.predictor.epochs + 1 } };
  const again = await client.runs.resume({ project, run, from: 'predictor', recipe: other });
  await log.job(again.job, 'done');
  const view = await client.projects.view({ project });
  expect(view.runs[0]).toMatchObject({ state: 'done', settings: { predictor: { epochs: other.predictor.epochs } } });

  const samples = { ...other, predictor: { ...other.predictor, trainSamples: other.predictor.trainSamples + 1 } };
  await expect(client.runs.resume({ project, run, from: 'predictor', recipe: samples })).rejects.toMatchObject({
    code: 'fingerprint-mismatch',
    message: expect.stringContaining('predictor.trainSamples'),
  });
  await expect(client.runs.resume({ project, run, recipe: samples })).rejects.toMatchObject({ code: 'usage' });
  await log.job((await client.runs.resume({ project, run, from: 'sample', recipe: samples })).job, 'done');
});
