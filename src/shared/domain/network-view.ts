import {
  inferShapes,
  layerFacts,
  parameterCount,
  quantizationPoints,
  type LayerFacts,
  type LayerGraph,
  type QuantizationPoint,
} from './layer-graph.ts';

/** A layer graph with all that follows from it. */
export interface NetworkView {
  graph: LayerGraph;
  /** the quantized layers */
  layers: LayerFacts[];
  points: QuantizationPoint[];
  parameters: number;
  /** multiply-accumulates of one image */
  macs: number;
  /** output shape of every layer, in the order of the graph */
  shapes: number[][];
}

/** @throws Error naming the layer whose inputs do not fit */
export function viewNetwork(graph: LayerGraph): NetworkView {
  const layers = layerFacts(graph);
  const shapes = inferShapes(graph);
  return {
    graph,
    layers,
    points: quantizationPoints(graph),
    parameters: parameterCount(graph),
    macs: layers.reduce((sum, { macs }) => sum + macs, 0),
    shapes: graph.layers.map(({ name }) => [...shapes.get(name)!]),
  };
}
