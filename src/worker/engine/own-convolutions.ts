import type { Convolution, Node, Shape } from './graph.ts';
import type { TfAttributes, TfSink } from './tf-sink.ts';

/** A convolution or its gradient as one of our own ops (resources/engine/native), whose inputs are those of the node. */
export interface OwnConvolution {
  name: string;
  attributes: TfAttributes;
}

/** Values under a window's row up to which TensorFlow, which lays images out for many channels, takes several times as long. */
const FEW_VALUES = 16;

const ROLES = { Conv2D: 'forward', DepthwiseConv2D: 'forward', Conv2DBackpropInput: 'input', DepthwiseConv2DBackpropInput: 'input', Conv2DBackpropFilter: 'filter', DepthwiseConv2DBackpropFilter: 'filter' } as const; // prettier-ignore
type ConvolutionOp = keyof typeof ROLES;

/** What one of the ops above reads and writes: the shapes of image and filter, and height and width that its inputs do not tell. */
function shapesOf(node: Node): { image: Shape; filter: Shape; size: Shape } {
  const [first, second] = node.inputs.map(({ shape }) => shape);
  const [{ shape: out }] = node.outputs;
  const role = ROLES[node.op as ConvolutionOp];
  if (role === 'forward') return { image: first, filter: second, size: out.slice(1, 3) };
  if (role === 'input') return { image: out, filter: first, size: out.slice(1, 3) };
  return { image: first, filter: out, size: out.slice(0, 2) };
}

/** One filter for each channel, of 3x3 or 5x5, moved by one or two. */
function isOwnDepthwise(node: Node): boolean {
  const { image, filter } = shapesOf(node);
  const [height, width, , out] = filter;
  const { stride } = node.attributes as unknown as Convolution;
  return out === image[3] && height === width && (height === 3 || height === 5) && stride[0] === stride[1] && stride[0] <= 2;
}

/** Windows of one pixel, and gradients where windows move by more than one or hold few values. */
function isOwnDense(node: Node): boolean {
  const { filter } = shapesOf(node);
  const { stride, padding } = node.attributes as unknown as Convolution;
  const steps = stride.some((step) => step > 1);
  const pointwise = filter[0] === 1 && filter[1] === 1 && padding.every((pixels) => pixels === 0);
  if (pointwise && !steps) return true;
  return node.op !== 'Conv2D' && (steps || filter[1] * filter[2] <= FEW_VALUES);
}

const DENSE = { forward: 'EqnetPointwise', input: 'EqnetConvInput', filter: 'EqnetConvFilter' } as const;
const DEPTHWISE = { forward: 'EqnetDepthwise', input: 'EqnetDepthwiseInput', filter: 'EqnetDepthwiseFilter' } as const;

/**
 * Our own op for a convolution or one of its gradients, where there is one that is faster than TensorFlow's.
 * @returns null for other ops, and where TensorFlow's is to be taken
 */
export function ownConvolution<Ref>(node: Node, { fused, fusesProducts }: TfSink<Ref>): OwnConvolution | null {
  if (!fused || !fusesProducts || !(node.op in ROLES)) return null;
  const depthwise = node.op.startsWith('Depthwise');
  if (!(depthwise ? isOwnDepthwise(node) : isOwnDense(node))) return null;
  const name = (depthwise ? DEPTHWISE : DENSE)[ROLES[node.op as ConvolutionOp]];
  if (name === 'EqnetPointwise') return { name, attributes: {} };
  const { stride, padding } = node.attributes as unknown as Convolution;
  const ints = (value: readonly number[]) => ({ kind: 'ints', value }) as const;
  return { name, attributes: { strides: ints(stride), padding: ints(padding), size: ints(shapesOf(node).size) } };
}
