import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { WorkbenchError } from '../shared/contract/errors.ts';
import { parseRecipe } from '../shared/schema/presets.ts';
import type { Recipe } from '../shared/schema/recipe.ts';
import { fitRecipe } from './fit-recipe.ts';
import { packageRoot } from './package-root.ts';
import { withoutMark } from './text-file.ts';

const folder = join(packageRoot, 'resources', 'recipes');

/** Names of the recipes that come with the program. */
export function bundledRecipeNames(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => basename(name, '.json'))
    .sort();
}

/**
 * Reads a recipe file.
 * @param source what the sentence of an error calls it
 * @throws WorkbenchError `recipe-invalid`; `details.problems` lists what is wrong where several things are
 */
export function readRecipe(path: string, source: string): Recipe {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new WorkbenchError(
      'recipe-invalid',
      `${source} cannot be read (${(error as NodeJS.ErrnoException).code}): check the path and its permissions.`,
      {},
      error,
    );
  }
  return readRecipeText(text, source);
}

/** As `readRecipe`, for text. */
export function readRecipeText(text: string, source: string): Recipe {
  let json: unknown;
  try {
    json = JSON.parse(withoutMark(text));
  } catch (error) {
    throw new WorkbenchError('recipe-invalid', `${source} is not valid JSON (${(error as Error).message}): correct it.`, {}, error);
  }
  return fitRecipe(parseRecipe(json, source), json, source);
}

/** One of the recipes that come with the program. */
export function bundledRecipe(name: string): Recipe {
  return readRecipe(join(folder, `${name}.json`), `Recipe '${name}'`);
}

/**
 * The recipe that a person means: the name of a bundled one, or else the path of a JSON file.
 * @throws WorkbenchError `recipe-invalid` with one sentence
 */
export function loadRecipe(nameOrPath: string): Recipe {
  const names = bundledRecipeNames();
  if (names.includes(nameOrPath)) return bundledRecipe(nameOrPath);
  if (!/[./\\]/.test(nameOrPath)) {
    throw new WorkbenchError(
      'recipe-invalid',
      `There is no recipe '${nameOrPath}': choose one of ${names.join(', ')}, or give the path of a JSON file.`,
    );
  }
  return readRecipe(resolve(nameOrPath), `Recipe ${nameOrPath}`);
}
