import type { GraphBuilder } from '../engine/builder.ts';
import type { Convolution, Value } from '../engine/graph.ts';

/**
 * A convolution whose input and output channels are split into `groups` that do not see each other. One group is a dense
 * convolution, one input channel in each a depthwise one; anything else is written as dense convolutions side by side.
 * @param filter [k, k, in / groups, out]
 */
export function groupedConv2d(b: GraphBuilder, x: Value, filter: Value, options: Convolution, groups: number): Value {
  if (groups === 1) return b.conv2d(x, filter, options);
  if (groups === x.shape[3] && options.stride[0] === options.stride[1]) return b.depthwiseConv2d(x, filter, options);
  const pieces = (value: Value) => b.split(value, Array<number>(groups).fill(value.shape[3] / groups), 3);
  const filters = pieces(filter);
  return b.concat(
    pieces(x).map((part, group) => b.conv2d(part, filters[group], options)),
    3,
  );
}
