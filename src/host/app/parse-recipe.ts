import { statSync } from 'node:fs';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { readRecipe, readRecipeText } from '../recipes.ts';

interface ParsedRecipe {
  recipe: Recipe | null;
  /** one sentence or phrase for each thing that is wrong */
  problems: string[];
}

function attempt(read: () => Recipe): ParsedRecipe {
  try {
    return { recipe: read(), problems: [] };
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'recipe-invalid') throw error;
    const { problems } = error.details;
    return { recipe: null, problems: Array.isArray(problems) ? problems.map(String) : [error.message] };
  }
}

/** Reads a recipe that somebody typed: with its defaults, or what is wrong with it. */
export function parseRecipeText(text: string): ParsedRecipe {
  return attempt(() => readRecipeText(text, 'The recipe'));
}

/** Bytes of a recipe file, far above any recipe: the host reads it in one piece, and meanwhile nobody else is answered. */
const MOST_BYTES = 2 ** 20;

export function parseRecipeFile(path: string): ParsedRecipe {
  const facts = statSync(path, { throwIfNoEntry: false });
  // a pipe or a device would hold the host for ever
  if (facts && !facts.isFile()) return { recipe: null, problems: [`${path} is no file: choose a recipe's JSON file.`] };
  if (facts && facts.size > MOST_BYTES)
    return { recipe: null, problems: [`${path} has ${Math.round(facts.size / 1e6)} MB, a recipe at most 1 MB: choose another file.`] };
  return attempt(() => readRecipe(path, `Recipe ${path}`));
}
