import type { NetworkView } from '../../../shared/contract/look.ts';
import { layerFacts, parameterCount, quantizationPoints, type LayerGraph } from '../../../shared/domain/layer-graph.ts';
import type { Recipe } from '../../../shared/schema/recipe.ts';
import { dataShape } from '../../data/preview.ts';
import { recipeNetwork } from '../../models/registry.ts';

/**
 * The layer graph of a recipe; shapes come from the description of the data set, no image is decoded.
 * @throws WorkbenchError `data-invalid` for a data set of which the recipe does not say all and that cannot be read
 */
export async function networkOf(recipe: Recipe): Promise<LayerGraph> {
  const { height, width, channels, classNames } = await dataShape(recipe.data);
  return recipeNetwork(recipe, [height, width, channels], classNames.length);
}

export async function lookAtNetwork(recipe: Recipe): Promise<NetworkView> {
  const graph = await networkOf(recipe);
  const layers = layerFacts(graph);
  return {
    graph,
    layers,
    points: quantizationPoints(graph),
    parameters: parameterCount(graph),
    macs: layers.reduce((sum, { macs }) => sum + macs, 0),
  };
}
