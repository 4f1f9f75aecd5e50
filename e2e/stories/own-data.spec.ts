/** A person's own images and own network: looked at, added, imported, previewed with augmentations. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pngOf, writeFiles } from '../../src/worker/data/testing/image-files.ts';
import { onnxBytes } from '../../src/worker/jobs/models/testing.ts';
import { expectAccessible } from '../kit/accessibility.ts';
import { expect, test } from '../kit/fixture.ts';

const SIDE = 16;
const CLASSES = ['bird', 'cat', 'fish', 'newt'];
const PER_CLASS = 15;

/** Class folders with one picture that is cut off. */
function writeImages(folder: string): string {
  const files: Record<string, Uint8Array> = {};
  for (const [label, name] of CLASSES.entries())
    for (let i = 0; i < PER_CLASS; i++) files[`${name}/${i}.png`] = pngOf(SIDE, SIDE, label * PER_CLASS + i);
  files['cat/cut.png'] = pngOf(SIDE, SIDE, 99).subarray(0, 60);
  return writeFiles(folder, files);
}

const network = (): Uint8Array =>
  onnxBytes(
    (graph) => {
      const first = graph.add('Relu', [graph.conv('x', [8, 3, 3], { pads: [1, 1, 1, 1] })]);
      const second = graph.add('Relu', [graph.conv(first, [8, 8, 3], { pads: [1, 1, 1, 1], strides: [2, 2] })]);
      const pooled = graph.add('Flatten', [graph.add('GlobalAveragePool', [second])]);
      return graph.add('Gemm', [pooled, graph.floats([8, CLASSES.length]), graph.floats([CLASSES.length])]);
    },
    { input: ['batch', 3, SIDE, SIDE] },
  );

test('own images checked and added, own network imported, augmentation previewed', async ({ window, host, projectsFolder }) => {
  const images = writeImages(join(projectsFolder, 'animals'));
  const file = join(projectsFolder, 'tiny-net.onnx');
  writeFileSync(file, network());
  await window.getByRole('button', { name: 'New project' }).click();
  await window.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('own');
  await window.getByRole('dialog').getByRole('button', { name: 'Make project' }).click();
  await expect(window.getByRole('heading', { level: 1 })).toContainText('Data & model');
  const main = window.getByRole('main');

  await main.getByRole('button', { name: 'Add images' }).click();
  await host.choosePath(window, images, () => window.getByRole('menuitem', { name: 'From a folder…' }).click());
  const adding = window.getByRole('dialog', { name: 'Add images' });
  await expect(adding.getByText('61 images in 4 classes')).toBeVisible();
  await expect(adding.getByText('cat/cut.png')).toBeVisible();
  await expect(adding.getByRole('button', { name: 'Use these images' })).toBeDisabled();
  await adding.getByRole('checkbox', { name: 'Leave them out' }).click();
  await expectAccessible(window, 'Add images');
  await adding.getByRole('button', { name: 'Use these images' }).click();
  await expect(adding).toBeHidden();
  await expect(main.getByRole('img', { name: /^Images 1–.*Labels: .*newt/ })).toBeVisible();

  await window.getByRole('button', { name: 'Undo' }).click();
  await expect(main.getByRole('combobox', { name: 'Data set: Digits' })).toBeVisible();
  await window.getByRole('button', { name: 'Redo' }).click();
  await expect(main.getByRole('combobox', { name: 'Data set: Own images' })).toBeVisible();

  await host.choosePath(window, file, () => main.getByRole('button', { name: 'Import a network' }).click());
  const importing = window.getByRole('dialog', { name: 'Import a network' });
  await importing.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(importing.getByText('100 % of 8 images')).toBeVisible({ timeout: 60_000 });
  await expectAccessible(window, 'Import a network');
  await importing.getByRole('button', { name: 'Use this network' }).click();
  await expect(main.getByRole('region', { name: 'Network' }).getByText('3 layers with weights, 1 elastic')).toBeVisible();

  await main.getByRole('button', { name: 'Add', exact: true }).click();
  await window.getByRole('menuitem', { name: 'Cutout' }).click();
  await expect(main.getByRole('switch', { name: 'As in training' })).toBeChecked();
  await main.getByRole('radio', { name: 'Recipe' }).click();
  const text = main.getByRole('textbox', { name: 'Recipe' });
  await expect(text).toHaveValue(/"kind": "cutout"/);
  await expect(main.getByRole('img', { name: /^Images 1–/ })).toBeVisible();
  await expectAccessible(window, 'Data & model, own images');

  await window.getByRole('button', { name: 'Undo' }).click();
  await expect(text).not.toHaveValue(/"kind": "cutout"/);
});
