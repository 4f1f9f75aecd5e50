/** A training step is profiled on the Engine screen; the result is still there after a look at another screen. */
import { expectAccessible } from '../kit/accessibility.ts';
import { goTo, openProject } from '../kit/app.ts';
import { expect, test } from '../kit/fixture.ts';
import { copyFinished } from '../kit/project.ts';

test('profile a step, sort its layers, come back to it', async ({ window, host, projectsFolder }) => {
  await goTo(window, 'Engine');
  const panel = window.getByRole('region', { name: 'Where the time of a training step goes' });
  await expect(panel).toContainText('Open a project to see');
  await expect(panel.getByRole('button')).toHaveCount(0);

  await goTo(window, 'Projects');
  await openProject(window, host, copyFinished(projectsFolder));
  await goTo(window, 'Engine');
  await panel.getByRole('button', { name: 'Profile a step' }).click();
  const layers = panel.getByRole('grid', { name: 'Time by layer' });
  await expect(layers).toBeVisible({ timeout: 60_000 });
  await expect(panel.getByRole('img', { name: /^Time by kind of op/ })).toHaveAccessibleName(/Convolutions [\d.,]+\sms/);
  await expect(panel).toContainText(/of 3 float steps/);
  await expectAccessible(window, 'Engine');

  const totals = async () =>
    (await layers.getByRole('row').filter({ hasNot: window.getByRole('columnheader') }).evaluateAll((rows) => rows.map((row) => Number(row.querySelectorAll('[role=gridcell]')[5]?.textContent?.replaceAll(',', ''))))); // prettier-ignore
  await layers.getByRole('columnheader', { name: 'Total, ms' }).getByRole('button').click();
  const sorted = await totals();
  expect(sorted.length).toBeGreaterThan(5);
  expect(sorted).toEqual(sorted.toSorted((a, b) => b - a));

  await goTo(window, 'Space');
  await goTo(window, 'Engine');
  await expect(layers).toBeVisible();
  await expect(panel.getByRole('button', { name: 'Profile again' })).toBeEnabled();
});
