import type { NetworkView } from '../../../shared/contract/look.ts';
import type { LayerGraph } from '../../../shared/domain/layer-graph.ts';
import { viewNetwork } from '../../../shared/domain/network-view.ts';
import type { Recipe } from '../../../shared/schema/recipe.ts';
import { dataShape } from '../../data/preview.ts';
import { modelOf } from '../../models/project-model.ts';

/**
 * The layer graph of a recipe; shapes come from the description of the data set, no image is decoded.
 * @param models folder with the imported networks of the project
 * @throws WorkbenchError `data-invalid` for a data set of which the recipe does not say all and that cannot be read; `model-invalid`
 */
export async function networkOf(recipe: Recipe, models?: string): Promise<LayerGraph> {
  const { height, width, channels, classNames } = await dataShape(recipe.data);
  return modelOf(recipe, [height, width, channels], classNames.length, models).graph;
}

export async function lookAtNetwork(recipe: Recipe, models?: string): Promise<NetworkView> {
  return viewNetwork(await networkOf(recipe, models));
}
