/** Two searched configurations side by side, and the report of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectAccessible, expectAccessiblePage } from '../kit/accessibility.ts';
import { expectSearched, goTo, openProject, RUN_MS } from '../kit/app.ts';
import { launchBrowser } from '../kit/browser-host.ts';
import { expect, test } from '../kit/fixture.ts';
import { copyFinished } from '../kit/project.ts';

test('two searched configurations compared, report opened', async ({ window, host, places, projectsFolder }) => {
  await openProject(window, host, copyFinished(projectsFolder));
  await goTo(window, 'Search');
  const main = window.getByRole('main');
  await expectSearched(window);
  const rows = main.getByRole('grid', { name: 'Configurations' }).getByRole('row');
  for (const number of [1, 2]) await rows.nth(number).getByRole('checkbox').click();
  await main.getByRole('button', { name: 'Compare 2' }).click();
  await expect(window.getByRole('heading', { level: 1 })).toContainText('Compare');

  const table = main.getByRole('grid', { name: 'Compared configurations' });
  await expect(table.getByRole('row')).toHaveCount(3);
  await expect(main.getByRole('region', { name: 'Bits by layer' })).toBeVisible();
  await expect(main.getByRole('region', { name: /^Cost by layer against [AB]$/ })).toBeVisible();
  await expectAccessible(window, 'Compare');

  await main.getByRole('button', { name: /^Measure A, B$/ }).click();
  await expect(main.getByRole('region', { name: 'Top-1 by class' }).getByRole('group', { name: /lowest in/ })).toBeVisible({
    timeout: RUN_MS,
  });
  await expectAccessible(window, 'Compare, measured');

  const file = join(places.home, 'report.html');
  await host.saveTo(window, file, () => main.getByRole('button', { name: 'Report' }).click());
  expect(readFileSync(file, 'utf8')).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/i);
  const browser = await launchBrowser();
  try {
    const report = await browser.newPage();
    const failed: string[] = [];
    report.on('console', (message) => message.type() === 'error' && failed.push(message.text()));
    await report.goto(`file://${file}`);
    await expect(report.getByRole('heading', { level: 1 })).toContainText('Comparison');
    for (const heading of ['Configurations', 'Bits by layer', 'Cost by layer', 'Reproduce'])
      await expect(report.getByRole('heading', { name: heading }).first()).toBeVisible();
    await expectAccessiblePage(report, 'Report');
    expect(failed).toEqual([]);
  } finally {
    await browser.close();
  }
});
