/** Two windows on one project show the same; a second program on it is refused with a sentence. */
import { EXIT_CODES } from '../../src/shared/contract/errors.ts';
import { goTo, openProject, openRecent } from '../kit/app.ts';
import { expect, test } from '../kit/fixture.ts';
import { copyFinished, eqnet } from '../kit/project.ts';
import { storyRecipeFile } from '../kit/story-recipe.ts';

test('two windows on one project', async ({ window, host, projectsFolder }) => {
  await openProject(window, host, copyFinished(projectsFolder));
  await goTo(window, 'Space');
  const second = await host.openWindow();
  await openRecent(second, 'finished');
  await goTo(second, 'Space');
  const [here, there] = [window, second].map((page) => page.getByRole('gridcell', { name: /^Every free layer, weights, 2 bits/ }));

  await here.click();
  await expect(there).toHaveAttribute('aria-selected', 'false');
  await there.click();
  await expect(here).toHaveAttribute('aria-selected', 'true');
  // what the other window did can be undone here
  await window.getByRole('button', { name: 'Undo' }).click();
  await expect(here).toHaveAttribute('aria-selected', 'false');
  await expect(there).toHaveAttribute('aria-selected', 'false');

  await host.closeWindow(second);
  await here.click();
  await expect(here).toHaveAttribute('aria-selected', 'true');
});

test('a second program on a project is refused', async ({ window, host, anotherHost, projectsFolder }) => {
  const project = copyFinished(projectsFolder);
  await openProject(window, host, project);
  const { code, err } = await eqnet('run', storyRecipeFile(projectsFolder), '--project', project);
  expect(code).toBe(EXIT_CODES['project-locked']);
  expect(err).toMatch(/finished\.eqnet is open in process/);

  const other = await anotherHost();
  const second = await other.openWindow();
  await other.choosePath(second, project, () => second.getByRole('button', { name: 'Open…' }).click());
  await expect(second.getByText(/finished\.eqnet is open in process/).first()).toBeVisible();
  await expect(second.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();
});
