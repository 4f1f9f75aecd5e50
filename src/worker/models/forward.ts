import type { BatchNormLayer, Layer, LayerGraph, QuantizedLayer, WindowPoolLayer } from '../../shared/domain/layer-graph.ts';
import { quantizationPoints, quantizedLayers } from '../../shared/domain/layer-graph.ts';
import type { GraphBuilder } from '../engine/builder.ts';
import { elementCount, type Pooling, type Value } from '../engine/graph.ts';
import { groupedConv2d } from '../ops/grouped-convolution.ts';
import { averagePool } from '../ops/pooling.ts';

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

const windowOf = ({ kernel, stride, padding }: WindowPoolLayer): Pooling => ({ kernel, stride, padding });

function clippedRelu(b: GraphBuilder, x: Value, max: number | undefined): Value {
  if (max === undefined) return b.relu(x);
  return max === 6 ? b.relu6(x) : b.clip(x, b.scalar(0), b.scalar(max));
}

/** [batch, channels] as a factor of every pixel. */
const asGate = (b: GraphBuilder, gate: Value) => b.reshape(gate, [gate.shape[0], 1, 1, gate.shape[1]]);

/** Writes the network; returns the logits [batch, classes]. */
export function forward(b: GraphBuilder, graph: LayerGraph, images: Value, hooks: ForwardHooks): Value {
  const points = new Map(quantizationPoints(graph).map((point, i) => [point.tensor, i]));
  const order = new Map(quantizedLayers(graph).map((layer, i) => [layer.name, i]));
  const values = new Map<string, Value>();
  let last = images;
  const write = (layer: Layer): void => {
    const inputs = layer.inputs.map((name) => values.get(name)!);
    let y: Value;
    switch (layer.kind) {
      case 'input':
        y = images;
        break;
      case 'normalize': {
        const [mean, std] = [layer.mean, layer.std].map((values) => b.constant(values, [values.length]));
        y = b.div(b.sub(inputs[0], mean), std);
        break;
      }
      case 'conv': {
        const index = order.get(layer.name)!;
        y = groupedConv2d(b, inputs[0], hooks.weights(layer, index), { stride: layer.stride, padding: layer.padding }, layer.groups);
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
        y = clippedRelu(b, inputs[0], layer.max);
        break;
      case 'swish':
        y = b.swish(inputs[0]);
        break;
      case 'sigmoid':
        y = b.sigmoid(inputs[0]);
        break;
      case 'add':
        y = b.plus(inputs[0], inputs[1]);
        break;
      case 'multiply':
        y = b.mul(inputs[0], inputs[1].shape.length === inputs[0].shape.length ? inputs[1] : asGate(b, inputs[1]));
        break;
      case 'concat':
        y = b.concat(inputs, 3);
        break;
      case 'maxpool':
        y = b.maxPool(inputs[0], windowOf(layer));
        break;
      case 'avgpool':
        y = averagePool(b, inputs[0], windowOf(layer), layer.countPadding ?? false);
        break;
      case 'globalpool':
        y = b.mean(inputs[0], [1, 2]);
        break;
      case 'flatten':
        y = b.reshape(inputs[0], [images.shape[0], elementCount(inputs[0].shape) / images.shape[0]]);
        break;
    }
    const point = points.get(layer.name);
    last = point === undefined ? y : hooks.activation(point, y);
    values.set(layer.name, last);
  };
  for (const layer of graph.layers) b.within({ layer: layer.name, purpose: 'network' }, () => write(layer));
  return last;
}
