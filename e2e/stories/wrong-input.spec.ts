/** Wrong input in every form: a sentence at its place that names it, and nothing is lost. */
import type { Locator, Page } from '@playwright/test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectAccessible } from '../kit/accessibility.ts';
import { goTo, openProject } from '../kit/app.ts';
import { expect, test } from '../kit/fixture.ts';
import { copyFinished } from '../kit/project.ts';

/** Types each wrong text, expects its sentence, and puts back what was there. */
async function expectRefused(page: Page, field: Locator, cases: readonly (readonly [typed: string, sentence: RegExp])[]): Promise<void> {
  const before = await field.inputValue();
  for (const [typed, sentence] of cases) {
    await field.fill(typed);
    await field.press('Tab');
    await expect(page.getByText(sentence).first(), `'${typed}'`).toBeVisible();
    await expect(field).toHaveAttribute('aria-invalid', 'true');
  }
  await field.fill(before);
  await field.press('Tab');
  await expect(field).not.toHaveAttribute('aria-invalid', 'true');
}

test('projects', async ({ window, host, projectsFolder, places }) => {
  const taken = copyFinished(projectsFolder, 'taken');
  const main = window.getByRole('main');
  await main.getByRole('button', { name: 'New project' }).click();
  const dialog = window.getByRole('dialog', { name: 'New project' });
  const name = dialog.getByRole('textbox', { name: 'Name' });
  await expect(name).toHaveValue('digits');
  await expectRefused(window, name, [
    ['', /A project needs a name/],
    ['a/b', /'a\/b' cannot be the name of a folder/],
    ['taken', /taken\.eqnet/],
  ]);
  await name.fill('taken');
  await expect(dialog.getByRole('button', { name: 'Make project' })).toBeDisabled();
  await expectAccessible(window, 'New project, refused');
  await window.keyboard.press('Escape');

  const notes = join(projectsFolder, 'notes');
  writeFileSync(`${notes}.json`, '{"name": "notes", "pretrain": {"epochs": -1}}');
  if (host.kind === 'browser') {
    await main.getByRole('button', { name: 'Open…' }).click();
    const picker = window.getByRole('dialog', { name: 'Open a project' });
    await expect(picker.getByRole('textbox', { name: 'Path' })).toHaveValue(projectsFolder);
    await expectRefused(window, picker.getByRole('textbox', { name: 'Path' }), [
      [join(projectsFolder, 'missing'), /missing/],
      [places.home, new RegExp(places.home)],
    ]);
    await expectAccessible(window, 'Open a project, refused');
    await picker.getByRole('button', { name: 'Cancel' }).click();
  } else {
    await host.choosePath(window, projectsFolder, () => main.getByRole('button', { name: 'Open…' }).click());
    await expect(window.getByText(new RegExp(`${projectsFolder} is not an EQ-Net project`)).first()).toBeVisible();
  }

  await openProject(window, host, taken);
  await window.getByRole('button', { name: 'Project finished' }).click();
  await host.choosePath(window, `${notes}.json`, () => window.getByRole('menuitem', { name: /^Load recipe…/ }).click());
  await expect(window.getByText(/The recipe was not loaded: .*pretrain\.epochs/).first()).toBeVisible();
});

test('data, model and the recipe as text', async ({ window, host, projectsFolder }) => {
  await openProject(window, host, copyFinished(projectsFolder));
  await goTo(window, 'Data & model');
  const main = window.getByRole('main');
  const field = (label: string) => main.getByRole('textbox', { name: label, exact: true });
  await expectRefused(window, field('Epochs'), [
    ['many', /'many' is not a number/],
    ['-1', /'-1' is below/],
  ]);
  await expectRefused(window, field('Batch'), [['1.5', /'1\.5' is not a whole number/]]);
  await expectRefused(window, field('Learning rate'), [['-1', /'-1' is below/]]);
  await expectRefused(window, field('Seed'), [['-5', /'-5' is below/]]);
  await expectRefused(window, field('Random shift, up to'), [['99', /'99' is above/]]);
  await expectRefused(window, field('Name'), [['a b', /'a b' cannot be a name/]]);
  await expectRefused(window, field('Training images'), [['9999999', /9,?999,?999/]]);
  await expectRefused(window, field('Folder of the images'), [[join(projectsFolder, 'none'), /none/]]);
  await expectAccessible(window, 'Data & model');

  await main.getByRole('radio', { name: 'Recipe', exact: true }).click();
  const text = main.getByRole('textbox', { name: 'Recipe' });
  const good = await text.inputValue();
  for (const [wrong, sentence] of [
    [good.replace(/"seed": \d+/, '"seed": -3'), /Too small|-3/],
    [good.replace('"seed"', '"sead"'), /sead/],
    [good.slice(0, -3), /ends too early/],
  ] as const) {
    await text.fill(wrong);
    await expect(main.getByText('This text is not in use yet: 1 problem.')).toBeVisible();
    await expect(main.getByRole('alert').getByText(sentence).first()).toBeVisible();
  }
  await expectAccessible(window, 'Recipe as text, refused');
  await main.getByRole('button', { name: 'Discard the text' }).click();
  await expect(text).toHaveValue(good);
});

