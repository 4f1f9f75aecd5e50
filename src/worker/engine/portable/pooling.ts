import { attributesOf, type Node, type OpName, type Pooling } from '../graph.ts';
import type { Kernel } from './memory.ts';
import { forEachTap } from './windows.ts';

const poolingOf = (node: Node) => node.attributes as unknown as Pooling;

const maxPool: Kernel = (node, [x], memory) => {
  const { shape } = node.outputs[0];
  const result = memory.make(shape);
  const [values, out] = [memory.floats(x), memory.floats(result)];
  out.fill(-Infinity);
  forEachTap(x.shape, shape, poolingOf(node).kernel, poolingOf(node), (xAt, yAt) => {
    for (let c = 0; c < shape[3]; c++) if (values[xAt + c] > out[yAt + c]) out[yAt + c] = values[xAt + c];
  });
  return result;
};

const maxPoolGrad: Kernel = (node, [x, y, dy], memory) => {
  const result = memory.make(x.shape);
  const [values, largest, gradient, out] = [x, y, dy, result].map(memory.floats);
  out.fill(0);
  const given = new Uint8Array(largest.length);
  const channels = x.shape[3]!;
  forEachTap(x.shape, y.shape, poolingOf(node).kernel, poolingOf(node), (xAt, yAt) => {
    for (let c = 0; c < channels; c++) {
      if (given[yAt + c] || values[xAt + c] !== largest[yAt + c]) continue;
      given[yAt + c] = 1;
      out[xAt + c] += gradient[yAt + c];
    }
  });
  return result;
};

const avgPool: Kernel = (node, [x], memory) => {
  const { shape } = node.outputs[0];
  const { kernel } = poolingOf(node);
  const result = memory.make(shape);
  const [values, out] = [memory.floats(x), memory.floats(result)];
  const total = new Float64Array(out.length);
  forEachTap(x.shape, shape, kernel, poolingOf(node), (xAt, yAt) => {
    for (let c = 0; c < shape[3]; c++) total[yAt + c] += values[xAt + c];
  });
  const share = 1 / (kernel[0] * kernel[1]);
  for (let i = 0; i < out.length; i++) out[i] = total[i] * share;
  return result;
};

const avgPoolGrad: Kernel = (node, [dy], memory) => {
  const { inputShape, kernel } = attributesOf(node, 'AvgPoolGrad');
  const result = memory.make(inputShape);
  const [gradient, out] = [memory.floats(dy), memory.floats(result)];
  out.fill(0);
  const share = 1 / (kernel[0] * kernel[1]);
  forEachTap(inputShape, dy.shape, kernel, poolingOf(node), (xAt, yAt) => {
    for (let c = 0; c < inputShape[3]; c++) out[xAt + c] += gradient[yAt + c] * share;
  });
  return result;
};

export const POOLS: Partial<Record<OpName, Kernel>> = {
  MaxPool: maxPool,
  MaxPoolGrad: maxPoolGrad,
  AvgPool: avgPool,
  AvgPoolGrad: avgPoolGrad,
};
