import { WorkbenchError } from '../shared/contract/errors.ts';
import { formKey, formsOf } from '../shared/domain/form.ts';
import { WINDOW_BITS } from '../shared/domain/space.ts';
import type { Recipe } from '../shared/schema/recipe.ts';

function isWritten(json: unknown, section: string, field: string): boolean {
  const part = (json as Record<string, unknown> | null)?.[section];
  return typeof part === 'object' && part !== null && field in part;
}

/**
 * Brings what a recipe measures, searches and exports in line with its space and images, so that no hour of training goes by before
 * somebody notices: defaults shrink to what the space holds; what was written outside of it is an error.
 * @param json the recipe as it was written
 * @param source for the error
 * @throws WorkbenchError `recipe-invalid` with one sentence for each field that does not fit
 */
export function fitRecipe(recipe: Recipe, json: unknown, source: string): Recipe {
  const { space, evaluation, search } = recipe;
  const problems: string[] = [];
  const within = <T extends string | number>(
    section: keyof Recipe,
    field: string,
    values: T[],
    holds: (value: T) => boolean,
    what: string,
  ) => {
    const outside = values.filter((value) => !holds(value));
    if (!outside.length) return values;
    if (isWritten(json, section, field)) problems.push(`'${section}.${field}' names ${outside.join(', ')}, which is not ${what}`);
    return values.filter(holds);
  };
  const { weightBits, activationBits } = space;
  const own = Object.values(space.layers);
  const layers = [
    space,
    ...own.map((layer) => ({ weightBits: layer.weightBits ?? weightBits, activationBits: layer.activationBits ?? activationBits })),
  ];
  if (layers.every((layer) => layer.weightBits.length * layer.activationBits.length === 1)) {
    problems.push(
      `'space.weightBits' is [${weightBits.join()}] and 'space.activationBits' is [${activationBits.join()}], which leaves nothing to choose: name a second bit-width in one of them`,
    );
  }
  const forms = formsOf(space).map(formKey);
  const isForm = (form: string) => forms.some((known) => known === form);
  const whatForm = `a form of the space (${forms.join(', ')})`;
  const uniform = weightBits.filter((bits) => activationBits.includes(bits));
  const isUniform = (bits: number) => uniform.includes(bits);
  const whatBits = `in both space.weightBits and space.activationBits (${uniform.join(', ') || 'none'})`;
  const everywhere = uniform.filter((bits) =>
    layers.every((layer) => layer.weightBits.includes(bits) && layer.activationBits.includes(bits)),
  );
  const whatEverywhere = own.length ? `allowed in every layer (${everywhere.join(', ') || 'none'})` : whatBits;
  // Layers weigh by their size, which only the network tells: the worker refuses what their own sets make unreachable.
  const all = (field: 'weightBits' | 'activationBits') => layers.flatMap((layer) => layer[field]);
  const low = Math.max(Math.min(...all('weightBits')), Math.min(...all('activationBits')));
  const high = Math.min(Math.max(...all('weightBits')), Math.max(...all('activationBits'))) + WINDOW_BITS;
  const targets = within(
    'search',
    'targets',
    search.targets,
    (target) => target >= low && target < high,
    `an average that weights and activations of the space can have (at least ${low}, below ${high})`,
  );
  if (!targets.length && !problems.length) problems.push(`no target is left: name 'search.targets' of at least ${low} and below ${high}`);
  const { evaluateImages } = recipe.supernet;
  const seen = isWritten(json, 'supernet', 'evaluateImages') ? evaluateImages : Math.min(evaluateImages, recipe.data.validationImages);
  const fitted: Recipe = {
    ...recipe,
    supernet: { ...recipe.supernet, evaluateImages: seen },
    evaluation: {
      ...evaluation,
      gridForms: within('evaluation', 'gridForms', evaluation.gridForms, isForm, whatForm),
      gridBits: within('evaluation', 'gridBits', evaluation.gridBits, isUniform, whatBits),
    },
    search: { ...search, targets, forms: within('search', 'forms', search.forms, isForm, whatForm) },
    export: {
      targets: within('export', 'targets', recipe.export.targets, (target) => targets.includes(target), `one of search.targets`),
      uniformBits: within('export', 'uniformBits', recipe.export.uniformBits, (bits) => everywhere.includes(bits), whatEverywhere),
    },
  };
  if (!problems.length) return fitted;
  throw new WorkbenchError('recipe-invalid', `${source} asks for what its space does not hold: ${problems.join('; ')}.`, { problems });
}
