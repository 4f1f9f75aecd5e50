/** The space is painted, the recipe follows, and undo brings both back. */
import { expectAccessible } from '../kit/accessibility.ts';
import { goTo, openProject } from '../kit/app.ts';
import { expect, test } from '../kit/fixture.ts';
import { copyFinished } from '../kit/project.ts';

test('change the space, see the recipe follow, undo', async ({ window, host, projectsFolder }) => {
  await openProject(window, host, copyFinished(projectsFolder));
  await goTo(window, 'Space');
  const cell = window.getByRole('gridcell', { name: /^Every free layer, weights, 2 bits/ });
  const text = window.getByRole('textbox', { name: 'Space section of the recipe as JSON' });
  const bits = async () => (JSON.parse(await text.inputValue()) as { space: { weightBits: number[] } }).space.weightBits;
  expect(await bits()).toEqual([2, 3, 4, 5, 6, 7, 8]);
  await expectAccessible(window, 'Space');

  await cell.click();
  await expect(cell).toHaveAttribute('aria-selected', 'false');
  await expect.poll(bits).toEqual([3, 4, 5, 6, 7, 8]);
  await expect(window.getByText(/^Saved /)).toBeVisible();

  await window.getByRole('button', { name: 'Undo' }).click();
  await expect(cell).toHaveAttribute('aria-selected', 'true');
  await expect.poll(bits).toEqual([2, 3, 4, 5, 6, 7, 8]);

  // a layer is kept at 8 bits by its key, and free again by its switch
  const pinned = async () => (JSON.parse(await text.inputValue()) as { space: { pinned?: string[] } }).space.pinned;
  const second = window.getByRole('rowheader').nth(2).getByRole('button');
  const name = await second.innerText();
  await second.focus();
  await window.keyboard.press('f');
  await expect.poll(pinned).toEqual([name]);
  await expect(window.getByRole('gridcell', { name: `${name}, weights, 8 bits, fixed` })).toBeVisible();
  await second.click();
  const keep = window.getByRole('switch', { name: 'Keep at 8 bits' });
  await expect(keep).toBeChecked();
  await expectAccessible(window, 'Space, a layer');
  await keep.click();
  await window.getByRole('tab', { name: 'Recipe' }).click();
  await expect.poll(pinned).toBe(undefined);

  // the other way round: text that is typed is painted
  await text.fill((await text.inputValue()).replace(/"activationBits": \[[^\]]*\]/, '"activationBits": [4, 8]'));
  await expect(window.getByRole('gridcell', { name: /^Every free layer, activations, 5 bits/ })).toHaveAttribute('aria-selected', 'false');
  await window.getByRole('button', { name: 'Undo' }).click();
  await expect(window.getByRole('gridcell', { name: /^Every free layer, activations, 5 bits/ })).toHaveAttribute('aria-selected', 'true');
  await window.getByRole('button', { name: 'Redo' }).click();
  await expect(text).toHaveValue(/"activationBits": \[\s*4,\s*8\s*\]/);
});
