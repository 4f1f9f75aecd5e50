import { expect } from 'vitest';
import { RandomStream } from '../../shared/domain/random.ts';
import { GraphBuilder, type CodeGrid } from './builder.ts';
import type { Executor } from './executor.ts';
import type { BinaryOp, Convolution, HostArray, Pooling, Program, Shape, UnaryOp, Value } from './graph.ts';
import { elementCount, UNARY_OPS } from './graph.ts';
import * as reference from './reference-ops.ts';

interface Input {
  shape: Shape;
  data: HostArray;
}

/** One op on given inputs. `tolerance` is the largest error allowed, relative to the largest expected value or 1; 1e-5 when left out. */
export interface Case {
  name: string;
  inputs: Record<string, Input>;
  build: (b: GraphBuilder, inputs: Record<string, Value>) => Record<string, Value>;
  expected: Record<string, reference.Numbers>;
  tolerance?: number;
}

const floats = (shape: Shape, values: ArrayLike<number>): Input => ({ shape, data: Float32Array.from(values) });
const integers = (shape: Shape, values: ArrayLike<number>): Input => ({ shape, data: Int32Array.from(values) });
let streams = 0;
export const normal = (shape: Shape, spread = 1): Input => {
  const random = new RandomStream(7, 'ops', streams++);
  return floats(
    shape,
    Array.from({ length: elementCount(shape) }, () => spread * random.normal()),
  );
};
export const positive = (shape: Shape): Input =>
  floats(
    shape,
    normal(shape).data.map((v) => Math.abs(v) + 0.1),
  );

const UNARY: Record<Exclude<UnaryOp, 'Softmax' | 'LogSoftmax'>, (x: number) => number> = {
  Neg: (x) => -x,
  Exp: Math.exp,
  Log: Math.log,
  Sqrt: Math.sqrt,
  Square: (x) => x * x,
  Reciprocal: (x) => 1 / x,
  Rint: reference.rint,
  Abs: Math.abs,
  Relu: (x) => Math.max(x, 0),
  Relu6: (x) => Math.min(Math.max(x, 0), 6),
  Sigmoid: reference.sigmoid,
  Swish: (x) => x * reference.sigmoid(x),
  ZerosLike: () => 0,
};

const unaryCases = (): Case[] =>
  UNARY_OPS.map((op) => {
    const x =
      op === 'Log' || op === 'Sqrt'
        ? positive([3, 5])
        : op === 'Rint'
          ? floats([10], [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999997, 1e9, -3.2, 3.7])
          : normal([3, 5], op === 'Relu6' ? 6 : 1);
    const rows = reference.logSoftmax(x.data, 5);
    const y = op === 'LogSoftmax' ? rows : op === 'Softmax' ? rows.map(Math.exp) : Array.from(x.data, UNARY[op]);
    return { name: op, inputs: { x }, build: (b, v) => ({ y: b.unary(op, v.x) }), expected: { y }, tolerance: op === 'Rint' ? 0 : 1e-6 };
  });

const BINARY: Record<BinaryOp, (x: number, y: number) => number> = {
  Add: (x, y) => x + y,
  Sub: (x, y) => x - y,
  Mul: (x, y) => x * y,
  Div: (x, y) => x / y,
  Maximum: Math.max,
  Minimum: Math.min,
  Pow: Math.pow,
};
const BROADCASTS: [Shape, Shape, Shape][] = [
  [
    [2, 3, 4],
    [2, 3, 4],
    [2, 3, 4],
  ],
  [[2, 3, 4], [], [2, 3, 4]],
  [[], [3], [3]],
  [[2, 3, 4], [4], [2, 3, 4]],
  [
    [2, 3, 4],
    [3, 1],
    [2, 3, 4],
  ],
  [
    [2, 1, 4],
    [1, 3, 1],
    [2, 3, 4],
  ],
  [
    [2, 3, 3, 2],
    [1, 1, 1, 2],
    [2, 3, 3, 2],
  ],
];
const binaryCases = (): Case[] =>
  (Object.keys(BINARY) as BinaryOp[]).flatMap((op) =>
    BROADCASTS.map(([left, right, full]): Case => {
      const [x, y] = [positive(left), positive(right)];
      const z = reference.zip(full, [x.data, left], [y.data, right], BINARY[op]);
      return {
        name: `${op} [${left.join()}] with [${right.join()}]`,
        inputs: { x, y },
        build: (b, v) => ({ z: b.binary(op, v.x, v.y) }),
        expected: { z },
        tolerance: 1e-6,
      };
    }),
  );

