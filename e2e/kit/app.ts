/** What a person does in many stories. */
import { expect, type Locator, type Page } from '@playwright/test';

/** Time of a run of the recipe `tiny` on a busy machine. */
export const RUN_MS = 180_000;

/** A step of the pipeline in the rail. */
export const step = (page: Page, name: string): Locator =>
  page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: new RegExp(`^${name}(,|$)`) });

/** Opens a screen by the rail. */
export async function goTo(page: Page, name: string): Promise<void> {
  await step(page, name).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
}

/** The card of a sample on the first screen. */
export const sample = (page: Page, title: RegExp): Locator => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: title }) });

/** Title of the sample `tiny`. */
export const TINY = /A hundredth of MNIST/;

/** Waits until the state of a step in the rail is this. */
export async function expectStep(page: Page, name: string, state: RegExp, timeout?: number): Promise<void> {
  await expect(step(page, name)).toHaveAccessibleName(state, { timeout });
}
