/** Pause, close the window, come back, resume: the run ends as if nobody had touched it. */
import type { Page } from '@playwright/test';
import { join } from 'node:path';
import { expectAccessible } from '../kit/accessibility.ts';
import { expectStep, makeProject, openRecent, RUN_MS, waitForTraining } from '../kit/app.ts';
import { expect, test } from '../kit/fixture.ts';
import { courseOf, FINISHED } from '../kit/project.ts';
import { storyRecipeFile } from '../kit/story-recipe.ts';

test('pause, close, reopen, resume: the same curve', async ({ window, host, places, projectsFolder }) => {
  await makeProject(window, host, 'paused', storyRecipeFile(projectsFolder));
  await window.getByRole('button', { name: /^Train,/ }).click();
  await window.getByRole('main').getByRole('button', { name: 'Run', exact: true }).click();
  await waitForTraining(window, 20);
  await window.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(window.getByRole('contentinfo')).toContainText('paused');
  const curve = (page: Page) => page.getByRole('main').getByRole('group', { name: /^Cross-entropy: Highest from/ });
  await expectAccessible(window, 'Train, paused');
  const before = await curve(window).getAttribute('aria-label');
  await host.closeWindow(window);

  const again = await host.openWindow();
  await openRecent(again, 'paused');
  await expect(curve(again)).toHaveAttribute('aria-label', before!);
  await again
    .getByRole('main')
    .getByRole('button', { name: /^Resume/ })
    .click();
  await expectStep(again, 'Export', /done/, RUN_MS);
  await host.closeWindow(again);
  await host.end();
  expect(await courseOf(join(places.projects, 'paused.eqnet'))).toEqual(await courseOf(FINISHED));
});
