import { describe, expect, test } from 'vitest';
import { quantizeActivation } from '../ops/fake-quant.ts';
import { GraphBuilder } from './builder.ts';
import { nodesOf } from './fuse.ts';
import { gradientsOf } from './gradients.ts';
import { attributesOf, type Value } from './graph.ts';
import { normal, positive } from './ops-cases.ts';
import { nativeNote, plainSession, testExecutors } from './testing.ts';

type Step = (b: GraphBuilder, x: Value, other: Value) => Value;
/** One entry for each input whose gradient is wanted; a scalar is named after what it is of the quantizer. */
const SCALARS = { logStep: Math.log(0.2), offset: 0.05, innerLogStep: Math.log(0.3), innerOffset: -0.1, low: -2, high: 5, scale: 0.3 };

const quantize: Step = (b, x) => {
  const [logStep, offset, low, high, scale] = ['logStep', 'offset', 'low', 'high', 'scale'].map((name) => b.read(b.variable(name, [])));
  return quantizeActivation(b, x, { logStep, step: b.exp(logStep), offset, low, high, scale });
};
const norm = (b: GraphBuilder, x: Value, name = 'first') => {
  const [gamma, beta] = ['gamma', 'beta'].map((part) => b.read(b.variable(`${name}/${part}`, [x.shape[3]])));
  return b.batchNormTrain(x, gamma, beta, 1e-3).y;
};
/** With another quantizer than that of `quantize`. */
const quantizeFirst: Step = (b, x) => {
  const [logStep, offset, low, high, scale] = ['innerLogStep', 'innerOffset', 'low', 'high', 'scale'].map((name) =>
    b.read(b.variable(name, [])),
  );
  return quantizeActivation(b, x, { logStep, step: b.exp(logStep), offset, low, high, scale });
};
const relu: Step = (b, x) => b.relu(x);
const relu6: Step = (b, x) => b.relu6(b.mul(x, b.scalar(1)));
const plus: Step = (b, x, other) => b.plus(x, other);
const chain =
  (...steps: Step[]): Step =>
  (b, x, other) =>
    steps.reduce((value, step) => step(b, value, other), norm(b, x));

/** What follows a batch normalization, and what the fused ops take along: a quantizer before the residual, residual, relu, quantize, one letter each. */
const CASES: [name: string, body: Step, fused: string[]][] = [
  ['nothing', chain(), ['']],
  ['ReLU', chain(relu), ['r']],
  ['ReLU6', chain((b, x) => b.relu6(x)), ['r6']],
  ['fake quantization', chain(quantize), ['q']],
  ['ReLU, fake quantization', chain(relu, quantize), ['rq']],
  ['ReLU6, fake quantization', chain((b, x) => b.relu6(x), quantize), ['r6q']],
  ['residual, ReLU', chain(plus, relu), ['ar']],
  ['residual, fake quantization', chain(plus, quantize), ['aq']],
  ['residual, ReLU, fake quantization', chain(plus, relu, quantize), ['arq']],
  ['fake quantization, residual, ReLU', chain(quantizeFirst, plus, relu), ['iar']],
  ['fake quantization, residual, fake quantization', chain(quantizeFirst, plus, quantize), ['iaq']],
  ['fake quantization, residual, ReLU, fake quantization', chain(quantizeFirst, plus, relu, quantize), ['iarq']],
  ['fake quantization, residual alone', chain(quantizeFirst, plus), ['q']],
  [
    'two normalizations that meet quantized',
    (b, x, other) =>
      quantize(b, relu(b, b.plus(quantizeFirst(b, norm(b, x), other), quantizeFirst(b, norm(b, other, 'second'), other)), other), other),
    ['iarq', 'q'],
  ],
  [
    'a quantized sum that is read twice',
    (b, x, other) => {
      const y = chain(quantizeFirst, plus, relu, quantize)(b, x, other);
      return b.plus(y, b.mul(y, other));
    },
    ['iarq'],
  ],
  ['residual alone: its gradient is there already', chain(plus), ['']],
  ['a step that stays outside', chain(relu6, quantize), ['']],
  [
    'two normalizations that meet',
    (b, x, other) => quantize(b, relu(b, b.plus(norm(b, x), norm(b, other, 'second')), other), other),
    ['arq', ''],
  ],
  [
    'what lies between is read from elsewhere too',
    (b, x) => {
      const y = norm(b, x);
      return b.plus(b.relu(y), b.sigmoid(y));
    },
    [''],
  ],
  [
    'two readers of the quantized value',
    (b, x, other) => {
      const y = chain(relu, quantize)(b, x, other);
      return b.plus(y, b.mul(y, other));
    },
    ['rq'],
  ],
];

