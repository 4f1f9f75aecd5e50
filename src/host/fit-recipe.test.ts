import { describe, expect, test } from 'vitest';
import { parseRecipe } from '../shared/schema/presets.ts';
import { bundledRecipe, bundledRecipeNames } from './recipes.ts';
import { fitRecipe } from './fit-recipe.ts';

const fit = (over: object) => {
  const json = { name: 'a', ...over };
  return fitRecipe(parseRecipe(json, 'Recipe a'), json, 'Recipe a');
};

test('the whole space holds everything', () => {
  expect(fit({})).toEqual(parseRecipe({ name: 'a' }, 'test'));
  for (const name of bundledRecipeNames()) expect(() => bundledRecipe(name)).not.toThrow();
});

test.each([
  [{ data: { validationImages: 200 } }, 200],
  [{ data: { validationImages: 200 }, supernet: { evaluateImages: 300 } }, 300],
  [{}, 1000],
])('%j: the supernet is watched on %i validation images', (over, images) => expect(fit(over).supernet.evaluateImages).toBe(images));

test('defaults shrink to the space', () => {
  const {
    evaluation,
    search,
    export: exported,
  } = fit({
    space: { weightBits: [4, 2], activationBits: [2, 4], granularities: ['tensor'], activationSymmetries: ['symmetric'] },
  });
  expect(evaluation).toMatchObject({ gridBits: [2, 4], gridForms: ['tss', 'tas'] });
  expect(search).toMatchObject({ forms: ['tss', 'tas'], targets: [2.5, 3, 3.5, 4] });
  expect(exported).toEqual({ targets: [3], uniformBits: [] });
});

test('layers with sets of their own widen what can be reached, and narrow what is uniform', () => {
  const space = { weightBits: [4, 5], activationBits: [4, 5], layers: { inner: { weightBits: [2, 5], activationBits: [3, 5] } } };
  const { evaluation, search } = fit({ space });
  expect(evaluation.gridBits).toEqual([4, 5]);
  expect(search.targets).toEqual([3, 3.5, 4, 5]);
  expect(() => fit({ space, export: { uniformBits: [4, 5] } })).toThrow(
    "'export.uniformBits' names 4, which is not allowed in every layer (5)",
  );
  const single = { weightBits: [8], activationBits: [8], layers: { inner: { weightBits: [2, 5] } } };
  expect(fit({ space: single, search: { targets: [8] }, export: { targets: [8] } }).search.targets).toEqual([8]);
});

describe('what is written must fit', () => {
  const space = { weightBits: [2, 4], activationBits: [4, 5], granularities: ['channel'] };
  test.each([
    [
      { evaluation: { gridForms: ['tss', 'css'] } },
      "'evaluation.gridForms' names tss, which is not a form of the space (css, csa, cas, caa)",
    ],
    [
      { evaluation: { gridBits: [2, 4] } },
      "'evaluation.gridBits' names 2, which is not in both space.weightBits and space.activationBits (4)",
    ],
    [{ search: { forms: ['taa'] } }, "'search.forms' names taa, which is not a form of the space"],
    [
      { search: { targets: [3, 4, 4.5] } },
      "'search.targets' names 3, 4.5, which is not an average that weights and activations of the space can have (at least 4, below 4.5)",
    ],
    [{ search: { targets: [4] }, export: { targets: [3] } }, "'export.targets' names 3, which is not one of search.targets"],
    [{ export: { uniformBits: [8] } }, "'export.uniformBits' names 8, which is not in both"],
  ])('%j', (over, message) => {
    expect(() => fit({ space, ...over })).toThrow(`Recipe a asks for what its space does not hold: ${message}`);
  });

  test('a space of one configuration', () => {
    expect(() => fit({ space: { weightBits: [8], activationBits: [8] } })).toThrow(
      "'space.weightBits' is [8] and 'space.activationBits' is [8], which leaves nothing to choose: name a second bit-width in one of them",
    );
  });
});
