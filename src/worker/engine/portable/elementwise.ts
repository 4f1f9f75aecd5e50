import * as tf from '@tensorflow/tfjs-core';
import type { OpName } from '../graph.ts';
import { bitsOf, type Kernel, type TensorMemory, type TypedArray } from './memory.ts';
import { forEachRun } from './runs.ts';

/** Names of the library's own kernels; its Round takes ties to even, as Rint does. */
const LIBRARY_UNARY: Partial<Record<OpName, (x: tf.Tensor) => tf.Tensor>> = {
  Neg: tf.neg, Exp: tf.exp, Log: tf.log, Sqrt: tf.sqrt, Square: tf.square, Reciprocal: tf.reciprocal, Rint: tf.round, Abs: tf.abs, Relu: tf.relu, Relu6: tf.relu6, Sigmoid: tf.sigmoid,
}; // prettier-ignore

const LIBRARY_BINARY: Partial<Record<OpName, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor>> = {
  Add: tf.add, Sub: tf.sub, Mul: tf.mul, Div: tf.div, BiasAdd: tf.add,
}; // prettier-ignore

type Inner = (
  x: TypedArray,
  xAt: number,
  xStep: number,
  y: TypedArray,
  yAt: number,
  yStep: number,
  out: TypedArray,
  at: number,
  n: number,
) => void;

// The library's kernels of these are many times slower than a loop. One loop each, so that the engine can inline the operation.
const LOOPS = {
  Maximum: (x, p, dp, y, q, dq, out, at, n) => {
    for (const end = at + n; at < end; at++, p += dp, q += dq) out[at] = x[p] >= y[q] ? x[p] : x[p] !== x[p] ? x[p] : y[q];
  },
  Minimum: (x, p, dp, y, q, dq, out, at, n) => {
    for (const end = at + n; at < end; at++, p += dp, q += dq) out[at] = x[p] <= y[q] ? x[p] : x[p] !== x[p] ? x[p] : y[q];
  },
  Pow: (x, p, dp, y, q, dq, out, at, n) => {
    for (const end = at + n; at < end; at++, p += dp, q += dq) out[at] = x[p] ** y[q];
  },
  Equal: (x, p, dp, y, q, dq, out, at, n) => {
    for (const end = at + n; at < end; at++, p += dp, q += dq) out[at] = x[p] === y[q] ? 1 : 0;
  },
} satisfies Partial<Record<OpName, Inner>>;

const looped =
  (inner: Inner): Kernel =>
  (node, [a, b], memory) => {
    const { shape, dtype } = node.outputs[0];
    const result = memory.make(shape, dtype);
    const [x, y, out] = [a, b, result].map(memory.view);
    forEachRun(shape, [a.shape, b.shape], (n, at, [p, q], [dp, dq]) => inner(x, p, dp, y, q, dq, out, at, n));
    return result;
  };

const filled = (memory: TensorMemory, shape: readonly number[], value: number): tf.Tensor => {
  const result = memory.make(shape);
  memory.floats(result).fill(value);
  return result;
};

/** out = max(min(x, upper), low). */
function clipInto(out: Float32Array, x: Float32Array, low: number, upper: number): void {
  const high = Math.max(low, upper);
  const [lowBits, highBits] = bitsOf(Float32Array.of(low, high));
  const [from, to] = [bitsOf(x), bitsOf(out)];
  for (let i = 0; i < to.length; i++) {
    const below = -Number(x[i] < low);
    const above = -Number(x[i] > high);
    to[i] = (lowBits & below) | (highBits & above) | (from[i] & ~(below | above));
  }
}

/** Makes the output and hands its numbers, with those of all inputs, to `loop`. */
const plain =
  (loop: (out: Float32Array, ...inputs: Float32Array[]) => void): Kernel =>
  (node, inputs, memory) => {
    const result = memory.make(node.outputs[0].shape);
    loop(memory.floats(result), ...inputs.map(memory.floats));
    return result;
  };

export const ELEMENTWISE: Partial<Record<OpName, Kernel>> = {
  ...Object.fromEntries(Object.entries(LIBRARY_UNARY).map(([op, kernel]) => [op, (_, [x]) => kernel(x)] satisfies [string, Kernel])),
  ...Object.fromEntries(Object.entries(LIBRARY_BINARY).map(([op, kernel]) => [op, (_, [a, b]) => kernel(a, b)] satisfies [string, Kernel])),
  ...Object.fromEntries(Object.entries(LOOPS).map(([op, inner]) => [op, looped(inner)])),
  AddN: (_, inputs) => tf.addN([...inputs]),
  ZerosLike: (_, [x], memory) => filled(memory, x.shape, 0),
  CastBool: plain((out, same) => out.set(same)),
  // The library's clip keeps one operator for each pair of bounds for ever, and learned bounds change at every step.
  Clip: plain((out, x, [low], [high]) => clipInto(out, x, low, high)),
  Swish: plain((out, x) => {
    for (let i = 0; i < out.length; i++) out[i] = x[i] / (1 + Math.exp(-x[i]));
  }),
  SwishGrad: plain((out, dy, x) => {
    for (let i = 0; i < out.length; i++) {
      const gate = 1 / (1 + Math.exp(-x[i]));
      out[i] = dy[i] * gate * (1 + x[i] * (1 - gate));
    }
  }),
  Relu6Grad: plain((out, dy, y) => {
    const [from, to] = [bitsOf(dy), bitsOf(out)];
    for (let i = 0; i < to.length; i++) to[i] = from[i] & -(Number(y[i] > 0) & Number(y[i] < 6));
  }),
  ReluGrad: plain((out, dy, y) => {
    const [from, to] = [bitsOf(dy), bitsOf(out)];
    for (let i = 0; i < to.length; i++) to[i] = from[i] & -Number(y[i] > 0);
  }),
};
