import type { Padding } from '../../../../../shared/domain/layer-graph.ts';
import { Unsupported } from '../../network-writer.ts';
import type { Operation, Operator } from '../converter.ts';
import type { TensorValue } from '../values.ts';
import { NO_PADDING, sum, windowsOf, type Windows } from './convolution.ts';

function channelsFirst(node: Operation): TensorValue {
  const x = node.image(0, { padded: true });
  if (x.order !== 'chw') throw new Unsupported('does not read an image in the order channels, height, width');
  return x;
}

/** What `ceil_mode` adds below and to the right, so that a rounded-down size is the rounded-up one. */
function ceilExtra(x: TensorValue, { kernel, stride, padding }: Windows): Padding {
  const extra = (axis: 0 | 1) => {
    const before = padding[2 * axis];
    const whole = x.shape[axis] + before + padding[2 * axis + 1];
    const rest = (whole - kernel[axis]) % stride[axis];
    if (rest <= 0) return 0;
    // a window that would start in the padding behind is dropped
    const start = whole - kernel[axis] - rest + stride[axis];
    return start < x.shape[axis] + before ? stride[axis] - rest : 0;
  };
  return [0, extra(0), 0, extra(1)];
}

export const maxPool: Operator = (node) => {
  const { writer, attributes, proto } = node;
  const x = channelsFirst(node);
  if (proto.output[1]) throw new Unsupported('also gives the places of the maxima; leave them out');
  // zeros around a ReLU's output are never larger than it, as the padding of the pooling
  if (x.padding && writer.layer(x.layer).kind !== 'relu')
    throw new Unsupported(`reads a Pad of '${x.layer}', whose values can be negative; use the padding of the pooling`);
  const windows = windowsOf(node, x, attributes.ints('kernel_shape') ?? []);
  const inner = { ...windows, padding: sum(windows.padding, x.padding ?? NO_PADDING) };
  const padding = sum(inner.padding, attributes.int('ceil_mode', 0) ? ceilExtra(x, inner) : NO_PADDING);
  node.resultLike(x, writer.add(node.name(), [x.layer], { kind: 'maxpool', ...inner, padding }));
};

export const averagePool: Operator = (node) => {
  const { writer, attributes } = node;
  const x = channelsFirst(node);
  const windows = windowsOf(node, x, attributes.ints('kernel_shape') ?? []);
  const padded = windows.padding.some((value) => value > 0);
  if (x.padding && padded) throw new Unsupported('has a padding of its own and reads a Pad; join them');
  const inner = x.padding ? { ...windows, padding: x.padding } : windows;
  if (attributes.int('ceil_mode', 0) && ceilExtra(x, inner).some((value) => value > 0))
    throw new Unsupported('rounds its size up (ceil_mode); use an image size or stride that divides evenly');
  const countPadding = Boolean(x.padding) || (padded && attributes.int('count_include_pad', 0) === 1);
  node.resultLike(x, writer.add(node.name(), [x.layer], { kind: 'avgpool', ...inner, ...(countPadding ? { countPadding } : {}) }));
};

function mean(node: Operation, x: TensorValue, keep: boolean): void {
  const layer = node.writer.add(node.name(), [x.layer], { kind: 'globalpool' });
  node.result({ kind: 'tensor', layer, shape: node.writer.shape(layer), order: x.order, pooled: keep });
}

export const globalAveragePool: Operator = (node) => {
  const x = node.tensor(0);
  if (x.pooled) node.alias(0);
  else mean(node, node.image(0), true);
};

export const globalMaxPool: Operator = (node) => {
  const x = channelsFirst(node);
  const kernel = [x.shape[0], x.shape[1]] as const;
  node.resultLike(x, node.writer.add(node.name(), [x.layer], { kind: 'maxpool', kernel, stride: [1, 1], padding: NO_PADDING }));
};

/** The mean over height and width. */
export const reduceMean: Operator = (node) => {
  const x = node.tensor(0);
  const axes = (node.integers('axes', 1) ?? []).map((axis) => (axis < 0 ? axis + 4 : axis)).toSorted((a, b) => a - b);
  const keep = node.attributes.int('keepdims', 1) === 1;
  const wanted = x.order === 'chw' ? '2,3' : '1,2';
  if (axes.join() !== wanted)
    throw new Unsupported(`takes the mean over axes ${axes.join(', ') || 'of everything'}; only height and width can be averaged`);
  if (x.pooled) return node.alias(0, { pooled: keep });
  mean(node, node.image(0), keep);
};
