import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

interface Finding {
  rule: string;
  help: string;
  places: string[];
}

async function findings(page: Page): Promise<Finding[]> {
  // an app window cannot open the second page that axe would otherwise use
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).withTags(RULES).analyze();
  return violations.map(({ id, help, nodes }) => ({
    rule: id,
    help,
    places: nodes.map(
      ({ target, failureSummary }) => `${target.join(' ')}: ${failureSummary?.split('\n').slice(1).join(';').trim() ?? ''}`,
    ),
  }));
}

const themeOf = (page: Page): Promise<string | null> => page.locator('html').getAttribute('data-theme');

/** With the mouse, as long as nothing lies above the page. */
async function switchTheme(page: Page): Promise<void> {
  const button = page.getByRole('button', { name: 'Switch theme' });
  if ((await page.getByRole('dialog').count()) > 0) await page.keyboard.press('Alt+t');
  else await button.click();
}

/** WCAG 2.2 AA as axe-core checks it, on what a window shows now, in both themes; the theme is as before at the end. */
export async function expectAccessible(page: Page, screen: string): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    const theme = await themeOf(page);
    expect(await findings(page), `${screen}, ${theme}`).toEqual([]);
    await switchTheme(page);
    await expect.poll(() => themeOf(page)).not.toBe(theme);
  }
}

/** The same for a page that is no part of the interface. */
export async function expectAccessiblePage(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await findings(page), `${name}, ${colorScheme}`).toEqual([]);
  }
}
