/** A long training is looked at closely: by dragging, with the wheel and with keys. What is shown are the stored points of those steps. */
import type { Locator } from '@playwright/test';
import { ProjectStore } from '../../src/host/project-store.ts';
import { significant } from '../../src/renderer/charts/numbers.ts';
import { expectAccessible } from '../kit/accessibility.ts';
import { openProject } from '../kit/app.ts';
import { expect, test } from '../kit/fixture.ts';
import { copyFinished } from '../kit/project.ts';

const STEPS = 40_000;
/** a value that tells the step it belongs to from its neighbours */
const valueAt = (step: number): number => 0.5 + ((step * 37) % 101) / 100;

/** A run as if its elastic training had gone on for long. @returns steps and values of its curve */
async function makeLong(folder: string): Promise<Map<number, number>> {
  const store = await ProjectStore.open(folder);
  try {
    const { id } = store.runs().at(-1)!;
    const names = ['highest/cross-entropy', 'lowest/cross-entropy', 'lowest/divergence'].map((name) => `supernet/${name}`);
    const begun = store.metricTable.series(id, names[0]).steps.length;
    const steps = Array.from({ length: STEPS - begun }, (_, i) => begun + i);
    for (const series of names)
      store.putMetrics(
        id,
        'supernet',
        steps.map((step) => ({ series, step, value: valueAt(step) })),
      );
    const points = store.metricTable.series(id, names[0]);
    return new Map([...points.steps].map((step, at) => [step, points.values[at]]));
  } finally {
    store.close();
  }
}

/** The steps that a chart shows, as it says itself; null for the whole run. */
async function shownSteps(chart: Locator): Promise<{ from: number; to: number } | null> {
  const found = /, steps ([\d,]+) to ([\d,]+):/.exec((await chart.getAttribute('aria-label')) ?? '');
  return found && { from: Number(found[1].replaceAll(',', '')), to: Number(found[2].replaceAll(',', '')) };
}

test('zoom into a long training', async ({ window, host, projectsFolder }) => {
  const folder = copyFinished(projectsFolder, 'long');
  const stored = await makeLong(folder);
  await openProject(window, host, folder);
  const main = window.getByRole('main');
  const panel = main.getByRole('region', { name: 'Cross-entropy' });
  const chart = panel.getByRole('group', { name: /^Cross-entropy/ });
  const whole = /^Cross-entropy: Highest from/;
  await expect(chart).toHaveAccessibleName(whole);
  await expect(panel.getByText(/^[\d,]+ of [\d,]+ points$/)).toBeVisible();
  await expect(chart).toHaveAccessibleDescription(/smoothing goes by their mean/);

  // a part is chosen by dragging; all charts show it
  const box = (await chart.boundingBox())!;
  await window.mouse.move(box.x + 0.4 * box.width, box.y + 40);
  await window.mouse.down();
  await window.mouse.move(box.x + 0.5 * box.width, box.y + 60, { steps: 3 });
  await window.mouse.up();
  await expect(chart).toHaveAccessibleName(/^Cross-entropy, steps [\d,]+ to [\d,]+: Highest from/);
  const dragged = (await shownSteps(chart))!;
  expect(dragged.from / STEPS).toBeGreaterThan(0.25);
  expect(dragged.to / STEPS).toBeLessThan(0.6);
  expect((dragged.to - dragged.from) / STEPS).toBeLessThan(0.2);
  expect(await shownSteps(main.getByRole('group', { name: /^Distillation/ }))).toEqual(dragged);
  const button = main.getByRole('toolbar', { name: 'What the charts show' }).getByRole('button', { name: /^Steps / });
  await expect(button).toBeVisible();

  // closer with the keyboard, until every point is there
  await chart.focus();
  for (let i = 0; i < 4; i++) await window.keyboard.press('+');
  await expect(panel.getByText(/^all [\d,]+ points$/)).toBeVisible();
  const close = (await shownSteps(chart))!;
  expect(close.to - close.from).toBeLessThan((dragged.to - dragged.from) / 8);
  const written = (step: number) => significant('en', stored.get(step)!);
  await expect(chart).toHaveAccessibleName(new RegExp(`Highest from ${written(close.from)} to ${written(close.to)};`));
  await expectAccessible(window, 'Train, zoomed in');

  // on and back by pages, out again, and all of it
  await chart.focus();
  await window.keyboard.press('PageDown');
  await expect.poll(async () => (await shownSteps(chart))!.from).toBeGreaterThan(close.from);
  await window.keyboard.press('PageUp');
  await expect.poll(() => shownSteps(chart)).toEqual(close);
  await window.keyboard.press('-');
  await expect.poll(async () => (await shownSteps(chart))!.from).toBeLessThan(close.from);
  await window.keyboard.press('0');
  await expect(chart).toHaveAccessibleName(whole);
  await expect(button).toHaveCount(0);

  // the wheel with Ctrl; without it the page scrolls
  await window.mouse.move(box.x + 0.5 * box.width, box.y + 40);
  await window.mouse.wheel(0, -100);
  await window.keyboard.down('Control');
  await window.mouse.wheel(0, -200);
  await window.keyboard.up('Control');
  await expect.poll(() => shownSteps(chart)).not.toBeNull();
  await chart.dblclick();
  await expect(chart).toHaveAccessibleName(whole);
});
