import type { Convolution, Pooling, Shape } from './graph.ts';
import { elementCount } from './graph.ts';

/** Plain double-precision definitions of the ops, as slow and as obvious as possible: what the tests compare with. */
export type Numbers = ArrayLike<number>;

const coordinates = (shape: Shape, index: number): number[] => {
  const result: number[] = [];
  for (let i = shape.length - 1, rest = index; i >= 0; rest = Math.floor(rest / shape[i]), i--) result.unshift(rest % shape[i]);
  return result;
};
const indexOf = (shape: Shape, at: readonly number[]): number => shape.reduce((index, size, i) => index * size + at[i], 0);

/** Index into `shape` of element `index` of the shape that it is broadcast to. */
const broadcastIndex = (shape: Shape, full: Shape, index: number): number =>
  indexOf(
    shape,
    coordinates(full, index)
      .slice(full.length - shape.length)
      .map((at, i) => (shape[i] === 1 ? 0 : at)),
  );

export function zip(full: Shape, a: [Numbers, Shape], b: [Numbers, Shape], combine: (x: number, y: number) => number): number[] {
  return Array.from({ length: elementCount(full) }, (_, i) =>
    combine(a[0][broadcastIndex(a[1], full, i)], b[0][broadcastIndex(b[1], full, i)]),
  );
}

export function reduce(
  x: Numbers,
  shape: Shape,
  axes: readonly number[],
  start: number,
  fold: (total: number, value: number) => number,
): number[] {
  const kept = shape.map((size, i) => (axes.includes(i) ? 1 : size));
  const result = Array.from({ length: elementCount(kept) }, () => start);
  for (let i = 0; i < x.length; i++) {
    const to = broadcastIndex(kept, shape, i);
    result[to] = fold(result[to], x[i]);
  }
  return result;
}

type Tap = (x: number, filter: number, y: number) => void;

/** Calls `tap` with the indices of every product of a convolution. */
function taps(x: Shape, filter: Shape, y: Shape, { stride, padding }: Convolution, tap: Tap): void {
  const [batch, rows, columns, out] = y;
  const [kh, kw, channels] = filter;
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        for (let p = 0; p < kh; p++)
          for (let q = 0; q < kw; q++) {
            const [h, w] = [i * stride[0] + p - padding[0], j * stride[1] + q - padding[2]];
            if (h < 0 || w < 0 || h >= x[1] || w >= x[2]) continue;
            for (let c = 0; c < channels; c++)
              for (let o = 0; o < out; o++) tap(indexOf(x, [n, h, w, c]), indexOf(filter, [p, q, c, o]), indexOf(y, [n, i, j, o]));
          }
}

export interface ConvolutionShapes {
  x: Shape;
  filter: Shape;
  y: Shape;
  options: Convolution;
}

export function conv2d(x: Numbers, filter: Numbers, shapes: ConvolutionShapes): number[] {
  const result = Array.from({ length: elementCount(shapes.y) }, () => 0);
  taps(shapes.x, shapes.filter, shapes.y, shapes.options, (i, k, o) => (result[o] += x[i] * filter[k]));
  return result;
}
export function conv2dBackpropInput(filter: Numbers, dy: Numbers, shapes: ConvolutionShapes): number[] {
  const result = Array.from({ length: elementCount(shapes.x) }, () => 0);
  taps(shapes.x, shapes.filter, shapes.y, shapes.options, (i, k, o) => (result[i] += dy[o] * filter[k]));
  return result;
}
export function conv2dBackpropFilter(x: Numbers, dy: Numbers, shapes: ConvolutionShapes): number[] {
  const result = Array.from({ length: elementCount(shapes.filter) }, () => 0);
  taps(shapes.x, shapes.filter, shapes.y, shapes.options, (i, k, o) => (result[k] += dy[o] * x[i]));
  return result;
}

/** Calls `tap` with the indices of every product of a grouped convolution; filter [k, k, in / groups, out]. */
function groupedTaps(x: Shape, filter: Shape, y: Shape, options: Convolution, groups: number, tap: Tap): void {
  const [inputs, outputs] = [x[3] / groups, y[3] / groups];
  taps([...x.slice(0, 3), inputs], [...filter.slice(0, 3), outputs], [...y.slice(0, 3), outputs], options, (i, k, o) => {
    for (let g = 0; g < groups; g++) {
      const place = (index: number, size: number) => Math.floor(index / size) * size * groups + g * size + (index % size);
      tap(place(i, inputs), place(k, outputs), place(o, outputs));
    }
  });
}
export function groupedConv2d(x: Numbers, filter: Numbers, shapes: ConvolutionShapes, groups: number): number[] {
  const result = Array.from({ length: elementCount(shapes.y) }, () => 0);
  groupedTaps(shapes.x, shapes.filter, shapes.y, shapes.options, groups, (i, k, o) => (result[o] += x[i] * filter[k]));
  return result;
}
export function groupedConv2dBackpropInput(filter: Numbers, dy: Numbers, shapes: ConvolutionShapes, groups: number): number[] {
  const result = Array.from({ length: elementCount(shapes.x) }, () => 0);
  groupedTaps(shapes.x, shapes.filter, shapes.y, shapes.options, groups, (i, k, o) => (result[i] += dy[o] * filter[k]));
  return result;
}
export function groupedConv2dBackpropFilter(x: Numbers, dy: Numbers, shapes: ConvolutionShapes, groups: number): number[] {
  const result = Array.from({ length: elementCount(shapes.filter) }, () => 0);
  groupedTaps(shapes.x, shapes.filter, shapes.y, shapes.options, groups, (i, k, o) => (result[k] += dy[o] * x[i]));
  return result;
}