test('space and training', async ({ window, host, projectsFolder }) => {
  await openProject(window, host, copyFinished(projectsFolder));
  await goTo(window, 'Space');
  const main = window.getByRole('main');
  const text = main.getByRole('textbox', { name: 'Space section of the recipe as JSON' });
  const good = await text.inputValue();
  for (const [wrong, sentence] of [
    [good.replace('[2,', '[1,'), /1/],
    [good.slice(0, -4), /ends too early/],
    [good.replace('"layers"', '"lairs"'), /lairs/],
  ] as const) {
    await text.fill(wrong);
    await expect(text).toHaveAttribute('aria-invalid', 'true');
    await expect(main.getByText(sentence).first()).toBeVisible();
  }
  await expectAccessible(window, 'Space as text, refused');
  await main.getByRole('button', { name: 'Discard text' }).click();
  await expect(text).toHaveValue(good);

  // the last bit-width of a set cannot be taken away
  await main.getByRole('button', { name: 'Presets' }).click();
  await window.getByRole('menuitem', { name: /^Weights only/ }).click();
  await main.getByRole('gridcell', { name: /^Every free layer, activations, 8 bits/ }).click();
  await expect(main.getByText(/one bit-width has to stay/)).toBeVisible();
  await window.getByRole('button', { name: 'Undo' }).click();

  await main.getByRole('tab', { name: 'Training' }).click();
  await expectRefused(window, main.getByRole('textbox', { name: 'Length' }), [['long', /'long' is not a number/]]);
  await expectRefused(window, main.getByRole('textbox', { name: 'Random subnets' }), [['-1', /'-1' is below/]]);
  await expectAccessible(window, 'Training settings');
});

test('predictor, search, compare, inspect, runs, settings', async ({ window, host, projectsFolder }) => {
  await openProject(window, host, copyFinished(projectsFolder));
  const main = window.getByRole('main');
  await test.step('predictor', async () => {
    await goTo(window, 'Predictor');
    await expectRefused(window, main.getByRole('textbox', { name: 'To train' }), [['0.5', /'0\.5' is not a whole number/]]);
    await expectRefused(window, main.getByRole('textbox', { name: 'Hidden layers, units' }), [['a, b', /'a, b' is not a list/]]);
    await expectAccessible(window, 'Predictor');
  });
  await test.step('search', async () => {
    await goTo(window, 'Search');
    await expectRefused(
      window,
      main
        .getByRole('textbox', { name: 'Packed size, lower limit' })
        .or(main.getByRole('textbox', { name: /^Packed size/ }))
        .first(),
      [['small', /“small” is no limit/]],
    );
    await main.getByRole('button', { name: 'Search more…' }).click();
    const dialog = window.getByRole('dialog', { name: 'Search more' });
    await expectRefused(window, dialog.getByRole('textbox', { name: 'Average weight bits, at most' }), [['9', /'9' is above 8/]]);
    await expectAccessible(window, 'Search more');
    await window.keyboard.press('Escape');
  });
  await test.step('compare', async () => {
    await goTo(window, 'Compare');
    await main.getByRole('button', { name: 'Add a configuration' }).click();
    const dialog = window.getByRole('dialog', { name: 'Add to Compare' });
    await dialog.getByRole('tab', { name: 'As text' }).click();
    await dialog.getByRole('textbox', { name: 'Configuration as JSON' }).fill('{"layers": [{"name": "conv1"}]}');
    await expect(dialog.getByRole('textbox', { name: 'Configuration as JSON' })).toHaveAttribute('aria-invalid', 'true');
    await expect(dialog.getByText(/layers\[0\]\.weightBits/)).toBeVisible();
    await expect(dialog.getByRole('button', { name: 'Add', exact: true })).toBeDisabled();
    await expectAccessible(window, 'Add to Compare, refused');
    await dialog.getByRole('tab', { name: 'Uniform' }).click();
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await main.getByRole('button', { name: 'Actions of A' }).click();
    await window.getByRole('menuitem', { name: 'Rename…' }).click();
    const rename = window.getByRole('dialog', { name: 'Rename the configuration' });
    await expectRefused(window, rename.getByRole('textbox', { name: 'Name' }), [['', /A name needs at least one character/]]);
    await window.keyboard.press('Escape');
  });
  await test.step('settings', async () => {
    await goTo(window, 'Settings');
    await expectRefused(window, main.getByRole('textbox', { name: 'Threads of new runs' }), [
      ['0', /'0' is below 1/],
      ['two', /'two' is not a number/],
    ]);
    await expectRefused(window, main.getByRole('textbox', { name: 'Jobs at the same time' }), [['17', /'17' is above 16/]]);
  });
});
