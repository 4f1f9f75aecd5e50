import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import type { Executor } from './executor.ts';
import { gradientsOf } from './gradients.ts';
import type { Shape, UnaryOp, Value } from './graph.ts';
import { CONVOLUTION_CASES, DEPTHWISE_CASES, normal, POOL_CASES } from './ops-cases.ts';
import { nativeNote, testExecutors } from './testing.ts';

/** `y` of float inputs; every input is differentiated. Inputs keep 0.1 away from 0, where Relu and Clip have kinks. */
interface Case {
  name: string;
  shapes: Record<string, Shape>;
  positive?: boolean;
  /** values 0.05 apart, so that no step of a difference changes which one is largest */
  distinct?: boolean;
  y: (b: GraphBuilder, inputs: Record<string, Value>) => Value;
}

const UNARY: readonly UnaryOp[] = [
  'Neg',
  'Exp',
  'Log',
  'Sqrt',
  'Square',
  'Reciprocal',
  'Relu',
  'Sigmoid',
  'Swish',
  'Softmax',
  'LogSoftmax',
];
const BROADCASTS: readonly [Shape, Shape][] = [
  [[2, 3], [2, 3]],
  [[2, 3], []],
  [[3], [2, 3]],
  [[2, 1, 3], [4, 1]],
]; // prettier-ignore

const CASES: readonly Case[] = [
  ...UNARY.map((op): Case => ({ name: op, shapes: { x: [3, 4] }, positive: op === 'Log' || op === 'Sqrt' || op === 'Reciprocal', y: (b, v) => b.unary(op, v.x) })),
  ...(['Add', 'Sub', 'Mul', 'Div'] as const).flatMap((op) =>
    BROADCASTS.map(([x, y]): Case => ({ name: `${op} [${x.join()}] with [${y.join()}]`, shapes: { x, y }, positive: op === 'Div', y: (b, v) => b.binary(op, v.x, v.y) })),
  ),
  { name: 'AddN', shapes: { x: [2, 3], y: [2, 3] }, y: (b, v) => b.addN([v.x, v.y, v.x]) },
  { name: 'Clip', shapes: { x: [4, 4] }, y: (b, v) => b.clip(v.x, b.scalar(0), b.scalar(10)) },
  ...[undefined, [0], [1], [0, 2]].flatMap((axes) =>
    [false, true].flatMap((keep) => [
      { name: `Sum over ${axes?.join() ?? 'all'}${keep ? ', kept' : ''}`, shapes: { x: [2, 3, 2] }, y: (b, v) => b.sum(b.square(v.x), axes, keep) } satisfies Case,
      { name: `Mean over ${axes?.join() ?? 'all'}${keep ? ', kept' : ''}`, shapes: { x: [2, 3, 2] }, y: (b, v) => b.mean(b.square(v.x), axes, keep) } satisfies Case,
    ]),
  ),
  { name: 'Relu6', shapes: { x: [3, 4] }, y: (b, v) => b.relu6(b.mul(v.x, b.scalar(10))) },
  { name: 'Concat along the last axis', shapes: { x: [2, 3], y: [2, 2] }, y: (b, v) => b.square(b.concat([v.x, v.y, v.x], 1)) },
  { name: 'Split along the last axis, one part unused', shapes: { x: [2, 5] }, y: (b, v) => b.square(b.split(v.x, [2, 1, 2], 1)[2]) },
  { name: 'Reshape', shapes: { x: [2, 6] }, y: (b, v) => b.square(b.reshape(v.x, [3, 4])) },
  { name: 'BroadcastTo', shapes: { x: [2, 1] }, y: (b, v) => b.square(b.broadcastTo(v.x, [3, 2, 4])) },
  { name: 'Gather with repeats', shapes: { table: [4, 2] }, y: (b, v) => b.square(b.gather(v.table, b.constant([3, 0, 3, 3], [2, 2], 'int32'))) },
  { name: 'BiasAdd', shapes: { x: [2, 2, 3], bias: [3] }, y: (b, v) => b.square(b.biasAdd(v.x, v.bias)) },
  ...[false, true].flatMap((ta) =>
    [false, true].map((tb): Case => ({ name: `MatMul${ta ? ', a transposed' : ''}${tb ? ', b transposed' : ''}`, shapes: { a: ta ? [4, 2] : [2, 4], w: tb ? [3, 4] : [4, 3] }, y: (b, v) => b.matMul(v.a, v.w, ta, tb) })),
  ),
  ...CONVOLUTION_CASES.map(([name, size, kernel, options]): Case => ({ name: `Conv2D, ${name}`, shapes: { x: [2, ...size, 2], filter: [...kernel, 2, 3] }, y: (b, v) => b.conv2d(v.x, v.filter, options) })),
  ...DEPTHWISE_CASES.filter((_, i) => i % 4 === 0).map(([name, size, kernel, options]): Case => ({ name: `DepthwiseConv2D, ${name}`, shapes: { x: [2, ...size, 2], filter: [...kernel, 1, 4] }, y: (b, v) => b.depthwiseConv2d(v.x, v.filter, options) })),
  ...POOL_CASES.slice(2, 4).map(([name, size, options]): Case => ({ name: `AvgPool, ${name}`, shapes: { x: [2, ...size, 2] }, y: (b, v) => b.square(b.avgPool(v.x, options)) })),
  ...POOL_CASES.slice(2, 4).map(([name, size, options]): Case => ({ name: `MaxPool, ${name}`, shapes: { x: [1, ...size, 1] }, distinct: true, y: (b, v) => b.maxPool(v.x, options) })),
  { name: 'BatchNormTrain', shapes: { x: [4, 2, 2, 3], gamma: [3], beta: [3] }, y: (b, v) => b.batchNormTrain(v.x, v.gamma, v.beta, 1e-3).y },
  { name: 'BatchNormInference', shapes: { x: [4, 2, 2, 3], gamma: [3], beta: [3] }, y: (b, v) => b.square(b.batchNormInference(v.x, v.gamma, v.beta, b.constant([0.1, -0.2, 0.3], [3]), b.constant([0.5, 1, 2], [3]), 1e-3)) },
  { name: 'SoftmaxCrossEntropy', shapes: { logits: [3, 4] }, y: (b, v) => b.softmaxCrossEntropy(v.logits, b.constant([1, 0, 0, 0, 0.5, 0.5, 0, 0, 0.1, 0.2, 0.3, 0.4], [3, 4])).loss },
  { name: 'a value used three times', shapes: { x: [3], w: [3] }, y: (b, v) => b.mul(b.plus(b.exp(v.x), b.mul(v.x, v.w)), v.x) },
  { name: 'composite with the true gradient', shapes: { x: [3] }, y: (b, v) => b.exp(b.composite([v.x], () => b.square(v.x), (dy) => [b.mul(dy, b.mul(b.scalar(2), v.x))])) },
]; // prettier-ignore