const reductionCases = (): Case[] => {
  const shape = [2, 3, 4];
  const folds = { sum: [0, (a: number, v: number) => a + v], max: [-Infinity, Math.max], min: [Infinity, Math.min] } as const;
  return [undefined, [0], [2], [0, 1], [0, 2], [1, 2], []].flatMap((axes) =>
    [false, true].map((keepDims): Case => {
      const x = normal(shape);
      const all = axes ?? [0, 1, 2];
      const { sum, max, min } = Object.fromEntries(
        Object.entries(folds).map(([op, [start, fold]]) => [op, reference.reduce(x.data, shape, all, start, fold)]),
      );
      const mean = sum.map((v) => (v * sum.length) / 24);
      return {
        name: `Sum, Mean, Max, Min over [${all.join()}]${keepDims ? ' keeping dimensions' : ''}`,
        inputs: { x },
        build: (b, v) => ({
          sum: b.sum(v.x, axes, keepDims),
          mean: b.mean(v.x, axes, keepDims),
          max: b.max(v.x, axes, keepDims),
          min: b.min(v.x, axes, keepDims),
        }),
        expected: { sum, mean, max, min },
        tolerance: 1e-6,
      };
    }),
  );
};

const layoutCases = (): Case[] => {
  const x = normal([3, 2]);
  const y = normal([3, 4]);
  const rows = [0, 1, 2].flatMap((i) => [...x.data.slice(2 * i, 2 * i + 2), ...y.data.slice(4 * i, 4 * i + 4)]);
  const table = normal([4, 2]);
  const scattered = normal([5, 2]);
  const segments = [2, 0, 2, -1, 0];
  const segmentSum = Array.from({ length: 6 }, (_, i) =>
    segments.reduce((a, s, k) => (s === i >> 1 ? a + scattered.data[2 * k + (i % 2)] : a), 0),
  );
  const ids = integers([4], [7, -1, 3, 5]);
  return [
    { name: 'Reshape', inputs: { x }, build: (b, v) => ({ y: b.reshape(v.x, [2, 3, 1]) }), expected: { y: x.data } },
    ...([[[1, 3], [2, 3]], [[3], [2, 3]], [[2, 1], [2, 3]], [[], [2, 2]], [[2, 1, 3], [2, 4, 3]]] as [Shape, Shape][]).map(([from, to]): Case => {
      const small = normal(from);
      const zeros: [number[], Shape] = [[0], []];
      return { name: `BroadcastTo [${from.join()}] to [${to.join()}]`, inputs: { small }, build: (b, v) => ({ y: b.broadcastTo(v.small, to) }), expected: { y: reference.zip(to, [small.data, from], zeros, (a) => a) } };
    }),
    { name: 'Concat along the last axis', inputs: { x, y }, build: (b, v) => ({ z: b.concat([v.x, v.y], 1) }), expected: { z: rows } },
    { name: 'Concat along the first axis', inputs: { x, table }, build: (b, v) => ({ z: b.concat([v.x, v.table]) }), expected: { z: [...x.data, ...table.data] } },
    { name: 'Split', inputs: { table }, build: (b, v) => Object.fromEntries(b.split(v.table, [1, 3]).map((part, i) => [`p${i}`, part])), expected: { p0: table.data.slice(0, 2), p1: table.data.slice(2) } },
    { name: 'Split along the last axis', inputs: { y }, build: (b, v) => Object.fromEntries(b.split(v.y, [1, 3], 1).map((part, i) => [`p${i}`, part])), expected: { p0: [0, 1, 2].map((i) => y.data[4 * i]), p1: [0, 1, 2].flatMap((i) => Array.from(y.data.slice(4 * i + 1, 4 * i + 4))) } },
    { name: 'Unpack, and Pack in reverse', inputs: { x }, build: (b, v) => ({ y: b.pack(b.unpack(v.x).reverse()) }), expected: { y: [...x.data.slice(4), ...x.data.slice(2, 4), ...x.data.slice(0, 2)] } },
    { name: 'Pack of scalars from Unpack', inputs: { y: normal([3]) }, build: (b, v) => ({ z: b.sub(b.pack(b.unpack(v.y)), v.y) }), expected: { z: [0, 0, 0] } },
    { name: 'integers through Unpack, Pack, Split, Concat, Reshape', inputs: { ids }, build: (b, v) => ({ y: b.reshape(b.concat([b.pack(b.unpack(v.ids).slice(0, 2)), b.split(v.ids, [2, 2])[1]]), [2, 2]) }), expected: { y: ids.data } },
    { name: 'Gather of scalars, with repeats', inputs: { t: floats([3], [5, 6, 7]), i: integers([2, 2], [2, 0, 2, 1]) }, build: (b, v) => ({ y: b.gather(v.t, v.i) }), expected: { y: [7, 5, 7, 6] } },
    { name: 'Gather of rows', inputs: { table, i: integers([3], [3, 1, 3]) }, build: (b, v) => ({ y: b.gather(v.table, v.i) }), expected: { y: [3, 1, 3].flatMap((i) => Array.from(table.data.slice(2 * i, 2 * i + 2))) } },
    { name: 'SegmentSum of a table of segments', inputs: { v: floats([2, 2], [1, 2, 4, 8]), i: integers([2, 2], [1, 0, 1, 1]) }, build: (b, v) => ({ y: b.segmentSum(v.v, v.i, 2) }), expected: { y: [2, 13] } },
    { name: 'SegmentSum, which drops negative segments', inputs: { scattered, i: integers([5], segments) }, build: (b, v) => ({ y: b.segmentSum(v.scattered, v.i, 3) }), expected: { y: segmentSum } },
  ]; // prettier-ignore
};