function programOf(body: Step, channels: number) {
  const b = new GraphBuilder();
  const shape = [5, 7, 3, channels];
  b.function('run', () => {
    const [x, other] = ['x', 'other'].map((name) => b.feed(name, shape));
    const y = body(b, x, other);
    const loss = b.sum(b.mul(y, b.feed('weights', shape)));
    const names = ['first/gamma', 'first/beta', 'logStep', 'offset', 'innerLogStep', 'innerOffset'];
    const wanted = [x, other, ...names.map((name) => b.read(b.variable(name, name.includes('/') ? [channels] : [])))];
    const gradients = gradientsOf(b, loss, wanted);
    const kept = ['x', 'other', ...names].flatMap((name, i) =>
      gradients[i] ? [[`d_${name.replace('/', '_')}`, gradients[i]] as const] : [],
    );
    return { y, loss, ...Object.fromEntries(kept) };
  });
  return b.build();
}

test.each(CASES)('behind a batch normalization: %s', (_, body, expected) => {
  const fn = programOf(body, 8).functions.get('run')!;
  const { nodes } = nodesOf(fn, true);
  const kinds = (op: 'FusedBatchNorm' | 'FusedBatchNormGrad') =>
    nodes
      .filter((node) => node.op === op)
      .map((node) => {
        const { inner, residual, relu: positive, cap, quantize: quantized } = attributesOf(node, op);
        return `${inner ? 'i' : ''}${residual ? 'a' : ''}${positive ? 'r' : ''}${cap === 6 ? '6' : ''}${quantized ? 'q' : ''}`;
      });
  expect(kinds('FusedBatchNorm').sort()).toEqual([...expected].sort());
  expect(kinds('FusedBatchNormGrad').sort()).toEqual([...expected].sort());
  expect(nodes.filter(({ op }) => op === 'BatchNormTrain' || op === 'BatchNormGrad')).toEqual([]);
});

const session = testExecutors().find(({ kind }) => kind === 'session');

describe.skipIf(!plainSession)(`fused batch normalization computes what TensorFlow's ops do${nativeNote}`, () => {
  const all = CASES.flatMap(([name, body]) => [3, 8, 20].map((channels) => ({ name, body, channels })));
  test.each(all)('$name, $channels channels', async ({ body, channels }) => {
    const program = programOf(body, channels);
    const shape = [5, 7, 3, channels];
    const feeds = Object.fromEntries(['x', 'other', 'weights'].map((name) => [name, normal(shape, 1).data]));
    const values = new Map<string, Float32Array>();
    for (const { name, shape: [size] } of program.variables) {
      if (size === undefined) values.set(name, Float32Array.of(SCALARS[name as keyof typeof SCALARS]));
      else values.set(name, (name.endsWith('gamma') ? positive([size]) : normal([size], 1)).data as Float32Array);
    } // prettier-ignore
    const results = [];
    for (const create of [session!.create, plainSession!]) {
      const executor = await create(program);
      try {
        await executor.write(values);
        const before = executor.memory().tensors;
        results.push(await executor.run('run', feeds));
        expect(executor.memory().tensors).toBe(before);
      } finally {
        executor.dispose();
      }
    }
    const [ours, theirs] = results;
    expect(Object.keys(ours)).toEqual(Object.keys(theirs));
    for (const [name, expected] of Object.entries(theirs)) {
      const scale = Math.max(1, ...Array.from(expected, Math.abs));
      const errors = Array.from(expected, (value, i) => Math.abs(value - ours[name][i]) / scale);
      expect(Math.max(...errors), name).toBeLessThanOrEqual(2e-5);
    }
  });

  test('a NaN comes out as a NaN', async () => {
    const executor = await session!.create(programOf(chain(relu, quantize), 8));
    try {
      const [x, other, weights] = [1, 2, 3].map(() => normal([5, 7, 3, 8], 1).data as Float32Array);
      x[8] = NaN;
      const vectors = ['first/gamma', 'first/beta'].map((name) => [name, new Float32Array(8).fill(1)] as const);
      await executor.write(
        new Map([...vectors, ...Object.entries(SCALARS).map(([name, value]) => [name, Float32Array.of(value)] as const)]),
      );
      const { y } = await executor.run('run', { x, other, weights });
      expect(Array.from(y.subarray(0, 8), Number.isNaN)).toEqual([true, ...Array(7).fill(false)]);
    } finally {
      executor.dispose();
    }
  });
});