const inputsOf = ({ shapes, positive, distinct }: Case): Record<string, Float32Array> =>
  Object.fromEntries(
    Object.entries(shapes).map(([key, shape]) => {
      const { data } = normal(shape, 0.7);
      if (!distinct) return [key, Float32Array.from(data, (v) => (v < 0 && !positive ? v - 0.1 : Math.abs(v) + 0.1))];
      const order = [...data].sort((x, y) => x - y);
      return [key, Float32Array.from(data, (v) => 0.05 * order.indexOf(v))];
    }),
  );

function programOf(cases: readonly Case[]) {
  const b = new GraphBuilder();
  cases.forEach(({ shapes, y }, i) => {
    const feeds = () => Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, b.feed(key, shape)]));
    b.function(`value${i}`, () => ({ y: y(b, feeds()) }));
    b.function(`gradient${i}`, () => {
      const inputs = feeds();
      const value = y(b, inputs);
      const loss = b.sum(b.mul(value, b.feed('projection', value.shape)));
      const gradients = gradientsOf(b, loss, Object.values(inputs));
      return Object.fromEntries(Object.keys(inputs).map((key, k) => [key, gradients[k]!]));
    });
  });
  return b.build();
}

const dot = (a: ArrayLike<number>, c: ArrayLike<number>): number => Array.from(a).reduce((sum, v, i) => sum + v * c[i], 0);

