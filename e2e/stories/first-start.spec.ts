/** From the first start to a proved ONNX file, by mouse alone. */
import { expectAccessible } from '../kit/accessibility.ts';
import { expectStep, goTo, RUN_MS, sample, TINY } from '../kit/app.ts';
import { expect, test } from '../kit/fixture.ts';

test('first start, sample, Pareto front, exported ONNX', async ({ window, host, projectsFolder }) => {
  await expect(window.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();
  await expectAccessible(window, 'Projects');
  await sample(window, TINY).getByRole('button', { name: 'Run sample' }).click();
  await expect(window.getByRole('heading', { level: 1 })).toContainText('Train');
  await expectStep(window, 'Train', /running/);
  await expectAccessible(window, 'Train, running');
  await expectStep(window, 'Search', /done/, RUN_MS);
  await goTo(window, 'Search');
  await expectAccessible(window, 'Search');
});
