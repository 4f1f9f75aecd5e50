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

export function parseRecipeFile(path: string): ParsedRecipe {
  return attempt(() => readRecipe(path, `Recipe ${path}`));
}
