/** Everything that counts, without a mouse. */
import { basename } from 'node:path';
import { expectAccessible } from '../kit/accessibility.ts';
import { expectSearched } from '../kit/app.ts';
import { expect, test } from '../kit/fixture.ts';
import { command, tabTo } from '../kit/keyboard.ts';
import { copyFinished } from '../kit/project.ts';

test('keyboard only', async ({ window, host, projectsFolder }) => {
  const project = copyFinished(projectsFolder);
  const head = window.getByRole('heading', { level: 1 });
  const main = window.getByRole('main');
  const keyboard = window.keyboard;
  await expect(head).toHaveText('Projects');

  await test.step('open a project', async () => {
    await tabTo(window, main.getByRole('button', { name: 'Open…' }));
    if (host.kind === 'desktop') await host.choosePath(window, project, () => keyboard.press('Enter'));
    else {
      await keyboard.press('Enter');
      const picker = window.getByRole('dialog', { name: 'Open a project' });
      const row = picker.getByRole('row', { name: basename(project) });
      await tabTo(window, row);
      await keyboard.press('Enter');
    }
    await expect(head).toContainText('Train');
  });

  await test.step('regions and rail', async () => {
    await keyboard.press('Control+b');
    await expect(window.getByRole('navigation', { name: 'Screens' }).getByText('Data & model')).toBeHidden();
    await keyboard.press('Control+b');
    const regions = new Set<string>();
    for (let turn = 0; turn < 6; turn++) {
      await keyboard.press('F6');
      regions.add(await window.evaluate(() => document.activeElement?.closest('[data-region]')?.getAttribute('aria-label') ?? ''));
    }
    expect(regions.size).toBeGreaterThanOrEqual(4);
  });

  await test.step('paint the space and take it back', async () => {
    await keyboard.press('Control+2');
    await expect(head).toHaveText('Space');
    await tabTo(window, main.getByRole('gridcell', { name: /^Every free layer, weights, 2 bits/ }));
    await keyboard.press('ArrowDown');
    await keyboard.press('ArrowDown');
    const cell = main.getByRole('gridcell', { name: /^conv2, weights, 2 bits/ });
    await expect(cell).toBeFocused();
    await keyboard.press('2');
    await expect(cell).toHaveAttribute('aria-selected', 'false');
    await keyboard.press('Control+z');
    await expect(cell).toHaveAttribute('aria-selected', 'true');
    await keyboard.press('Control+Shift+z');
    await expect(cell).toHaveAttribute('aria-selected', 'false');
    await keyboard.press('Control+z');
  });

  await test.step('a chart as a table', async () => {
    await keyboard.press('Control+3');
    await expect(head).toContainText('Train');
    await tabTo(window, main.getByRole('radiogroup', { name: 'Part' }).getByRole('radio', { checked: true }));
    await expect(main.getByRole('radio', { name: 'Supernet' })).toBeChecked();
    await keyboard.press('ArrowLeft');
    await expect(main.getByRole('radio', { name: 'Float' })).toBeChecked();
    await keyboard.press('ArrowRight');
    await expect(main.getByRole('radio', { name: 'Supernet' })).toBeChecked();
    const plot = main.getByRole('group', { name: /^Cross-entropy: Highest from/ });
    await tabTo(window, plot);
    await keyboard.press('Alt+Enter');
    await expect(main.getByRole('region', { name: 'Cross-entropy' }).getByRole('columnheader').first()).toBeVisible();
    await keyboard.press('Alt+Enter');
    await expect(plot).toBeVisible();
  });

  await test.step('from a row of the search to Compare and Inspect', async () => {
    await keyboard.press('Control+5');
    await expectSearched(window);
    const rows = main.getByRole('grid', { name: 'Configurations' }).getByRole('row');
    await tabTo(window, rows.nth(1));
    await keyboard.press('c');
    await expect(window.getByText(/is in Compare as A/).first()).toBeVisible();
    await keyboard.press('ArrowDown');
    await expect(rows.nth(2)).toBeFocused();
    await keyboard.press('Space');
    await expect(rows.nth(2).getByRole('checkbox')).toBeChecked();
    await keyboard.press('Enter');
    await expect(head).toContainText('Inspect');
    await expectAccessible(window, 'Inspect');
    await keyboard.press('Alt+ArrowLeft');
    await expect(head).toContainText('Search');
    await keyboard.press('Control+6');
    await expect(main.getByRole('grid', { name: 'Compared configurations' }).getByRole('row')).toHaveCount(2);
  });

  await test.step('palette, shortcuts, theme', async () => {
    await command(window, 'Runs');
    await expect(head).toContainText('Runs');
    await expectAccessible(window, 'Runs');
    await command(window, 'Predictor');
    await expect(head).toContainText('Predictor');
    await expectAccessible(window, 'Predictor');
    await command(window, 'Engine');
    await expect(head).toContainText('Engine');
    await expectAccessible(window, 'Engine');
    await keyboard.press('Control+,');
    await expect(head).toContainText('Settings');
    await expectAccessible(window, 'Settings');
    await keyboard.press('Control+1');
    await expect(head).toContainText('Data & model');
    await expectAccessible(window, 'Data & model');
    await keyboard.press('Control+/');
    const sheet = window.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await expect(sheet).toBeVisible();
    await expectAccessible(window, 'Shortcuts');
    await keyboard.press('Escape');
    await expect(sheet).toBeHidden();
    await keyboard.press('Control+Shift+P');
    await expect(window.getByRole('dialog', { name: 'Command palette' }).getByRole('combobox')).toBeFocused();
    await expectAccessible(window, 'Palette');
    await keyboard.press('Escape');
    const theme = await window.locator('html').getAttribute('data-theme');
    await keyboard.press('Alt+t');
    await expect(window.locator('html')).not.toHaveAttribute('data-theme', theme!);
  });
});