const elementwiseCases = (): Case[] => {
  const [x, y, z] = [normal([3, 4]), normal([3, 4]), normal([3, 4])];
  const [low, high] = [floats([], [-0.5]), floats([], [0.25])];
  const same = floats([2, 3], [1, 2, 3, 4, 5, 6]);
  return [
    { name: 'Equal and CastBool', inputs: { same, row: floats([3], [1, 5, 3]) }, build: (b, v) => ({ m: b.equalMask(v.same, v.row) }), expected: { m: [1, 0, 1, 0, 1, 0] } },
    { name: 'Clip', inputs: { x, low, high }, build: (b, v) => ({ y: b.clip(v.x, v.low, v.high) }), expected: { y: Array.from(x.data, (v) => Math.min(Math.max(v, -0.5), 0.25)) }, tolerance: 0 },
    { name: 'AddN', inputs: { x, y, z }, build: (b, v) => ({ s: b.addN([v.x, v.y, v.z, v.x]) }), expected: { s: Array.from(x.data, (v, i) => 2 * v + y.data[i] + z.data[i]) }, tolerance: 1e-6 },
    { name: 'BiasAdd', inputs: { x, bias: floats([4], [1, 2, 3, 4]) }, build: (b, v) => ({ y: b.biasAdd(v.x, v.bias) }), expected: { y: Array.from(x.data, (v, i) => v + (i % 4) + 1) }, tolerance: 1e-6 },
    { name: 'BiasAddGrad', inputs: { x: normal([2, 2, 3, 4]) }, build: (b, v) => ({ y: b.sub(b.biasAddGrad(v.x), b.sum(v.x, [0, 1, 2])) }), expected: { y: [0, 0, 0, 0] }, tolerance: 1e-6 },
    { name: 'ReluGrad', inputs: { x, y }, build: (b, v) => ({ d: b.reluGrad(v.x, v.y) }), expected: { d: Array.from(x.data, (v, i) => (y.data[i] > 0 ? v : 0)) }, tolerance: 0 },
    { name: 'Relu6Grad', inputs: { x, y: floats([3, 4], y.data.map((v) => Math.min(Math.max(5 * v, 0), 6))) }, build: (b, v) => ({ d: b.relu6Grad(v.x, v.y) }), expected: { d: Array.from(x.data, (v, i) => (y.data[i] > 0 && 5 * y.data[i] < 6 ? v : 0)) }, tolerance: 0 },
    { name: 'SwishGrad', inputs: { x, y }, build: (b, v) => ({ d: b.swishGrad(v.x, v.y) }), expected: { d: Array.from(x.data, (v, i) => { const [s, u] = [reference.sigmoid(y.data[i]), y.data[i]]; return v * (s + u * s * (1 - s)); }) }, tolerance: 1e-6 },
    { name: 'Swish and its gradient far from 0', inputs: { far: floats([4], [-200, -30, 30, 200]) }, build: (b, v) => ({ y: b.swish(v.far), d: b.swishGrad(v.far, v.far) }), expected: { y: [0, 0, 30, 200], d: [0, 0, 30, 200] }, tolerance: 1e-6 },
    { name: 'Const', inputs: {}, build: (b) => ({ f: b.constant([1.5, -2], [2]), i: b.constant([3, 4], [2, 1], 'int32') }), expected: { f: [1.5, -2], i: [3, 4] } },
  ]; // prettier-ignore
};