export interface PoolShapes {
  x: Shape;
  y: Shape;
  options: Pooling;
}
/** For every element of y, the indices of the elements of x in its window, padding left out. */
function pooled({ x, y, options }: PoolShapes): number[][] {
  const windows = Array.from({ length: elementCount(y) }, (): number[] => []);
  groupedTaps(x, [...options.kernel, 1, x[3]], y, options, x[3], (i, _, o) => windows[o].push(i));
  return windows;
}
export function maxPool(x: Numbers, shapes: PoolShapes): number[] {
  return pooled(shapes).map((window) => Math.max(...window.map((i) => x[i])));
}
export function maxPoolGrad(x: Numbers, dy: Numbers, shapes: PoolShapes): number[] {
  const result = Array.from({ length: elementCount(shapes.x) }, () => 0);
  pooled(shapes).forEach((window, o) => {
    const largest = Math.max(...window.map((i) => x[i]));
    result[window.find((i) => x[i] === largest)!] += dy[o];
  });
  return result;
}
/** What each mean divides by: the whole window, or what of it lies within the image. */
const divisor = (window: readonly number[], { kernel }: Pooling, countPadding: boolean) =>
  countPadding ? kernel[0] * kernel[1] : window.length;
export function avgPool(x: Numbers, shapes: PoolShapes, countPadding = true): number[] {
  return pooled(shapes).map((window) => window.reduce((sum, i) => sum + x[i], 0) / divisor(window, shapes.options, countPadding));
}
export function avgPoolGrad(dy: Numbers, shapes: PoolShapes, countPadding = true): number[] {
  const result = Array.from({ length: elementCount(shapes.x) }, () => 0);
  pooled(shapes).forEach((window, o) => {
    for (const i of window) result[i] += dy[o] / divisor(window, shapes.options, countPadding);
  });
  return result;
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** [m,k] times [k,n]; element (i, j) of a transposed operand is read as (j, i). */
export function matMul(
  a: Numbers,
  b: Numbers,
  [m, k, n]: readonly [number, number, number],
  transposeA: boolean,
  transposeB: boolean,
): number[] {
  return Array.from({ length: m * n }, (_, index) => {
    const [i, j] = [Math.floor(index / n), index % n];
    let sum = 0;
    for (let t = 0; t < k; t++) sum += a[transposeA ? t * m + i : i * k + t] * b[transposeB ? j * k + t : t * n + j];
    return sum;
  });
}

/** The column `c` of x [rows, channels]. */
const column = (x: Numbers, channels: number, c: number): number[] =>
  Array.from({ length: x.length / channels }, (_, i) => x[i * channels + c]);
const average = (values: readonly number[]): number => values.reduce((a, v) => a + v, 0) / values.length;

export function batchNorm(x: Numbers, gamma: Numbers, beta: Numbers, epsilon: number) {
  const channels = gamma.length;
  const mean = Array.from({ length: channels }, (_, c) => average(column(x, channels, c)));
  const biased = mean.map((m, c) => average(column(x, channels, c).map((v) => (v - m) ** 2)));
  const rows = x.length / channels;
  const normalized = Array.from(x, (v, i) => (v - mean[i % channels]) / Math.sqrt(biased[i % channels] + epsilon));
  const y = normalized.map((v, i) => v * gamma[i % channels] + beta[i % channels]);
  return { y, mean, biased, variance: biased.map((v) => (v * rows) / (rows - 1)), normalized };
}

export function batchNormGrad(dy: Numbers, x: Numbers, gamma: Numbers, epsilon: number) {
  const channels = gamma.length;
  const { biased, normalized } = batchNorm(x, gamma, gamma, epsilon);
  const product = normalized.map((v, i) => v * dy[i]);
  const meanDy = biased.map((_, c) => average(column(dy, channels, c)));
  const meanProduct = biased.map((_, c) => average(column(product, channels, c)));
  const rows = x.length / channels;
  return {
    dx: normalized.map((v, i) => {
      const c = i % channels;
      return (gamma[c] / Math.sqrt(biased[c] + epsilon)) * (dy[i] - meanDy[c] - v * meanProduct[c]);
    }),
    dgamma: meanProduct.map((v) => v * rows),
    dbeta: meanDy.map((v) => v * rows),
  };
}

export function logSoftmax(x: Numbers, width: number): number[] {
  return Array.from(x, (v, i) => {
    const start = i - (i % width);
    let sum = 0;
    for (let k = start; k < start + width; k++) sum += Math.exp(x[k]);
    return v - Math.log(sum);
  });
}

/** Nearest integer, ties to even. */
export function rint(x: number): number {
  const low = Math.floor(x);
  const distance = x - low;
  if (distance !== 0.5) return distance < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}
