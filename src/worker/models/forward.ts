import type { BatchNormLayer, LayerGraph, QuantizedLayer } from '../../shared/domain/layer-graph.ts';
import { quantizationPoints, quantizedLayers } from '../../shared/domain/layer-graph.ts';
import type { GraphBuilder } from '../engine/builder.ts';
import type { Value } from '../engine/graph.ts';

/** What differs between the float net, a training pass, re-calibration and evaluation. */
export interface ForwardHooks {
  /** Replaces the tensor of a quantization point, for all its readers. */
  activation(point: number, x: Value): Value;
  /** Weights that layer `index` multiplies with. */
  weights(layer: QuantizedLayer, index: number): Value;
  /** Bias of a convolution or linear layer, or null. */
  bias(layer: QuantizedLayer, index: number): Value | null;
  batchNorm(layer: BatchNormLayer, x: Value): Value;
}

/** Writes the network; returns the logits [batch, classes]. */
export function forward(b: GraphBuilder, graph: LayerGraph, images: Value, hooks: ForwardHooks): Value {
  const points = new Map(quantizationPoints(graph).map((point, i) => [point.tensor, i]));
  const order = new Map(quantizedLayers(graph).map((layer, i) => [layer.name, i]));
  const values = new Map<string, Value>();
  let last = images;
  for (const layer of graph.layers) {
    const inputs = layer.inputs.map((name) => values.get(name)!);
    let y: Value;
    switch (layer.kind) {
      case 'input':
        y = images;
        break;
      case 'conv': {
        const index = order.get(layer.name)!;
        if (layer.groups !== 1)
          throw new Error(`Layer '${layer.name}' has ${layer.groups} groups; the engine has dense convolutions only.`);
        y = b.conv2d(inputs[0], hooks.weights(layer, index), { stride: layer.stride, padding: layer.padding });
        const bias = hooks.bias(layer, index);
        if (bias) y = b.biasAdd(y, bias);
        break;
      }
      case 'linear': {
        const index = order.get(layer.name)!;
        y = b.matMul(inputs[0], hooks.weights(layer, index));
        const bias = hooks.bias(layer, index);
        if (bias) y = b.biasAdd(y, bias);
        break;
      }
      case 'batchnorm':
        y = hooks.batchNorm(layer, inputs[0]);
        break;
      case 'relu':
        y = b.relu(inputs[0]);
        break;
      case 'add':
        y = b.plus(inputs[0], inputs[1]);
        break;
      case 'globalpool':
        y = b.mean(inputs[0], [1, 2]);
        break;
      default:
        throw new Error(`Layer '${layer.name}' is a ${layer.kind}, which the engine does not compute.`);
    }
    const point = points.get(layer.name);
    last = point === undefined ? y : hooks.activation(point, y);
    values.set(layer.name, last);
  }
  return last;
}