const matMulCases = (): Case[] =>
  [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB): Case => {
      const [m, k, n] = [5, 7, 3];
      const a = normal(transposeA ? [k, m] : [m, k]);
      const w = normal(transposeB ? [n, k] : [k, n]);
      const y = reference.matMul(a.data, w.data, [m, k, n], transposeA, transposeB);
      return {
        name: `MatMul${transposeA ? ', a transposed' : ''}${transposeB ? ', b transposed' : ''}`,
        inputs: { a, w },
        build: (b, v) => ({ y: b.matMul(v.a, v.w, transposeA, transposeB) }),
        expected: { y },
      };
    }),
  );

/** Name, [height, width], [kernel height, kernel width], convolution. */
export const CONVOLUTION_CASES: readonly [string, readonly [number, number], readonly [number, number], Convolution][] = [
  ['3x3, same', [6, 5], [3, 3], { stride: [1, 1], padding: [1, 1, 1, 1] }],
  ['3x3, valid', [6, 5], [3, 3], { stride: [1, 1], padding: [0, 0, 0, 0] }],
  ['5x5, padding 2', [7, 7], [5, 5], { stride: [1, 1], padding: [2, 2, 2, 2] }],
  ['3x3, stride 2, symmetric padding', [8, 8], [3, 3], { stride: [2, 2], padding: [1, 1, 1, 1] }],
  ['3x3, stride 2, TensorFlow same', [8, 8], [3, 3], { stride: [2, 2], padding: [0, 1, 0, 1] }],
  ['3x3, stride 2, odd size', [7, 9], [3, 3], { stride: [2, 2], padding: [1, 1, 1, 1] }],
  ['4x4, asymmetric padding', [6, 6], [4, 4], { stride: [1, 1], padding: [1, 2, 1, 2] }],
  ['1x1', [4, 4], [1, 1], { stride: [1, 1], padding: [0, 0, 0, 0] }],
  ['1x1, stride 2', [6, 6], [1, 1], { stride: [2, 2], padding: [0, 0, 0, 0] }],
  ['1x1, stride 2, odd size', [7, 5], [1, 1], { stride: [2, 2], padding: [0, 0, 0, 0] }],
  ['2x2, stride 2, rest left over', [7, 7], [2, 2], { stride: [2, 2], padding: [0, 0, 0, 0] }],
  ['3x1, strides 1 and 2', [5, 6], [3, 1], { stride: [1, 2], padding: [1, 1, 0, 0] }],
  ['5x5, stride 2, padding 2', [9, 10], [5, 5], { stride: [2, 2], padding: [2, 2, 2, 2] }],
  ['3x3, stride 3', [10, 10], [3, 3], { stride: [3, 3], padding: [1, 1, 1, 1] }],
  ['7x7, stride 2, padding 3', [12, 12], [7, 7], { stride: [2, 2], padding: [3, 3, 3, 3] }],
  ['3x3, wide padding', [4, 4], [3, 3], { stride: [1, 1], padding: [3, 3, 3, 3] }],
];
export const DEPTHWISE_CASES = CONVOLUTION_CASES.filter(([, , , { stride }]) => stride[0] === stride[1]);
/** Channels in and out, beside the few of every case: whole vector registers, halves, rests, and more than one block of work. */
const WIDE_CONVOLUTIONS: readonly [string, readonly [number, number]][] = [
  ['1x1', [16, 48]],
  ['1x1', [48, 8]],
  ['1x1', [19, 37]],
  ['1x1', [70, 300]],
  ['1x1, stride 2', [17, 8]],
  ['3x3, same', [5, 20]],
  ['3x3, stride 2, odd size', [16, 33]],
  ['3x1, strides 1 and 2', [24, 8]],
];
const convolutionCases = (): Case[] => {
  const few = CONVOLUTION_CASES.map((one) => ({ one, channels: [3, 4] as const, batch: 2 }));
  const wide = WIDE_CONVOLUTIONS.map(([name, channels]) => ({
    one: CONVOLUTION_CASES.find((one) => one[0] === name)!,
    channels,
    batch: 9,
  }));
  return [...few, ...wide].map(({ one: [name, size, kernel, options], channels: [into, from], batch }): Case => {
    const { stride, padding } = options;
    const out = [0, 1].map((i) => Math.floor((size[i] + padding[2 * i] + padding[2 * i + 1] - kernel[i]) / stride[i]) + 1);
    const shapes = { x: [batch, ...size, into], filter: [...kernel, into, from], y: [batch, ...out, from], options };
    const [x, filter, dy] = [normal(shapes.x), normal(shapes.filter), normal(shapes.y)];
    return {
      name: `Conv2D and its gradients, ${name}, ${into} to ${from} channels`,
      inputs: { x, filter, dy },
      build: (b, v) => ({
        y: b.conv2d(v.x, v.filter, options),
        dx: b.conv2dBackpropInput(v.filter, v.dy, shapes.x, options),
        dw: b.conv2dBackpropFilter(v.x, v.dy, shapes.filter, options),
      }),
      expected: {
        y: reference.conv2d(x.data, filter.data, shapes),
        dx: reference.conv2dBackpropInput(filter.data, dy.data, shapes),
        dw: reference.conv2dBackpropFilter(x.data, dy.data, shapes),
      },
    };
  });
};

