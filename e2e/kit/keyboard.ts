/// <reference lib="dom" />
import { expect, type Locator, type Page } from '@playwright/test';

/** More stops than any screen has. */
const MOST_STOPS = 120;

const hasFocus = (target: Locator): Promise<boolean> =>
  target
    .first()
    .evaluate((element) => element === element.ownerDocument.activeElement, undefined, { timeout: 2000 })
    .catch(() => false);

/** Presses Tab until something has the focus, as a person does who uses no mouse; the focus has to be seen. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target.first()).toBeVisible();
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    if (await hasFocus(target)) {
      await expectVisibleFocus(target.first());
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead to ${target}`);
}

/** The ring of the element with the focus, or of what it fills. */
async function expectVisibleFocus(target: Locator): Promise<void> {
  const seen = await target.evaluate((element) => {
    const ring = (part: Element) => {
      const { outlineStyle, outlineWidth, boxShadow, borderColor } = part.ownerDocument.defaultView!.getComputedStyle(part);
      return { outline: outlineStyle !== 'none' && parseFloat(outlineWidth) > 0, boxShadow, borderColor };
    };
    const around = [element, element.parentElement, element.nextElementSibling].filter((part): part is HTMLElement => part !== null);
    return around.some((part) => ring(part).outline);
  });
  expect(seen, `${target} shows that it has the focus`).toBe(true);
}

/** Types a command into the palette and runs the first that fits. */
export async function command(page: Page, text: string): Promise<void> {
  await page.keyboard.press('Control+Shift+P');
  const palette = page.getByRole('dialog', { name: 'Command palette' });
  // it takes the focus a moment after it is seen
  await expect(palette.getByRole('combobox')).toBeFocused();
  await page.keyboard.type(text);
  await expect(palette.getByRole('option').first()).toContainText(text);
  await page.keyboard.press('Enter');
  await expect(palette).toBeHidden();
}
