import type { Node, Value } from './graph.ts';
import { elementCount } from './graph.ts';

/**
 * Products for each value that is read or written, from which on the codes are worth to be made: below, a convolution takes
 * as long as its tensors take to go through memory.
 */
const LEAST_PRODUCTS = 12;
/** Longest sum of products of two bytes that stays below 2^31. */
const MOST_PRODUCTS = 65_536;

/**
 * The convolutions that multiply a fake-quantized image with a fake-quantized filter, with the inputs of our own op
 * (resources/engine/native/quant_conv.cc) that takes the sums over the codes of both: image, its step size, offset, smallest and
 * largest code, and the filter with the same.
 *
 * @param nodes of one function
 */
export function quantConvolutions(nodes: readonly Node[]): { node: Node; inputs: readonly Value[] }[] {
  return nodes.flatMap((node) => {
    if (node.op !== 'Conv2D') return [];
    const [image, filter] = node.inputs;
    if (image.node.op !== 'FakeQuant' || filter.node.op !== 'ChannelFakeQuant') return [];
    const [output] = node.outputs;
    const products = elementCount(filter.shape.slice(0, 3));
    const values = elementCount(image.shape) + elementCount(output.shape);
    if (products > MOST_PRODUCTS || products * elementCount(output.shape) < LEAST_PRODUCTS * values) return [];
    return [{ node, inputs: [image, filter, ...image.node.inputs.slice(1), ...filter.node.inputs.slice(1)] }];
  });
}