/** Channels and filters for each: fewer than a vector register holds, and whole registers with a rest. */
const DEPTHWISE_CHANNELS = [
  [3, 1],
  [3, 2],
  [27, 1],
] as const;

/** Of the convolutions above those that a depthwise one can be. */
const depthwiseCases = (): Case[] =>
  DEPTHWISE_CASES.flatMap(([name, size, kernel, options]) =>
    DEPTHWISE_CHANNELS.map(([channels, multiplier]): Case => {
      const { stride, padding } = options;
      const out = [0, 1].map((i) => Math.floor((size[i] + padding[2 * i] + padding[2 * i + 1] - kernel[i]) / stride[i]) + 1);
      const shapes = {
        x: [2, ...size, channels],
        filter: [...kernel, 1, channels * multiplier],
        y: [2, ...out, channels * multiplier],
        options,
      };
      const [x, filter, dy] = [normal(shapes.x), normal(shapes.filter), normal(shapes.y)];
      return {
        name: `DepthwiseConv2D and its gradients, ${name}, ${channels} channels, ${multiplier} for each`,
        inputs: { x, filter, dy },
        build: (b, v) => ({
          y: b.depthwiseConv2d(v.x, v.filter, options),
          dx: b.depthwiseConv2dBackpropInput(v.filter, v.dy, shapes.x, options),
          dw: b.depthwiseConv2dBackpropFilter(v.x, v.dy, shapes.filter, options),
        }),
        expected: {
          y: reference.groupedConv2d(x.data, filter.data, shapes, channels),
          dx: reference.groupedConv2dBackpropInput(filter.data, dy.data, shapes, channels),
          dw: reference.groupedConv2dBackpropFilter(x.data, dy.data, shapes, channels),
        },
      };
    }),
  );

