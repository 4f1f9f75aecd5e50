import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { SampleView } from '../../shared/contract/api/views.ts';
import { packageRoot } from '../package-root.ts';
import { bundledRecipe } from '../recipes.ts';

const samplesSchema = z.array(
  z.strictObject({
    recipe: z.string(),
    /** seconds of the whole recipe where it was measured: low and high */
    estimateSeconds: z.tuple([z.number(), z.number()]).nullable(),
  }),
);

/** The recipes that Home offers as samples, in that order; see resources/samples.json. */
export function sampleViews(): SampleView[] {
  const samples = samplesSchema.parse(JSON.parse(readFileSync(join(packageRoot, 'resources', 'samples.json'), 'utf8')));
  return samples.map(({ recipe: name, estimateSeconds }) => {
    const recipe = bundledRecipe(name);
    return { recipe, title: recipe.title, estimateSeconds, network: recipe.model.architecture };
  });
}
