import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locateEngine } from '../../src/host/engine/locate.ts';

const tiny = fileURLToPath(new URL('../../resources/recipes/tiny.json', import.meta.url));

/** Name of the recipe of the stories, and of its runs. */
const STORY = 'story';

/** As `tiny`, with an elastic training that is long enough to be stopped in its middle, and a checkpoint after every step. */
function storyRecipe(): Record<string, unknown> {
  const recipe = JSON.parse(readFileSync(tiny, 'utf8')) as Record<string, unknown>;
  // the portable engine takes seconds for a step
  const epochs = locateEngine() ? 4 : 0.5;
  return {
    ...recipe,
    name: STORY,
    title: 'The smallest recipe with a longer elastic training, for the stories',
    supernet: { ...(recipe.supernet as object), epochs, checkpointSeconds: 0 },
  };
}

/** Writes that recipe as a file. @returns its path */
export function storyRecipeFile(folder: string): string {
  const path = join(folder, `${STORY}.json`);
  writeFileSync(path, JSON.stringify(storyRecipe()));
  return path;
}