/** Name, [height, width], pooling. */
export const POOL_CASES: readonly [string, readonly [number, number], Pooling][] = [
  ['2x2, stride 2', [6, 4], { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] }],
  ['2x2, stride 2, rest left over', [7, 5], { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] }],
  ['3x3, stride 2, symmetric padding', [8, 8], { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] }],
  ['3x3, stride 2, TensorFlow same', [8, 8], { kernel: [3, 3], stride: [2, 2], padding: [0, 1, 0, 1] }],
  ['3x3, stride 1, padding', [5, 6], { kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1] }],
  ['2x3, strides 1 and 2, asymmetric padding', [5, 6], { kernel: [2, 3], stride: [1, 2], padding: [1, 0, 0, 2] }],
];
const poolingCases = (): Case[] =>
  POOL_CASES.map(([name, size, options]): Case => {
    const { kernel, stride, padding } = options;
    const out = [0, 1].map((i) => Math.floor((size[i] + padding[2 * i] + padding[2 * i + 1] - kernel[i]) / stride[i]) + 1);
    const shapes = { x: [2, ...size, 3], y: [2, ...out, 3], options };
    // Whole numbers: of equal values in a window the first one gets the gradient.
    const [x, dy] = [floats(shapes.x, normal(shapes.x).data.map(Math.round)), normal(shapes.y)];
    return {
      name: `MaxPool, AvgPool and their gradients, ${name}`,
      inputs: { x, dy },
      build: (b, v) => {
        const max = b.maxPool(v.x, options);
        return {
          max,
          dmax: b.maxPoolGrad(v.x, max, v.dy, options),
          mean: b.avgPool(v.x, options),
          dmean: b.avgPoolGrad(v.dy, shapes.x, options),
        };
      },
      expected: {
        max: reference.maxPool(x.data, shapes),
        dmax: reference.maxPoolGrad(x.data, dy.data, shapes),
        mean: reference.avgPool(x.data, shapes),
        dmean: reference.avgPoolGrad(dy.data, shapes),
      },
      tolerance: 1e-6,
    };
  });

const normalizationCases = (): Case[] => {
  const epsilon = 1e-3;
  const [x, gamma, beta, dy] = [normal([4, 3, 3, 2], 2), positive([2]), normal([2]), normal([4, 3, 3, 2])];
  const forward = reference.batchNorm(x.data, gamma.data, beta.data, epsilon);
  const [mean, variance] = [normal([2]), positive([2])];
  const fixed = Array.from(
    x.data,
    (v, i) => ((v - mean.data[i % 2]) / Math.sqrt(variance.data[i % 2] + epsilon)) * gamma.data[i % 2] + beta.data[i % 2],
  );
  const logits = normal([3, 5], 3);
  const labels = floats([3, 5], [0, 1, 0, 0, 0, 0.2, 0.2, 0.2, 0.2, 0.2, 0, 0.25, 0, 0.75, 0]);
  const logProbability = reference.logSoftmax(logits.data, 5);
  return [
    {
      name: 'BatchNormTrain and BatchNormGrad',
      inputs: { x, gamma, beta, dy },
      build: (b, v) => {
        const { y, mean: m, variance: s } = b.batchNormTrain(v.x, v.gamma, v.beta, epsilon);
        const [dx, dgamma, dbeta] = b.batchNormGrad(v.dy, y.node);
        return { y, mean: m, variance: s, dx, dgamma, dbeta };
      },
      expected: { y: forward.y, mean: forward.mean, variance: forward.variance, ...reference.batchNormGrad(dy.data, x.data, gamma.data, epsilon) },
    },
    {
      name: 'BatchNormInference',
      inputs: { x, gamma, beta, mean, variance },
      build: (b, v) => ({ y: b.batchNormInference(v.x, v.gamma, v.beta, v.mean, v.variance, epsilon) }),
      expected: { y: fixed },
    },
    {
      name: 'SoftmaxCrossEntropy with soft labels',
      inputs: { logits, labels },
      build: (b, v) => ({ ...b.softmaxCrossEntropy(v.logits, v.labels) }),
      expected: {
        loss: [0, 1, 2].map((i) => [0, 1, 2, 3, 4].reduce((a, k) => a - labels.data[5 * i + k] * logProbability[5 * i + k], 0)),
        gradient: logProbability.map((v, i) => Math.exp(v) - labels.data[i]),
      },
    },
    { name: 'LogSoftmax of large values', inputs: { x: floats([1, 2], [1000, 999]) }, build: (b, v) => ({ y: b.logSoftmax(v.x) }), expected: { y: [-0.3132617, -1.3132617] }, tolerance: 1e-6 },
  ]; // prettier-ignore
};

