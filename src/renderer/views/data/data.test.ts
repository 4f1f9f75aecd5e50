import { describe, expect, test } from 'vitest';
import type { NetworkView } from '../../../shared/contract/look.ts';
import type { LayerGraph } from '../../../shared/domain/layer-graph.ts';
import { viewNetwork } from '../../../shared/domain/network-view.ts';
import { parseRecipe } from '../../../shared/schema/presets.ts';
import { recipeSchema } from '../../../shared/schema/recipe.ts';
import { readDataSettings } from './data-settings.ts';
import { imageAt, layoutGrid, LABEL_HEIGHT } from './image-grid.ts';
import { networkRows } from './network-rows.ts';
import { setAt, valueAt, withPreset } from './recipe-fields.ts';
import { formatRecipe, readRecipeText } from './recipe-text.ts';

const recipe = () => recipeSchema.parse({ name: 'test' });

describe('fields of a recipe', () => {
  test.each([
    ['seed', 7, 7],
    ['data.clutter.noise', 0.1, 0.1],
    ['data.trainImages', 600, 600],
    ['data.trainImages', null, undefined],
  ])('%s = %j', (path, value, found) => {
    const changed = recipe();
    changed.data.trainImages = 5;
    setAt(changed, path, value);
    expect(valueAt(changed, path)).toBe(found);
  });
  test('an unknown section is refused', () => {
    expect(() => setAt(recipe(), 'nowhere.at', 1)).toThrow("'nowhere.at' is no field");
  });
});

describe('presets', () => {
  test.each(['paper', 'code'] as const)('%s sets what the reader of recipes sets, and the way back leads to the defaults', (preset) => {
    const next = withPreset(recipe(), preset);
    expect(next).toEqual(parseRecipe({ name: 'test', preset }, 'x'));
    expect(withPreset(next, 'workbench')).toEqual(recipe());
  });
  test('from one to the other nothing of the first is left', () => {
    expect(withPreset(withPreset(recipe(), 'code'), 'paper')).toEqual(parseRecipe({ name: 'test', preset: 'paper' }, 'x'));
  });
  test('own values that no preset names stay, and own values of a preset survive the way back', () => {
    const own = { ...recipe(), seed: 3 };
    const paper = withPreset(own, 'paper');
    paper.supernet.epochs = 7;
    const back = withPreset(paper, 'workbench');
    expect([back.seed, back.supernet.epochs, back.supernet.wdr.kurtosis]).toEqual([3, 7, 0.015]);
  });
});

describe('the recipe as text', () => {
  test('is read back as it was written', () => {
    const text = formatRecipe(recipe());
    expect(text).toContain('"weightBits": [2, 3, 4, 5, 6, 7, 8],\n');
    expect(readRecipeText(text)).toEqual({ recipe: recipe(), problems: [] });
  });
  test.each([
    ['{"name": "a",\n"seed": -1}', [{ line: 2, text: expect.stringContaining('seed: ') }]],
    ['{"name": "a",\n\n"pretrain": {\n"rate": 1}}', [{ line: 4, text: "unknown field 'pretrain.rate'" }]],
    ['{"name": "a"\n"seed": 1}', [{ line: 2, text: expect.objectContaining({ reason: 'comma' }) }]],
    ['{"seed": 1}', [{ line: 1, text: expect.stringContaining('name: ') }]],
    ['[1]', [{ line: 1, text: expect.any(String) }]],
  ])('%j', (text, problems) => expect(readRecipeText(text)).toEqual({ recipe: null, problems }));
  test('what is left out gets its default, that of its preset first', () => {
    expect(readRecipeText('{"name": "a", "preset": "paper"}').recipe?.supernet.epochs).toBe(120);
  });
});

const graph: LayerGraph = {
  name: 'two',
  classes: 10,
  layers: [
    { kind: 'input', name: 'input', inputs: [], shape: [8, 8, 1] },
    {
      kind: 'conv',
      name: 'a',
      inputs: ['input'],
      filters: 4,
      kernel: [3, 3],
      stride: [2, 2],
      padding: [1, 1, 1, 1],
      groups: 1,
      bias: false,
    },
    { kind: 'batchnorm', name: 'a.bn', inputs: ['a'], epsilon: 1e-5 },
    { kind: 'conv', name: 'b', inputs: ['a.bn'], filters: 4, kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], groups: 4, bias: true },
    { kind: 'globalpool', name: 'pool', inputs: ['b'] },
    { kind: 'linear', name: 'fc', inputs: ['pool'], units: 10, bias: true },
  ],
};
const view: NetworkView = { ...viewNetwork(graph), macs: 0 };

describe('rows of the network', () => {
  test('of the layers with weights', () => {
    expect(
      networkRows(view, false).map(({ number, name, depthwise, kernel, weights, others, pinned }) => [
        number,
        name,
        depthwise,
        kernel,
        weights,
        others,
        pinned,
      ]),
    ).toEqual([
      [1, 'a', false, [3, 3], 36, null, true],
      [2, 'b', true, [3, 3], 36, 4, false],
      [3, 'fc', false, null, 40, 10, true],
    ]);
  });
  test('of every operation add up to the parameters of the network', () => {
    const rows = networkRows(view, true);
    expect(rows.map(({ name }) => name)).toEqual(graph.layers.map(({ name }) => name));
    expect(rows.reduce((sum, { weights, others }) => sum + (weights ?? 0) + (others ?? 0), 0)).toBe(view.parameters);
  });
});

describe('the grid of images', () => {
  const image = { width: 28, height: 28 };
  test.each([
    [{ width: 548, height: 280 }, 2, [8, 3]],
    [{ width: 548, height: 280 }, 1, [15, 5]],
    [{ width: 10, height: 10 }, 4, [1, 1]],
    [{ width: 1600, height: 4000 }, 1, [44, 11]],
  ])('%j at %i', (box, zoom, expected) => {
    const { columns, rows } = layoutGrid(box, image, zoom);
    expect([columns, rows]).toEqual(expected);
    expect(columns * rows).toBeLessThanOrEqual(512);
  });
  test('finds the image under the pointer, and none between two', () => {
    const layout = layoutGrid({ width: 548, height: 280 }, image, 2);
    const at = (column: number, row: number, x: number, y: number) =>
      imageAt(layout, 20, column * layout.stepX + x, row * layout.stepY + y);
    expect([at(0, 0, 5, 5), at(2, 1, 5, 5), at(0, 0, 59, 5), at(0, 0, 5, 56 + LABEL_HEIGHT + 3), at(5, 2, 5, 5), at(-1, 0, 0, 0)]).toEqual([
      0,
      10,
      null,
      null,
      null,
      null,
    ]);
  });
});

test('settings of the screen: nonsense gets defaults', () => {
  expect(readDataSettings({ split: 'x', label: -1, zoom: 9, part: 1, text: 3, augmented: 'yes' })).toEqual(readDataSettings(undefined));
  expect(readDataSettings({ split: 'test', label: 4, zoom: 3, text: '{' })).toMatchObject({ split: 'test', label: 4, zoom: 3, text: '{' });
});
