/** Fields of the recipe that steer the training of the supernet, with their ranges and defaults from the schema. */
import { z } from 'zod';
import { parseRecipe } from '../../../shared/schema/presets.ts';
import { recipeSchema, type Recipe } from '../../../shared/schema/recipe.ts';

export interface SettingField {
  /** e.g. `supernet.wdr.skewness`; its texts are those of `space.setting` with `-` for the dots */
  path: string;
  kind: 'number' | 'switch' | 'choice';
  /** unit: a key below `space.unit` */
  unit?: string;
  /** of the arrow keys */
  step?: number;
  /** another switch that has to be on for this to matter */
  needs?: string;
}
export interface SettingGroup {
  name: string;
  fields: readonly SettingField[];
}

const number = (path: string, step: number, unit?: string, needs?: string): SettingField => ({ path, kind: 'number', step, unit, needs });

export const SETTING_GROUPS: readonly SettingGroup[] = [
  {
    name: 'supernet',
    fields: [
      number('supernet.epochs', 1, 'epochs'),
      number('supernet.batch', 16, 'images'),
      number('supernet.learningRate', 0.0001),
      number('supernet.tableRate', 0.1, 'times'),
      number('supernet.clip', 0.1),
      number('supernet.randomSubnets', 1, 'perStep'),
      { path: 'supernet.forms', kind: 'choice' },
    ],
  },
  {
    name: 'gpg',
    fields: [{ path: 'supernet.gpg.enabled', kind: 'switch' }, number('supernet.gpg.lambda', 0.05, undefined, 'supernet.gpg.enabled')],
  },
  {
    name: 'wdr',
    fields: [
      { path: 'supernet.wdr.enabled', kind: 'switch' },
      number('supernet.wdr.skewness', 0.05, undefined, 'supernet.wdr.enabled'),
      number('supernet.wdr.kurtosis', 0.005, undefined, 'supernet.wdr.enabled'),
      number('supernet.wdr.target', 0.1, undefined, 'supernet.wdr.enabled'),
    ],
  },
  {
    name: 'calibration',
    fields: [number('calibration.images', 64, 'images'), number('calibration.shrinkSteps', 10), number('calibration.norm', 0.1)],
  },
  {
    name: 'watch',
    fields: [
      number('supernet.evaluateEvery', 10, 'steps'),
      number('supernet.evaluateImages', 100, 'images'),
      number('supernet.checkpointSeconds', 5, 'seconds'),
    ],
  },
];
export const SETTING_FIELDS: readonly SettingField[] = SETTING_GROUPS.flatMap(({ fields }) => fields);

interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  enum?: string[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
}
let schema: JsonSchema | null = null;

export interface FieldRange {
  min: number;
  max: number;
  integer: boolean;
  choices: readonly string[];
}

/** What the schema of recipes allows at a path. */
export function rangeOf(path: string): FieldRange {
  schema ??= z.toJSONSchema(recipeSchema, { io: 'input' }) as JsonSchema;
  let at: JsonSchema | undefined = schema;
  for (const part of path.split('.')) at = at?.properties?.[part];
  if (!at) throw new Error(`'${path}' is no field of a recipe`);
  const max = at.maximum ?? Infinity;
  return {
    min: at.minimum ?? at.exclusiveMinimum ?? -Infinity,
    max: max === Number.MAX_SAFE_INTEGER ? Infinity : max,
    integer: at.type === 'integer',
    choices: at.enum ?? [],
  };
}

export type SettingValue = number | boolean | string;

/** The value of a field. */
export function readField(recipe: Recipe, path: string): SettingValue {
  let at: unknown = recipe;
  for (const part of path.split('.')) at = (at as Record<string, unknown>)[part];
  return at as SettingValue;
}
/** Changes a field of the recipe in place. */
export function writeField(recipe: Recipe, path: string, value: SettingValue): void {
  const parts = path.split('.');
  const last = parts.pop()!;
  let at: unknown = recipe;
  for (const part of parts) at = (at as Record<string, unknown>)[part];
  (at as Record<string, unknown>)[last] = value;
}

/** A recipe of nothing but defaults: those of the preset that a recipe names. */
export const defaultsOf = (preset: Recipe['preset']): Recipe => parseRecipe({ name: 'defaults', preset }, 'the defaults');