const quantizationCases = (): Case[] =>
  [2, 3, 4, 8].flatMap((bits) =>
    [
      [true, false],
      [false, false],
      [false, true],
    ].flatMap(([signed, relu]) =>
      [0.25, 0.1].map((step): Case => {
        const [lowest, highest] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
        // Ties on purpose where the step size is a power of two, so that they are exact; elsewhere half-way points are avoided.
        const codes = Array.from({ length: 60 }, (_, i) => ((i - 30) / 30) * 1.3 * (highest + 1) + (step === 0.25 ? 0 : 0.013)).map((v) =>
          step === 0.25 ? Math.round(v * 2) / 2 : v,
        );
        const x = floats([60], codes.map((v) => v * step)); // prettier-ignore
        const offset = relu ? 0 : 0.5 * step;
        const dy = normal([60]);
        const scalar = (value: number) => floats([], [value]);
        const v = codes.map((code) => (relu ? Math.max(code, 0) : code) - (relu ? 0 : 0.5));
        const inside = v.map((value) => value >= lowest && value <= highest);
        const sum = (of: (i: number) => number) => v.reduce((total, _, i) => total + dy.data[i] * of(i), 0);
        const clip = (value: number) => Math.min(Math.max(value, lowest), highest);
        return {
          name: `FakeQuant and its gradient, ${bits} bits ${signed ? 'signed' : 'unsigned'}, step size ${step}${relu ? ', with ReLU' : ''}`,
          inputs: { x, dy, step: scalar(step), offset: scalar(offset), low: scalar(lowest), high: scalar(highest) },
          build: (b, { x: input, dy: gradient, ...grid }) => {
            const q = grid as unknown as CodeGrid;
            const { dx, sums } = b.fakeQuantGrad(gradient, input, q, relu);
            return { y: b.fakeQuant(input, q, relu), dx, sums };
          },
          expected: {
            y: v.map((value) => reference.rint(clip(value)) * step + offset),
            dx: v.map((_, i) => (inside[i] && (!relu || codes[i] > 0) ? dy.data[i] : 0)),
            sums: [sum((i) => step * (inside[i] ? reference.rint(v[i]) - v[i] : clip(v[i]))), sum((i) => (inside[i] ? 0 : 1))],
          },
        };
      }),
    ),
  );

/** Values at and beside ties, of infinities and far away: which code they get shall be that of a division, to the last bit. */
const tieCases = (): Case[] =>
  [0.013, 1 / 3, 0.7319, 5.1].map((size): Case => {
    const [step] = Float32Array.of(size);
    const offset = 0;
    const [lowest, highest] = [-128, 127];
    const ties = Array.from({ length: 257 }, (_, i) => (i - 128.5) * step);
    // the neighbours of a float: its bits as a number, one more and one less
    const bits = new Int32Array(Float32Array.from(ties).buffer);
    const near = [-2, -1, 0, 1, 2].flatMap((way) => [...new Float32Array(bits.map((value) => value + way).buffer)]);
    const x = [...near, Infinity, -Infinity, 3e38, -3e38, 1e-38];
    const code = (value: number) => reference.rint(Math.min(Math.max(Math.fround(Math.fround(value - offset) / step), lowest), highest));
    const scalar = (value: number) => floats([], [value]);
    return {
      name: `FakeQuant at ties, step size ${size.toFixed(4)}`,
      inputs: { x: floats([x.length], x), step: scalar(step), offset: scalar(offset), low: scalar(lowest), high: scalar(highest) },
      build: (b, { x: input, ...grid }) => ({ y: b.fakeQuant(input, grid as unknown as CodeGrid, false) }),
      expected: { y: x.map((value) => Math.fround(code(value) * step)) },
      tolerance: 0,
    };
  });

