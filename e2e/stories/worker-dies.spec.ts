/** The process that trains is killed: the app says why, keeps everything, and goes on where it was. */
import { join } from 'node:path';
import { expectAccessible } from '../kit/accessibility.ts';
import { expectStep, makeProject, RUN_MS, waitForTraining } from '../kit/app.ts';
import { expect, test } from '../kit/fixture.ts';
import { courseOf, FINISHED, workerPids } from '../kit/project.ts';
import { storyRecipeFile } from '../kit/story-recipe.ts';

test.skip(process.platform === 'win32', 'Windows knows no signals');

test('killed by SIGKILL, then by SIGSEGV', async ({ window, host, projectsFolder }) => {
  const project = join(projectsFolder, 'killed.eqnet');
  await makeProject(window, host, 'killed', storyRecipeFile(projectsFolder));
  await window.getByRole('button', { name: /^Train,/ }).click();
  await window.getByRole('main').getByRole('button', { name: 'Run', exact: true }).click();
  const main = window.getByRole('main');
  for (const [signal, steps] of [
    ['SIGKILL', 10],
    ['SIGSEGV', 40],
  ] as const) {
    await waitForTraining(window, steps);
    for (const pid of workerPids(project)) process.kill(pid, signal);
    await expect(main.getByRole('heading', { name: 'Supernet stopped: the worker ended' })).toBeVisible();
    await expect(main).toContainText(signal);
    await expect(main).toContainText(/Everything up to step \d+ is on disk/);
    await expectStep(window, 'Train', /stopped with an error/);
    await expectAccessible(window, `Train, ended by ${signal}`);
    await main.getByRole('button', { name: /^Resume from step/ }).click();
  }
  await expectStep(window, 'Export', /done/, RUN_MS);
  await host.closeWindow(window);
  await host.end();
  expect(await courseOf(project)).toEqual(await courseOf(FINISHED));
});
