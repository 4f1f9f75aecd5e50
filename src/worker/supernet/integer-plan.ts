import { inferShapes, type Layer, type LayerGraph } from '../../shared/domain/layer-graph.ts';
import type { IntegerOp, IntegerPlan } from '../engine/integer-net.ts';
import type { TableLayout } from '../quant/table-layout.ts';

/** Products in one sum that surely fit 32 bits: codes and weights are at most 255 away from their zero points. */
const MAX_PRODUCTS = Math.floor(2 ** 31 / 255 ** 2);

/** Layers that change each value by itself; they become stages of the op before them. */
function stageOf(layer: Layer): IntegerOp['stages'] | null {
  switch (layer.kind) {
    // Folded into the convolution.
    case 'batchnorm':
      return [];
    case 'relu':
      return [{ kind: 'relu', constants: [layer.max ?? Infinity] }];
    case 'swish':
    case 'sigmoid':
      return [{ kind: layer.kind, constants: [] }];
    case 'normalize':
      return [{ kind: 'normalize', constants: [...layer.mean, ...layer.std] }];
    default:
      return null;
  }
}

type Shape = IntegerOp['shape'];
const asImage = (shape: readonly number[]): Shape => (shape.length === 3 ? [shape[0], shape[1], shape[2]] : [1, 1, shape[0]]);

/** The op of a layer that has one of its own. */
function opOf(layer: Layer, inputs: readonly number[], shape: Shape): IntegerOp {
  const op = { inputs, shape, quantizer: null, stages: stageOf(layer) ?? [] };
  switch (layer.kind) {
    case 'conv': {
      const { kernel, stride, padding, groups } = layer;
      return { ...op, kind: 'convolution', kernel, stride, padding, groups };
    }
    case 'linear':
      return { ...op, kind: 'convolution' };
    case 'maxpool':
    case 'avgpool': {
      const { kind, kernel, stride, padding, countPadding } = layer;
      return { ...op, kind, kernel, stride, padding, countPadding };
    }
    case 'input':
    case 'add':
    case 'multiply':
    case 'concat':
    case 'globalpool':
      return { ...op, kind: layer.kind };
    default:
      return { ...op, kind: 'map' };
  }
}

/**
 * A network as ops of `IntegerNet`; its convolutions are the quantized layers, in network order.
 * @returns null where a sum could leave 32 bits
 */
export function integerPlan({ graph, points, facts }: TableLayout): IntegerPlan | null {
  if (facts.some(({ weights, outputChannels }) => weights / outputChannels > MAX_PRODUCTS)) return null;
  const shapes = inferShapes(graph);
  const quantizers = new Map(points.map(({ tensor }, q) => [tensor, q]));
  const ops: IntegerOp[] = [];
  const made = new Map<string, number>();
  for (const layer of graph.layers) {
    const inputs = layer.inputs.map((name) => made.get(name)!);
    const stages = stageOf(layer);
    const alone = stages && readersOf(graph, layer.inputs[0]) === 1 && !quantizers.has(layer.inputs[0]);
    let index = inputs[0];
    if (alone) ops[index].stages.push(...stages);
    else index = ops.push(opOf(layer, inputs, asImage(shapes.get(layer.name)!))) - 1;
    ops[index].quantizer = quantizers.get(layer.name) ?? null;
    made.set(layer.name, index);
  }
  return { ops, quantizers: points.length };
}

const readersOf = ({ layers }: LayerGraph, name: string): number => layers.filter(({ inputs }) => inputs.includes(name)).length;
