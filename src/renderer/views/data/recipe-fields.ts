/** Single fields of the draft: where they are, what they may be, and a recipe with one of them changed. */
import { PRESETS } from '../../../shared/schema/presets.ts';
import { recipeSchema, type Recipe } from '../../../shared/schema/recipe.ts';
import { canonicalJson } from '../../../shared/domain/canonical-json.ts';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at a path such as `data.clutter.noise`; undefined where there is none. */
export function valueAt(root: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), root);
}

/** Writes into a recipe; null and undefined leave an optional field out. */
export function setAt(recipe: Recipe, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  const section = keys.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), recipe);
  if (!isObject(section)) throw new Error(`'${path}' is no field of a recipe`);
  if (value === null || value === undefined) delete section[last];
  else section[last] = value;
}

function leaves(value: Json, prefix = ''): string[] {
  return Object.entries(value).flatMap(([key, own]) => (isObject(own) ? leaves(own, `${prefix}${key}.`) : [`${prefix}${key}`]));
}
/** Every field that some preset sets. */
const PRESET_FIELDS: readonly string[] = [...new Set(Object.values(PRESETS).flatMap((preset) => leaves(preset)))].sort();

/**
 * The recipe with another preset: what the new one sets is set, and what only the old one had set goes back to its default.
 * Values of a person's own that neither of them names stay.
 */
export function withPreset(recipe: Recipe, preset: Recipe['preset']): Recipe {
  const next = JSON.parse(JSON.stringify(recipe)) as Recipe;
  const defaults = recipeSchema.parse({ name: recipe.name });
  const same = (a: unknown, b: unknown): boolean => canonicalJson(a ?? null) === canonicalJson(b ?? null);
  next.preset = preset;
  for (const path of PRESET_FIELDS) {
    const wanted = valueAt(PRESETS[preset], path);
    const before = valueAt(PRESETS[recipe.preset], path);
    if (wanted !== undefined) setAt(next, path, JSON.parse(JSON.stringify(wanted)));
    else if (before !== undefined && same(before, valueAt(recipe, path))) setAt(next, path, valueAt(defaults, path));
  }
  return next;
}
