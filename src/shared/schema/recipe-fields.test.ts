import { expect, test } from 'vitest';
import { augmentationSchema } from './augmentations.ts';
import { layerListSchema } from './layer-list.ts';
import { describeRecipe } from './recipe-fields.ts';
import { recipeSchema } from './recipe.ts';

const { fields, sections } = describeRecipe();
const field = (path: string) => fields.find((candidate) => candidate.path === path);

test.each([
  ['name', 'string', '^[a-z0-9][a-z0-9-]*$', null, true],
  ['seed', 'integer', '0..4294967295', '0', false],
  ['data.trainImages', 'integer', '>= 1', null, false],
  ['space.weightBits', 'list of integers', '2..8, at least 1', '[2,3,4,5,6,7,8]', false],
  ['space.granularities', 'list of names', 'tensor | channel, at least 1', '["tensor","channel"]', false],
  ['space.layers', 'object', '', '{}', false],
  ['space.layers.NAME.weightBits', 'list of integers', '2..8, at least 1', null, false],
  ['search.parents', 'number', '> 0, <= 1', '0.25', false],
  ['data.size', 'list of 2 integers', '1..1024', null, false],
  ['data.channels', 'number', '1 | 3', null, false],
  ['data.augment.flip.share', 'number', '0..1', '0.5', false],
  ['model.layers.conv.filters', 'integer', '1..65536', null, true],
  ['model.layers.maxpool/avgpool.padding', 'name or integer or list of 4 integers', 'same | valid | 0..65536 | 0..65536', '"valid"', false],
  ['supernet.wdr.enabled', 'boolean', '', 'true', false],
])('%s', (path, type, range, value, required) => {
  expect(field(path)).toMatchObject({ type, range, default: value, required });
});

test('every field and section says what it is', () => {
  expect(fields.filter(({ description }) => !description)).toEqual([]);
  expect([...sections].filter(([, description]) => !description)).toEqual([]);
});

/** An entry of each list of objects with nothing but what it needs, by the path of the list and the kind. */
const ENTRIES: Readonly<Record<string, (kind: string) => unknown>> = {
  'data.augment': (kind) => augmentationSchema.parse({ kind }),
  'model.layers': (kinds) => {
    const [kind] = kinds.split('/');
    const needs = { conv: { filters: 1 }, maxpool: { kernel: 2 } };
    return layerListSchema.parse([{ kind, ...needs[kind as keyof typeof needs] }])[0];
  },
};

test('the defaults are those that the schema fills in', () => {
  const filled = recipeSchema.parse({ name: 'x' });
  for (const { path, default: value } of fields) {
    if (value === null) continue;
    const [section, list, kind, setting] = path.split('.');
    const entry = setting === undefined ? undefined : ENTRIES[`${section}.${list}`]?.(kind);
    const actual = (entry ? [setting] : path.split('.')).reduce<unknown>(
      (at, key) => (at as Record<string, unknown>)[key],
      entry ?? filled,
    );
    expect([path, actual]).toEqual([path, JSON.parse(value)]);
  }
});
