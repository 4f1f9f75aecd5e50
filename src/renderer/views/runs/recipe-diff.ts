/** Recipes side by side. */
import { canonicalJson } from '../../../shared/domain/canonical-json.ts';

export interface DiffRow {
  /** e.g. `supernet.wdr.skewness` */
  path: string;
  /** JSON text by recipe; null where it has no such field */
  values: (string | null)[];
  /** by recipe, whether it is another value than the baseline's */
  differs: boolean[];
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every leaf of a JSON value with its path; a list and an empty object count as leaves. */
function leaves(value: unknown, path: string, into: Map<string, string>): void {
  if (isObject(value) && Object.keys(value).length > 0) {
    for (const [key, own] of Object.entries(value)) if (own !== undefined) leaves(own, path ? `${path}.${key}` : key, into);
  } else into.set(path, canonicalJson(value).replaceAll(',', ', '));
}

/**
 * All fields of some recipes in the order of the first that has them.
 * @param baseline index of the recipe that the others are held against
 */
export function diffRecipes(recipes: readonly unknown[], baseline: number): DiffRow[] {
  const tables = recipes.map((recipe) => {
    const found = new Map<string, string>();
    leaves(recipe, '', found);
    return found;
  });
  const order = [...new Set(tables.flatMap((table) => [...table.keys()]))];
  // a field that only some recipes have stands with its section
  const place = new Map(order.map((path, index) => [path.split('.')[0], index] as const).reverse());
  order.sort((a, b) => (place.get(a.split('.')[0]) ?? 0) - (place.get(b.split('.')[0]) ?? 0));
  return order.map((path) => {
    const values = tables.map((table) => table.get(path) ?? null);
    return { path, values, differs: values.map((value) => value !== (values[baseline] ?? null)) };
  });
}

export const isDifferent = (row: DiffRow): boolean => row.differs.includes(true);

/** A value as people read it: texts without quotes. */
export function valueText(json: string): string {
  return /^"[^"\\]*"$/.test(json) ? json.slice(1, -1) : json;
}