const channelQuantizationCases = (): Case[] =>
  // channels below, at and behind the lanes of the native op
  [1, 5, 8, 19].map((channels): Case => {
    const shape = [3, 3, 2, channels];
    const [w, dy] = [normal(shape), normal(shape)];
    const step = floats(
      [channels],
      Array.from({ length: channels }, (_, c) => 0.11 + 0.02 * c),
    );
    const offset = floats(
      [channels],
      Array.from({ length: channels }, (_, c) => (c % 3) * 0.05 - 0.04),
    );
    const [lowest, highest] = [-4, 3];
    const codes = Array.from(w.data, (value, i) => (value - offset.data[i % channels]) / step.data[i % channels]);
    const inside = codes.map((code) => code >= lowest && code <= highest);
    const clip = (value: number) => Math.min(Math.max(value, lowest), highest);
    const sum = (channel: number, of: (i: number) => number) =>
      codes.reduce((total, _, i) => total + (i % channels === channel ? dy.data[i] * of(i) : 0), 0);
    const each = (of: (c: number) => number) => Array.from({ length: channels }, (_, c) => of(c));
    return {
      name: `ChannelFakeQuant and its gradient, ${channels} channels`,
      inputs: { w, dy, step, offset, low: floats([], [lowest]), high: floats([], [highest]) },
      build: (b, { w: weights, dy: gradient, ...grid }) => {
        const q = grid as unknown as CodeGrid;
        return { y: b.channelFakeQuant(weights, q), ...b.channelFakeQuantGrad(gradient, weights, q) };
      },
      expected: {
        y: codes.map((code, i) => reference.rint(clip(code)) * step.data[i % channels] + offset.data[i % channels]),
        dw: codes.map((_, i) => (inside[i] ? dy.data[i] : 0)),
        logStep: each((c) => step.data[c] * sum(c, (i) => (inside[i] ? reference.rint(codes[i]) - codes[i] : clip(codes[i])))),
        offset: each((c) => sum(c, (i) => (inside[i] ? 0 : 1))),
      },
      // sums of 18 terms in single precision
      tolerance: 5e-6,
    };
  });

export const CASES: readonly Case[] = [
  ...unaryCases(),
  ...binaryCases(),
  ...elementwiseCases(),
  ...reductionCases(),
  ...layoutCases(),
  ...matMulCases(),
  ...convolutionCases(),
  ...depthwiseCases(),
  ...poolingCases(),
  ...normalizationCases(),
  ...quantizationCases(),
  ...tieCases(),
  ...channelQuantizationCases(),
];

/** All cases as functions of one program, so that each kind of executor starts once. */
export function programOf(cases: readonly Case[]): Program {
  const b = new GraphBuilder();
  cases.forEach(({ inputs, build }, i) => {
    b.function(`case${i}`, () =>
      build(
        b,
        Object.fromEntries(
          Object.entries(inputs).map(([key, { shape, data }]) => [
            key,
            b.feed(key, shape, data instanceof Float32Array ? 'float32' : 'int32'),
          ]),
        ),
      ),
    );
  });
  return b.build();
}

/** Runs case `i` of `programOf` and compares all its outputs. */
export async function checkCase(executor: Executor, i: number, { inputs, expected, tolerance = 1e-5 }: Case): Promise<void> {
  const actual = await executor.run(`case${i}`, Object.fromEntries(Object.entries(inputs).map(([key, { data }]) => [key, data])));
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [key, values] of Object.entries(expected)) {
    expect(actual[key]).toHaveLength(values.length);
    const errors = Array.from(values, (value, k) => Math.abs(value - actual[key][k]));
    expect(errors.filter(Number.isNaN), key).toEqual([]);
    // Relative to the largest expected value, since sums of mixed signs lose digits to cancellation.
    const scale = Math.max(1, ...Array.from(values, Math.abs));
    expect(Math.max(...errors) / scale, key).toBeLessThanOrEqual(tolerance);
  }
}
