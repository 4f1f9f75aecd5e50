import { describe, expect, test } from 'vitest';
import type { DataReport } from '../../../shared/contract/data-report.ts';
import { augmentationSchema } from '../../../shared/schema/augmentations.ts';
import { checkLayerList } from '../../../shared/schema/layer-list.ts';
import { recipeSchema, type Recipe } from '../../../shared/schema/recipe.ts';
import { networkKey } from '../../stores/network-key.ts';
import { AUGMENTATIONS, augmentFields, moved, newStep } from './augment-fields.ts';
import { scaleFor } from './image-grid.ts';
import { layerText, SAMPLE_LAYERS } from './layer-text.ts';
import { formOf, ownPart, reportFits, wishOf, withDataset } from './own-images.ts';
import { architectureEdit, modelEdit, normalizationOf } from './own-network.ts';

const recipe = (data: Partial<Recipe['data']> = {}): Recipe => {
  const made = recipeSchema.parse({ name: 'test' });
  return { ...made, data: { ...made.data, ...data } };
};
const own = { dataset: 'files', root: '/a', format: 'folder', size: [8, 12], channels: 3, classes: ['x', 'y'], skipCorrupt: true } as const;
const ownData = recipe({ ...own, size: [8, 12], classes: ['x', 'y'] }).data;

describe('the form of own images', () => {
  test('begins with what the draft says of its own images, and with nothing of others', () => {
    expect(wishOf('/a', formOf(ownData))).toEqual({
      root: '/a',
      size: [8, 12],
      channels: 3,
      resize: 'crop',
      split: { validation: 0.1, test: 0.2, seed: 0 },
      skipCorrupt: true,
    });
    expect(wishOf('/b', formOf(recipe({ size: [8, 8], skipCorrupt: true }).data))).not.toHaveProperty('size');
  });
  test.each([
    [null, null, undefined],
    [24, null, [24, 24]],
    [null, 32, [32, 32]],
    [24, 32, [24, 32]],
  ])('height %s and width %s ask for %j', (height, width, size) => {
    expect(wishOf('/a', { ...formOf(recipe().data), height, width }).size).toEqual(size);
  });

  const report = { target: { height: 8, width: 12, channels: 3, resize: 'crop' }, corrupt: [] } as unknown as DataReport;
  const start = formOf(recipe().data);
  test.each([
    [{}, true],
    [{ height: 8, width: 12, channels: 3 as const }, true],
    [{ skipCorrupt: true }, true],
    [{ height: 9, width: 12 }, false],
    [{ channels: 1 as const }, false],
    [{ seed: 1 }, false],
    [{ resize: 'stretch' as const }, false],
  ])('with %j the report fits: %s', (change, fits) => {
    expect(reportFits(report, wishOf('/a', start), wishOf('/a', { ...start, ...change }))).toBe(fits);
  });
  test('another place has another report', () => {
    expect(reportFits(report, wishOf('/a', start), wishOf('/b', start))).toBe(false);
  });
});

describe('another data set', () => {
  test('takes nothing of own images along, and they come back as they were', () => {
    const left = withDataset(ownData, 'mnist', null);
    expect(left).toEqual(recipe().data);
    expect(withDataset(left, 'files', ownPart(ownData))).toEqual(ownData);
  });
  test('the folder of MNIST stays for the cluttered digits', () => {
    expect(withDataset(recipe({ root: '/mnist' }).data, 'cluttered-mnist', null).root).toBe('/mnist');
  });
  test.each([
    ['size', { size: [9, 12] as [number, number] }, true],
    ['classes', { classes: ['x', 'y', 'z'] }, true],
    ['root', { root: '/b' }, true],
    ['shift', { shift: 2 }, false],
  ])('the network follows %s', (_name, change, follows) => {
    expect(networkKey(recipe({ ...ownData, ...change })) !== networkKey(recipe(ownData))).toBe(follows);
  });
});

describe('own networks', () => {
  test.each([
    [{ preset: 'none', mean: '', std: '' }, null],
    [
      { preset: 'symmetric', mean: '', std: '' },
      { mean: [0.5], std: [0.5] },
    ],
    [
      { preset: 'own', mean: '0.1 0.2, 0.3', std: '1 1 1' },
      { mean: [0.1, 0.2, 0.3], std: [1, 1, 1] },
    ],
    [
      { preset: 'own', mean: '0,5; 0,25', std: '0,5; 1' },
      { mean: [0.5, 0.25], std: [0.5, 1] },
    ],
    [{ preset: 'own', mean: '0.5', std: '0' }, undefined],
    [{ preset: 'own', mean: '0.5 0.5', std: '1' }, undefined],
    [{ preset: 'own', mean: 'half', std: '1' }, undefined],
    [{ preset: 'own', mean: '', std: '' }, undefined],
  ] as const)('%j is %j', (form, expected) => expect(normalizationOf(form)).toEqual(expected));

  test.each([
    [10, { architecture: 'file', file: 'net' }],
    [4, { architecture: 'file', file: 'net', classifier: 'new' }],
    [null, { architecture: 'file', file: 'net' }],
  ])('with %s classes of data a network of 10 is %j', (classes, model) => {
    const changed = recipe();
    modelEdit(changed, { name: 'net', classes: 10 }, classes);
    expect(recipeSchema.parse(changed).model).toEqual(model);
  });
  test('settings that a network does not have go with the choice', () => {
    const changed = recipe();
    changed.model = { architecture: 'mobilenetv2', width: 0.5, stem: 'small' };
    architectureEdit(changed, 'resnet18');
    expect(changed.model).toEqual({ architecture: 'resnet18', stem: 'small' });
  });
  test('the layers that one begins with are a network, and one stands on each line', () => {
    const text = layerText(SAMPLE_LAYERS);
    expect(checkLayerList(text, [8, 8, 1], 10).problem).toBeNull();
    expect(text.split('\n')).toHaveLength(SAMPLE_LAYERS.length + 2);
    expect(JSON.parse(text)).toEqual(SAMPLE_LAYERS);
  });
});

describe('augmentations', () => {
  test.each(AUGMENTATIONS)('%s: each field has limits of its own and its default lies within', (kind) => {
    const step = newStep(kind) as unknown as Record<string, number>;
    const fields = augmentFields(kind);
    expect(fields.map(({ name }) => name)).toEqual(Object.keys(step).filter((name) => name !== 'kind'));
    for (const { name, min, max } of fields) {
      expect(step[name]).toBeGreaterThanOrEqual(min);
      expect(step[name]).toBeLessThanOrEqual(max);
      expect(augmentationSchema.safeParse({ ...step, [name]: max }).success).toBe(true);
      expect(augmentationSchema.safeParse({ ...step, [name]: max + 1 }).success).toBe(false);
    }
  });
  test('pixels are whole numbers, shares are not', () => {
    expect([augmentFields('padCrop')[0].integer, augmentFields('flip')[0].integer]).toEqual([true, false]);
  });
  test.each([
    [0, 1, 'bac'],
    [2, 0, 'cab'],
    [0, -1, 'abc'],
    [2, 3, 'abc'],
  ])('%i moved to %i', (from, to, expected) => expect(moved([...'abc'], from, to).join('')).toBe(expected));
});

test.each([
  [8, 6],
  [28, 2],
  [64, 1],
  [224, 0.5],
])('an image of %i px is drawn %i times as large at zoom 2', (side, scale) => {
  expect(scaleFor({ width: side, height: side }, 2)).toBe(scale);
});
