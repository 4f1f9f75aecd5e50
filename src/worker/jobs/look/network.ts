import type { NetworkView } from '../../../shared/contract/look.ts';
import { layerFacts, parameterCount, quantizationPoints, type LayerGraph } from '../../../shared/domain/layer-graph.ts';
import type { Recipe } from '../../../shared/schema/recipe.ts';
import { DATA_SHAPES } from '../../data/preview.ts';
import { recipeNetwork } from '../../models/registry.ts';

/** The layer graph of a recipe; shapes come from the description of the data set, no image is read. */
export function networkOf(recipe: Recipe): LayerGraph {
  const { height, width, channels, classNames } = DATA_SHAPES[recipe.data.dataset];
  return recipeNetwork(recipe, [height, width, channels], classNames.length);
}

export function lookAtNetwork(recipe: Recipe): NetworkView {
  const graph = networkOf(recipe);
  const layers = layerFacts(graph);
  return {
    graph,
    layers,
    points: quantizationPoints(graph),
    parameters: parameterCount(graph),
    macs: layers.reduce((sum, { macs }) => sum + macs, 0),
  };
}
