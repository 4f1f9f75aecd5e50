import { existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { parseRecipe } from '../../shared/schema/presets.ts';
import { recipeSchema, type Recipe } from '../../shared/schema/recipe.ts';
import { readJson, writeJson } from './json-file.ts';

export const DRAFT_FILE = 'recipe.json';
const DAMAGED_FILE = 'recipe.damaged.json';

/** The recipe of a project that is being edited. */
export class Draft {
  private constructor(
    readonly path: string,
    private current: Recipe,
    private stamp: number,
    private number: number,
    /** said once when the file could not be used */
    readonly problem: string | null,
  ) {}

  /** Stores a first draft. */
  static create(folder: string, recipe: Recipe): Draft {
    const path = join(folder, DRAFT_FILE);
    writeJson(path, recipe);
    const now = Date.now();
    return new Draft(path, recipe, now, now, null);
  }

  /**
   * Reads the draft of a project; in one that has none, or whose file is damaged, `fallback` becomes it.
   * @param fallback the recipe of the newest run, or that of a sample
   */
  static open(folder: string, fallback: () => Recipe): Draft {
    const path = join(folder, DRAFT_FILE);
    if (!existsSync(path)) return Draft.create(folder, recipeSchema.parse(fallback()));
    try {
      const recipe = parseRecipe(readJson(path), path);
      // counted on from the time of the file, a revision of an earlier start of the host is never taken for a newer one
      const stamp = Math.floor(statSync(path).mtimeMs);
      return new Draft(path, recipe, stamp, stamp, null);
    } catch (error) {
      if (error instanceof WorkbenchError && error.code !== 'recipe-invalid') throw error;
      renameSync(path, join(folder, DAMAGED_FILE));
      const draft = Draft.create(folder, recipeSchema.parse(fallback()));
      const problem = `${path} could not be read (${(error as Error).message}): it is kept as ${DAMAGED_FILE}, and the draft starts anew from recipe '${draft.recipe.name}'.`;
      return new Draft(path, draft.recipe, draft.savedAt, draft.revision, problem);
    }
  }

  get recipe(): Recipe {
    return this.current;
  }

  get revision(): number {
    return this.number;
  }

  /** ms since 1970 */
  get savedAt(): number {
    return this.stamp;
  }

  /**
   * @param basedOn the revision that was changed
   * @throws WorkbenchError `stale` when there is a newer one
   */
  save(recipe: Recipe, basedOn: number): { revision: number; savedAt: number } {
    if (basedOn !== this.number) {
      throw new WorkbenchError(
        'stale',
        'Another window has changed the recipe in the meantime: its version is shown now, make your change again.',
        {
          revision: this.number,
        },
      );
    }
    writeJson(this.path, recipe);
    this.current = recipe;
    this.stamp = Date.now();
    this.number += 1;
    return { revision: this.number, savedAt: this.stamp };
  }
}
