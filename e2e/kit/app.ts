/** What a person does in many stories. */
import { expect, type Locator, type Page } from '@playwright/test';
import type { WorkbenchHost } from './workbench-host.ts';

/** A run of the recipes of the stories on a busy machine. */
export const RUN_MS = 180_000;

/** Title of the sample `tiny`. */
export const TINY = /A hundredth of MNIST/;

/** A step of the pipeline in the rail. */
const step = (page: Page, name: string): Locator =>
  page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: new RegExp(`^${name}(,|$)`) });

/** Opens a screen by the rail. */
export async function goTo(page: Page, name: string): Promise<void> {
  await step(page, name).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
}

/** Waits until the state of a step in the rail is this. */
export async function expectStep(page: Page, name: string, state: RegExp, timeout?: number): Promise<void> {
  await expect(step(page, name)).toHaveAccessibleName(state, { timeout });
}

/**
 * Waits until everything that the search has looked at is there, with its prediction: first come the candidates, last the
 * predictions of uniform configurations, and rows change places.
 */
export async function expectSearched(page: Page): Promise<void> {
  const main = page.getByRole('main');
  await expect(main.getByText(/\d{2,} configurations · searched in/)).toBeVisible();
  const rows = main.getByRole('grid', { name: 'Configurations' }).getByRole('row');
  const predictions = () => rows.evaluateAll((all) => all.slice(1).map((row) => row.querySelectorAll('[role=gridcell]')[2]?.textContent));
  await expect.poll(predictions).not.toContain('—');
}

/** The card of a sample on the first screen. */
export const sample = (page: Page, title: RegExp): Locator =>
  page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: title }) });

/** Opens a project by its folder. */
export async function openProject(page: Page, host: WorkbenchHost, folder: string): Promise<void> {
  await host.choosePath(page, folder, () => page.getByRole('button', { name: 'Open…' }).click());
  await expect(page.getByRole('button', { name: /^Project / })).toBeVisible();
}

/** Opens a project of the list on the first screen. */
export async function openRecent(page: Page, name: string): Promise<void> {
  await page.getByRole('grid', { name: 'Recent' }).getByRole('row', { name }).dblclick();
  await expect(page.getByRole('button', { name: `Project ${name}` })).toBeVisible();
}

/** Makes a project for a recipe file. */
export async function makeProject(page: Page, host: WorkbenchHost, name: string, recipe: string): Promise<void> {
  await page.getByRole('button', { name: 'New project' }).click();
  const dialog = page.getByRole('dialog', { name: 'New project' });
  await dialog.getByRole('textbox', { name: 'Name' }).fill(name);
  await dialog.getByRole('button', { name: 'Make project' }).click();
  await page.getByRole('button', { name: `Project ${name}` }).click();
  await host.choosePath(page, recipe, () => page.getByRole('menuitem', { name: /^Load recipe…/ }).click());
  await expect(page.getByText(/^Recipe \S+ loaded$/).first()).toBeVisible();
}

/** Waits until the elastic training of the shown run has done some steps. */
export async function waitForTraining(page: Page, steps: number): Promise<void> {
  const status = page.getByRole('contentinfo', { name: 'Status' });
  await expect(status).toContainText(/Supernet/, { timeout: RUN_MS });
  await expect
    .poll(async () => Number(/Step ([\d,]+)/.exec((await status.textContent()) ?? '')?.[1].replaceAll(',', '') ?? 0), { timeout: RUN_MS })
    .toBeGreaterThanOrEqual(steps);
}
