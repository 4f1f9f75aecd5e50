/** The recipes that come with the program. */
import { defineStore } from 'pinia';
import { shallowRef } from 'vue';
import type { SampleView } from '../../shared/contract/api/views.ts';
import type { DataPreview } from '../../shared/contract/look.ts';
import { canonicalJson } from '../../shared/domain/canonical-json.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { host } from './host.ts';

export const useSamples = defineStore('samples', () => {
  const all = shallowRef<SampleView[] | null>(null);
  const previews = new Map<string, Promise<DataPreview>>();

  async function load(): Promise<void> {
    all.value ??= await host().recipes.samples();
  }
  /** The first training images of a recipe's data set; asked for once for each data set. */
  function preview(recipe: Recipe, count: number): Promise<DataPreview> {
    const { clutter, ...data } = recipe.data;
    const key = canonicalJson([data, data.dataset === 'cluttered-mnist' ? clutter : null, recipe.seed, count]);
    let found = previews.get(key);
    if (!found) {
      found = host().recipes.preview({ recipe, split: 'train', offset: 0, count, augmented: false });
      found.catch(() => previews.delete(key));
      previews.set(key, found);
    }
    return found;
  }
  return { all, load, preview };
});
