import { loadClutteredMnist } from './cluttered-mnist.ts';
import type { DataProgress, DataSplits } from './dataset.ts';
import { loadDigits } from './files/digits.ts';
import { loadFiles } from './files/load-files.ts';
import { loadMnist } from './mnist.ts';
import type { DataRecipe } from './split-plan.ts';

/** Every data set that a recipe can name: one line each. */
const LOADERS: Readonly<
  Record<DataRecipe['dataset'], (recipe: DataRecipe, onProgress?: DataProgress, between?: () => Promise<void>) => Promise<DataSplits>>
> = {
  mnist: loadMnist,
  'cluttered-mnist': loadClutteredMnist,
  digits: loadDigits,
  files: loadFiles,
};

/**
 * Loads the data set of a recipe, split and cut to the sizes it asks for.
 * @param onProgress called now and then with (images ready, images in all); what it throws ends the loading
 * @param between    called between images that take long; lets messages in
 * @throws WorkbenchError `data-invalid` for files and split sizes, `recipe-invalid` for generator settings
 */
export function loadDataSplits(recipe: DataRecipe, onProgress?: DataProgress, between?: () => Promise<void>): Promise<DataSplits> {
  return LOADERS[recipe.dataset](recipe, onProgress, between);
}
