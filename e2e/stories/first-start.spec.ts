/** From the first start to a proved ONNX file, by mouse alone. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expectAccessible } from '../kit/accessibility.ts';
import { expectSearched, expectStep, RUN_MS, sample, TINY } from '../kit/app.ts';
import { expect, test } from '../kit/fixture.ts';

test('first start, sample, Pareto front, exported ONNX', async ({ window, projectsFolder }) => {
  const head = window.getByRole('heading', { level: 1 });
  const main = window.getByRole('main');
  await expect(head).toHaveText('Projects');
  await expectAccessible(window, 'Projects');

  await sample(window, TINY).getByRole('button', { name: 'Run sample' }).click();
  await expect(head).toContainText('Train');
  await expectStep(window, 'Train', /running/);
  await expectStep(window, 'Export', /done/, RUN_MS);
  await expectAccessible(window, 'Train, done');

  await main.getByRole('button', { name: 'Next: Search' }).click();
  await expect(head).toContainText('Search');
  await expectSearched(window);
  await expect(main.getByRole('group', { name: /\d+ of [\d,]+ configurations on the front/ })).toBeVisible();
  await expectAccessible(window, 'Search');
  const files = join(projectsFolder, 'tiny.eqnet', 'runs', 'tiny-1', 'exports');
  const models = () => readdirSync(files).filter((name) => name.endsWith('.onnx'));
  const before = models();

  await main.getByRole('grid', { name: 'Configurations' }).getByRole('row').nth(1).click();
  await main.getByRole('button', { name: 'Export', exact: true }).click();
  await expect(head).toContainText('Export');
  await main.getByRole('button', { name: /^Export ONNX file$|^Export again$/ }).click();
  await expect.poll(() => models().length, { timeout: RUN_MS }).toBe(before.length + 1);
  const proof = main.getByRole('region', { name: 'Proof' });
  await expect(proof.getByText('Passed')).toBeVisible();
  await expectAccessible(window, 'Export');
  for (const name of models()) expect(statSync(join(files, name)).size).toBeGreaterThan(10_000);
});
