import type { Node, OpName } from '../graph.ts';
import { attributesOf, type Convolution, type Shape } from '../graph.ts';
import type { Kernel } from './memory.ts';
import { forEachTap } from './windows.ts';

type Loop = (xAt: number, yAt: number, wAt: number, channel: number, multiplier: number) => void;

/** Calls `loop` for every input channel of every tap; its `multiplier` output channels and weights lie side by side. */
function forEachChannel(x: Shape, y: Shape, filter: Shape, options: Convolution, loop: Loop): void {
  const channels = x[3];
  const multiplier = y[3] / channels;
  forEachTap(x, y, [filter[0], filter[1]], options, (xAt, yAt, tap) => {
    for (let c = 0; c < channels; c++) loop(xAt + c, yAt + c * multiplier, tap * y[3] + c * multiplier, c, multiplier);
  });
}

const kernel =
  (
    shapes: (node: Node) => { x: Shape; y: Shape; filter: Shape },
    add: (first: Float32Array, second: Float32Array, out: Float64Array) => Loop,
  ): Kernel =>
  (node, [first, second], memory) => {
    const result = memory.make(node.outputs[0].shape);
    const total = new Float64Array(result.size);
    const { x, y, filter } = shapes(node);
    forEachChannel(x, y, filter, node.attributes as unknown as Convolution, add(memory.floats(first), memory.floats(second), total));
    memory.floats(result).set(total);
    return result;
  };

/** Plain loops: the library has no gradients of these, and its forward kernel reads its filter in another layout. */
export const DEPTHWISE: Partial<Record<OpName, Kernel>> = {
  DepthwiseConv2D: kernel(
    (node) => ({ x: node.inputs[0].shape, y: node.outputs[0].shape, filter: node.inputs[1].shape }),
    (x, w, out) => (xAt, yAt, wAt, _, m) => {
      for (let k = 0; k < m; k++) out[yAt + k] += x[xAt] * w[wAt + k];
    },
  ),
  DepthwiseConv2DBackpropInput: kernel(
    (node) => ({ x: attributesOf(node, 'DepthwiseConv2DBackpropInput').inputShape, y: node.inputs[1].shape, filter: node.inputs[0].shape }),
    (w, dy, out) => (xAt, yAt, wAt, _, m) => {
      for (let k = 0; k < m; k++) out[xAt] += dy[yAt + k] * w[wAt + k];
    },
  ),
  DepthwiseConv2DBackpropFilter: kernel(
    (node) => ({ x: node.inputs[0].shape, y: node.inputs[1].shape, filter: node.outputs[0].shape }),
    (x, dy, out) => (xAt, yAt, wAt, _, m) => {
      for (let k = 0; k < m; k++) out[wAt + k] += dy[yAt + k] * x[xAt];
    },
  ),
};
