import type { OpName } from '../graph.ts';
import { attributesOf } from '../graph.ts';
import type { Kernel } from './memory.ts';

/** 1.5 * 2^52: adding and subtracting it rounds a double below 2^51 to the nearest integer, ties to even. */
const ROUNDER = 6755399441055744;

const { fround } = Math;

const clip = (ratio: number, low: number, high: number): number => (ratio < low ? low : ratio > high ? high : ratio);
const rint = (value: number): number => value + ROUNDER - ROUNDER;

const fakeQuant: Kernel = (node, [x, ...grid], memory) => {
  const { relu } = attributesOf(node, 'FakeQuant');
  const result = memory.make(x.shape);
  const [values, out] = [memory.floats(x), memory.floats(result)];
  const [step, offset, low, high] = grid.map((scalar) => memory.floats(scalar)[0]);
  for (let i = 0; i < out.length; i++) {
    const value = relu && values[i] < 0 ? 0 : values[i];
    const ratio = fround(fround(value - offset) / step);
    out[i] = fround(fround(rint(clip(ratio, low, high))) * step) + offset;
  }
  return result;
};

const fakeQuantGrad: Kernel = (node, [dyTensor, x, ...grid], memory) => {
  const { relu } = attributesOf(node, 'FakeQuantGrad');
  const [result, sums] = [memory.make(x.shape), memory.make([2])];
  const [dy, values, out] = [dyTensor, x, result].map(memory.floats);
  const [step, offset, low, high] = grid.map((scalar) => memory.floats(scalar)[0]);
  let [logStep, outside] = [0, 0];
  for (let i = 0; i < out.length; i++) {
    const value = relu && values[i] < 0 ? 0 : values[i];
    const ratio = fround(fround(value - offset) / step);
    if (ratio >= low && ratio <= high) {
      logStep += dy[i] * (rint(ratio) - ratio);
      out[i] = relu && !(values[i] > 0) ? 0 : dy[i];
    } else {
      logStep += dy[i] * clip(ratio, low, high);
      outside += dy[i];
      out[i] = 0;
    }
  }
  memory.floats(sums).set([logStep * step, outside]);
  return [result, sums];
};

const channelFakeQuant: Kernel = (_, [w, ...grid], memory) => {
  const result = memory.make(w.shape);
  const [values, out] = [w, result].map(memory.floats);
  const [step, offset, [low], [high]] = grid.map(memory.floats);
  for (let i = 0; i < out.length; i++) {
    const c = i % step.length;
    const ratio = fround(fround(values[i] - offset[c]) / step[c]);
    out[i] = fround(fround(rint(clip(ratio, low, high))) * step[c]) + offset[c];
  }
  return result;
};

const channelFakeQuantGrad: Kernel = (_, [dyTensor, w, ...grid], memory) => {
  const results = [w, grid[0], grid[0]].map(({ shape }) => memory.make(shape));
  const [dy, values, dw, logStep, outside] = [dyTensor, w, ...results].map(memory.floats);
  const [step, offset, [low], [high]] = grid.map(memory.floats);
  const sums = new Float64Array(2 * step.length);
  for (let i = 0; i < dw.length; i++) {
    const c = i % step.length;
    const ratio = fround(fround(values[i] - offset[c]) / step[c]);
    const inside = ratio >= low && ratio <= high;
    sums[c] += dy[i] * (inside ? rint(ratio) - ratio : clip(ratio, low, high));
    if (!inside) sums[step.length + c] += dy[i];
    dw[i] = inside ? dy[i] : 0;
  }
  for (let c = 0; c < step.length; c++) {
    logStep[c] = sums[c] * step[c];
    outside[c] = sums[step.length + c];
  }
  return results;
};

export const QUANTIZATION: Partial<Record<OpName, Kernel>> = {
  FakeQuant: fakeQuant,
  FakeQuantGrad: fakeQuantGrad,
  ChannelFakeQuant: channelFakeQuant,
  ChannelFakeQuantGrad: channelFakeQuantGrad,
};