describe.each(testExecutors())(`gradients on the $kind executor agree with central differences${nativeNote}`, ({ create }) => {
  let executor: Executor;
  beforeAll(async () => {
    executor = await create(programOf(CASES));
  });
  afterAll(() => executor?.dispose());

  test.each(CASES.map((entry, i) => ({ i, ...entry })))('$name', async ({ i, ...entry }) => {
    const inputs = inputsOf(entry);
    const { y } = await executor.run(`value${i}`, inputs);
    const projection = normal([y.length]).data as Float32Array;
    const gradients = await executor.run(`gradient${i}`, { ...inputs, projection });
    for (const [key, x] of Object.entries(inputs)) {
      expect(gradients[key]).toHaveLength(x.length);
      for (let trial = 0; trial < 2; trial++) {
        const direction = normal([x.length]).data.map((v) => Math.max(-1, Math.min(1, v)));
        // Single precision: at 1e-2 the truncation (h^2) and the rounding (6e-8 / h) of the difference are both below 1e-3.
        const h = 1e-2;
        const at = async (side: number) =>
          (await executor.run(`value${i}`, { ...inputs, [key]: x.map((v, k) => v + side * h * direction[k]) })).y;
        const difference = (dot(await at(1), projection) - dot(await at(-1), projection)) / (2 * h);
        const actual = dot(gradients[key], direction);
        const size = Math.sqrt(dot(gradients[key], gradients[key])) * Math.sqrt(dot(direction, direction));
        expect(Math.abs(actual - difference), `${key}: ${actual} instead of ${difference}`).toBeLessThanOrEqual(1e-2 * Math.max(size, 0.1));
      }
    }
  });
});

describe('gradientsOf', () => {
  const [{ create }] = testExecutors().slice(-1);

  test('uses the hand-written gradient of a composite and never looks inside', async () => {
    const b = new GraphBuilder();
    b.function('f', () => {
      const x = b.feed('x', [3]);
      const rounded = b.composite([x], () => b.rint(x), (dy) => [b.mul(dy, b.scalar(5))]); // prettier-ignore
      const [dx] = gradientsOf(b, b.sum(b.square(rounded)), [x]);
      return { dx: dx! };
    });
    const executor = await create(b.build());
    expect(Array.from((await executor.run('f', { x: Float32Array.of(0.4, 1.6, -2.7) })).dx)).toEqual([0, 20, -30]);
    executor.dispose();
  });

  test('gives null where the loss does not depend on the value, and for an input that the composite leaves out', () => {
    const b = new GraphBuilder();
    b.function('f', () => {
      const [x, y, z] = ['x', 'y', 'z'].map((name) => b.feed(name, [2]));
      const product = b.composite([x, z], () => b.mul(x, z), (dy) => [dy, null]); // prettier-ignore
      const gradients = gradientsOf(b, b.sum(product), [x, y, z]);
      expect(gradients.map((gradient) => gradient && gradient.shape)).toEqual([[2], null, null]);
      return { product };
    });
  });

  test('differentiates for values inside the graph as well', async () => {
    const b = new GraphBuilder();
    b.function('f', () => {
      const x = b.feed('x', [2]);
      const middle = b.exp(x);
      const [dMiddle, dx] = gradientsOf(b, b.sum(b.square(middle)), [middle, x]);
      return { dMiddle: dMiddle!, dx: dx! };
    });
    const executor = await create(b.build());
    const { dMiddle, dx } = await executor.run('f', { x: Float32Array.of(0, Math.log(2)) });
    [2, 4].forEach((v, i) => expect(dMiddle[i]).toBeCloseTo(v, 5));
    [2, 8].forEach((v, i) => expect(dx[i]).toBeCloseTo(v, 5));
    executor.dispose();
  });

  test('names an op without a rule', () => {
    const b = new GraphBuilder();
    b.function('f', () => {
      const x = b.feed('x', [2]);
      const y = b.pow(x, b.scalar(2));
      expect(() => gradientsOf(b, b.sum(y), [x])).toThrow(/Op Pow .* has no gradient/);
      return { y };
    });
  });
});
