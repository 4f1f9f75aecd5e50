import { afterEach, describe, expect, test } from 'vitest';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { GraphBuilder } from './builder.ts';
import type { Executor } from './executor.ts';
import { gradientsOf } from './gradients.ts';
import type { HostArray, Program, Shape, Value, Variable } from './graph.ts';
import { elementCount } from './graph.ts';
import { createExecutor } from './index.ts';
import { normal } from './ops-cases.ts';
import { nativeNote, plainSession, testExecutors } from './testing.ts';

const executors = testExecutors();
const f32 = (...values: number[]) => Float32Array.from(values);
const list = (data: HostArray) => Array.from(data);

const open: Executor[] = [];
afterEach(() => {
  for (const executor of open.splice(0)) executor.dispose();
});
const started = async (create: (program: Program) => Promise<Executor>, b: GraphBuilder, values: Record<string, HostArray> = {}) => {
  const executor = await create(b.build());
  open.push(executor);
  await executor.write(new Map(Object.entries(values)));
  return executor;
};
const valueOf = async (executor: Executor, name: string) => list((await executor.read([name])).get(name)!);

/** A small network that trains by Adam: convolutions of both strides, batch normalization with running statistics, linear. */
function trainingProgram(batch = 16) {
  const b = new GraphBuilder();
  const initial: Record<string, Float32Array> = {};
  const weights: Variable[] = [];
  const weight = (name: string, shape: Shape, data: Float32Array) => {
    const variable = b.variable(name, shape);
    initial[name] = data;
    for (const state of ['momentum', 'velocity']) {
      b.variable(`${name}/${state}`, shape);
      initial[`${name}/${state}`] = new Float32Array(elementCount(shape));
    }
    weights.push(variable);
    return variable;
  };
  const random = (shape: Shape, spread: number) => normal(shape, spread).data as Float32Array;
  const filters = [weight('conv0', [3, 3, 3, 8], random([3, 3, 3, 8], 0.3)), weight('conv1', [3, 3, 8, 8], random([3, 3, 8, 8], 0.2))];
  const gammas = [0, 1].map((i) => weight(`gamma${i}`, [8], new Float32Array(8).fill(1)));
  const betas = [0, 1].map((i) => weight(`beta${i}`, [8], new Float32Array(8)));
  const linear = weight('linear', [8, 4], random([8, 4], 0.5));
  const bias = weight('bias', [4], new Float32Array(4));
  const running = b.variable('running', [8]);
  initial.running = new Float32Array(8);
  b.function('train', () => {
    let x: Value = b.feed('images', [batch, 8, 8, 3]);
    filters.forEach((filter, i) => {
      x = b.conv2d(x, b.read(filter), { stride: [i + 1, i + 1], padding: [1, 1, 1, 1] });
      const { y, mean } = b.batchNormTrain(x, b.read(gammas[i]), b.read(betas[i]), 1e-5);
      if (i === 0) b.assign(running, b.plus(b.mul(b.scalar(0.9), b.read(running)), b.mul(b.scalar(0.1), mean)));
      x = b.relu(y);
    });
    const logits = b.biasAdd(b.matMul(b.mean(x, [1, 2]), b.read(linear)), b.read(bias));
    const loss = b.mean(b.softmaxCrossEntropy(logits, b.feed('labels', [batch, 4])).loss);
    const [rate, power1, power2] = ['rate', 'power1', 'power2'].map((name) => b.feed(name, []));
    const gradients = gradientsOf(b, loss, weights.map((variable) => b.read(variable))); // prettier-ignore
    weights.forEach((variable, i) => {
      const [momentum, velocity] = ['momentum', 'velocity'].map((state) => b.variable(`${variable.name}/${state}`, variable.shape));
      b.applyAdam({ variable, momentum, velocity }, gradients[i]!, rate, power1, power2);
    });
    return { loss, logits };
  });
  const images = random([batch, 8, 8, 3], 1);
  const labels = Float32Array.from({ length: batch * 4 }, (_, i) => (i % 4 === (i >> 2) % 4 ? 1 : 0));
  const feeds = (step: number) => ({ images, labels, rate: f32(0.01), power1: f32(0.9 ** step), power2: f32(0.999 ** step) });
  return { b, initial, feeds };
}

describe.each(executors)(`$kind executor${nativeNote}`, ({ kind, create }) => {
  test('keeps variables between calls and gives back what was written, integers too', async () => {
    const b = new GraphBuilder();
    const [w, n] = [b.variable('w', [2, 2]), b.variable('n', [3], 'int32')];
    b.function('step', () => {
      b.assignAdd(w, b.feed('x', [2, 2]));
      b.assignAdd(n, b.constant([1, 2, 3], [3], 'int32'));
      return { n: b.read(n) };
    });
    b.function('copy', () => {
      b.assign(n, b.constant([7, 8, 9], [3], 'int32'));
      return {};
    });
    const executor = await started(create, b, { w: f32(1, 2, 3, 4), n: Int32Array.of(10, 20, 30) });
    expect(await valueOf(executor, 'w')).toEqual([1, 2, 3, 4]);
    expect(list((await executor.run('step', { x: f32(1, 1, 1, 1) })).n)).toEqual([10, 20, 30]);
    await executor.run('step', { x: f32(1, 0, 0, 0) });
    expect(await valueOf(executor, 'w')).toEqual([3, 3, 4, 5]);
    expect(await valueOf(executor, 'n')).toEqual([12, 24, 36]);
    await executor.run('copy', {});
    expect(await valueOf(executor, 'n')).toEqual([7, 8, 9]);
  });

  test('returns arrays that later calls do not change, and does not keep the arrays that it was fed', async () => {
    const b = new GraphBuilder();
    const w = b.variable('w', [2]);
    const copied = b.variable('copied', [2]);
    b.function('add', () => {
      const x = b.feed('x', [2]);
      b.assignAdd(w, x);
      b.assign(copied, b.unpack(b.reshape(x, [1, 2]))[0]);
      return { old: b.read(w), negative: b.neg(x), x };
    });
    b.function('more', () => (b.assignAdd(copied, b.read(w)), {}));
    const [start, x] = [f32(1, 2), f32(10, 10)];
    const executor = await started(create, b, { w: start, copied: start });
    const before = (await executor.read(['w'])).get('w')!;
    const { old, x: echo } = await executor.run('add', { x });
    expect([start, x].map(list)).toEqual([[1, 2], [10, 10]]); // prettier-ignore
    x.fill(0);
    start.fill(0);
    expect([await valueOf(executor, 'w'), await valueOf(executor, 'copied')]).toEqual([[11, 12], [10, 10]]); // prettier-ignore
    await executor.run('more', {});
    expect(await valueOf(executor, 'copied')).toEqual([21, 22]);
    expect(list(x)).toEqual([0, 0]);
    await executor.run('add', { x: f32(1, 1) });
    expect([before, old, echo].map(list)).toEqual([[1, 2], [1, 2], [10, 10]]); // prettier-ignore
    expect(await valueOf(executor, 'w')).toEqual([12, 13]);
  });

  test('shares no memory with the arrays that it was given, wherever they lie', async () => {
    const b = new GraphBuilder();
    // TensorFlow uses an array without a copy where its address is a multiple of 64; some of these are.
    const variables = Array.from({ length: 64 }, (_, i) => b.variable(`w${i}`, [16]));
    b.function('assign', () => {
      variables.forEach((variable, i) => b.assign(variable, b.feed(`x${i}`, [16])));
      return {};
    });
    b.function('add', () => {
      for (const variable of variables) b.assignAdd(variable, b.constant(new Float32Array(16).fill(1), [16]));
      return {};
    });
    const named = (prefix: string) => Object.fromEntries(variables.map((_, i) => [prefix + i, new Float32Array(16)]));
    const executor = await started(create, b);
    const expectAll = async (expected: number) => {
      const values = await executor.read(variables.map(({ name }) => name));
      expect([...values].filter(([, data]) => data.some((value) => value !== expected))).toEqual([]);
    };
    const given = [named('w'), named('x')];
    await executor.write(new Map(Object.entries(given[0])));
    for (const data of Object.values(given[0])) data.fill(5);
    await expectAll(0);
    await executor.run('add', {});
    await expectAll(1);
    await executor.run('assign', given[1]);
    for (const data of Object.values(given[1])) data.fill(5);
    await expectAll(0);
    await executor.run('add', {});
    await expectAll(1);
    expect(given.flatMap(Object.values<Float32Array>).filter((data) => data.some((value) => value !== 5))).toEqual([]);
  });

  test('reads variables as of the start of the call: two of them can be exchanged', async () => {
    const b = new GraphBuilder();
    const [v, w] = [b.variable('v', [2]), b.variable('w', [2])];
    b.function('exchange', () => {
      b.assign(v, b.read(w));
      b.assign(w, b.read(v));
      return { v: b.read(v) };
    });
    const executor = await started(create, b, { v: f32(1, 2), w: f32(3, 4) });
    expect(list((await executor.run('exchange', {})).v)).toEqual([1, 2]);
    expect([await valueOf(executor, 'v'), await valueOf(executor, 'w')]).toEqual([[3, 4], [1, 2]]); // prettier-ignore
    // After v := w both may share one buffer; adding to one must not show in the other.
    const shared = new GraphBuilder();
    const [a, c] = [shared.variable('a', [2]), shared.variable('c', [2])];
    shared.function('copy', () => (shared.assign(a, shared.read(c)), {}));
    shared.function('add', () => (shared.assignAdd(a, shared.constant([1, 1], [2])), {}));
    const other = await started(create, shared, { a: f32(0, 0), c: f32(5, 6) });
    await other.run('copy', {});
    await other.run('add', {});
    expect([await valueOf(other, 'a'), await valueOf(other, 'c')]).toEqual([[6, 7], [5, 6]]); // prettier-ignore
  });

  test('changes one variable in the order written', async () => {
    const b = new GraphBuilder();
    const w = b.variable('w', [1]);
    b.function('step', () => {
      const x = b.feed('x', [1]);
      b.assign(w, b.mul(b.read(w), b.scalar(10)));
      b.assignAdd(w, x);
      b.assignAdd(w, b.mul(x, b.scalar(0.5)));
      return { old: b.read(w) };
    });
    const executor = await started(create, b, { w: f32(1) });
    for (const expected of [16, 166, 1666]) {
      await executor.run('step', { x: f32(4) });
      expect(await valueOf(executor, 'w')).toEqual([expected]);
    }
  });

  // The update is ready at once, the reader only after a chain of products: without an order the reader would see new values.
  test.each(['assign', 'assignAdd', 'applyAdam'] as const)('%s never shows in a value that was read before', async (update) => {
    const b = new GraphBuilder();
    const size = 4096;
    const target = { variable: b.variable('w', [size]), momentum: b.variable('m', [size]), velocity: b.variable('v', [size]) };
    b.function('step', () => {
      const old = b.read(target.variable);
      const x = b.feed('x', [size]);
      if (update === 'assign') b.assign(target.variable, b.plus(old, x));
      else if (update === 'assignAdd') b.assignAdd(target.variable, x);
      else b.applyAdam(target, b.neg(x), b.scalar(1), b.scalar(0.9), b.scalar(0.999));
      let slow = b.feed('identity', [96, 96]);
      for (let i = 0; i < 12; i++) slow = b.matMul(slow, slow);
      const one = b.mean(b.mul(slow, b.scalar(96)));
      return { late: b.mul(old, one), negative: b.neg(b.mul(b.neg(one), old)), old };
    });
    const zeros = new Float32Array(size);
    const executor = await started(create, b, { w: zeros, m: zeros, v: zeros });
    const identity = Float32Array.from({ length: 96 * 96 }, (_, i) => (i % 97 === 0 ? 1 : 0));
    const x = new Float32Array(size).fill(1);
    for (let step = 0; step < 12; step++) {
      const { late, negative, old } = await executor.run('step', { x, identity });
      for (const values of [late, negative, old]) {
        // Adam with gradient -1 and the powers of its first step moves by at least 0.5 at every step.
        const expected = update === 'applyAdam' ? old[0] : step;
        expect(values.every((value) => Math.abs(value - expected) <= 1e-5 * step)).toBe(true);
      }
      expect(list(old)).not.toEqual(await valueOf(executor, 'w'));
    }
  });

  test('applies Adam as a double-precision reference does, within 1e-5 over 10 steps', async () => {
    const b = new GraphBuilder();
    const [variable, momentum, velocity] = ['w', 'm', 'v'].map((name) => b.variable(name, [6]));
    const options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-2 };
    b.function('step', () => {
      const [gradient, rate, power1, power2] = [b.feed('g', [6]), ...['rate', 'power1', 'power2'].map((name) => b.feed(name, []))];
      b.applyAdam({ variable, momentum, velocity }, gradient, rate, power1, power2, options);
      return {};
    });
    const w = list(normal([6]).data);
    const [m, v] = [new Float64Array(6), new Float64Array(6)];
    const executor = await started(create, b, { w: Float32Array.from(w), m: Float32Array.from(m), v: Float32Array.from(v) });
    for (let t = 1; t <= 10; t++) {
      const g = normal([6]).data as Float32Array;
      const rate = 0.1 / t;
      await executor.run('step', { g, rate: f32(rate), power1: f32(0.9 ** t), power2: f32(0.999 ** t) });
      for (let i = 0; i < 6; i++) {
        m[i] = 0.9 * m[i] + 0.1 * g[i];
        v[i] = 0.999 * v[i] + 0.001 * g[i] ** 2;
        w[i] -= (rate * (m[i] / (1 - 0.9 ** t))) / (Math.sqrt(v[i] / (1 - 0.999 ** t)) + options.epsilon);
      }
    }
    const read = await executor.read(['w', 'm', 'v']);
    for (const [name, expected] of Object.entries({ w, m: Array.from(m), v: Array.from(v) })) {
      expected.forEach((value, i) => expect(Math.abs(read.get(name)![i] - value)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(value))));
    }
  });

  test('runs some outputs without effects, with effects, or effects alone, and needs only their feeds', async () => {
    const b = new GraphBuilder();
    const w = b.variable('w', [1]);
    b.function('f', () => {
      const [x, y] = [b.feed('x', [1]), b.feed('y', [1])];
      b.assignAdd(w, y);
      return { double: b.mul(x, b.scalar(2)), w: b.read(w), constant: b.scalar(3) };
    });
    const executor = await started(create, b, { w: f32(1) });
    const run = async (feeds: Record<string, HostArray>, outputs?: string[], effects?: boolean) => {
      const results = await executor.run('f', feeds, outputs, effects);
      return [Object.fromEntries(Object.entries(results).map(([key, data]) => [key, list(data)])), (await valueOf(executor, 'w'))[0]];
    };
    expect(await run({ x: f32(4) }, ['double'])).toEqual([{ double: [8] }, 1]);
    expect(await run({ x: f32(4), y: f32(5) }, ['double', 'w'])).toEqual([{ double: [8], w: [1] }, 1]);
    expect(await run({}, ['constant'])).toEqual([{ constant: [3] }, 1]);
    expect(await run({ y: f32(5) }, ['w'], true)).toEqual([{ w: [1] }, 6]);
    expect(await run({ y: f32(5) }, [], true)).toEqual([{}, 11]);
    expect(await run({}, [])).toEqual([{}, 11]);
    expect(await run({ x: f32(4), y: f32(5) })).toEqual([{ double: [8], w: [11], constant: [3] }, 16]);
  });

  test('holds no more tensors after 200 calls, and no more memory', async () => {
    const { b, initial, feeds } = trainingProgram(kind === 'portable' ? 4 : 32);
    const executor = await started(create, b, initial);
    const calls = async (from: number, to: number) => {
      for (let step = from; step <= to; step++) {
        await executor.run('train', feeds(step));
        if (step % 10 === 0) {
          const names = ['conv0', 'linear'];
          await executor.write(await executor.read(names));
          await executor.run('train', feeds(step), ['loss']);
        }
      }
    };
    await calls(1, 40);
    const before = executor.memory();
    await calls(41, 200);
    const after = executor.memory();
    expect(after.tensors).toBe(before.tensors);
    // One activation (256 KiB) or one set of feeds (25 KiB) kept by each call would be 40 MiB and 4 MiB.
    if (kind !== 'portable') expect(after.rssBytes - before.rssBytes).toBeLessThan(24 * 2 ** 20);
  });

  test('gives all tensors back when it is disposed of', async () => {
    const { b, initial, feeds } = trainingProgram(4);
    const first = await create(b.build());
    const before = first.memory().tensors;
    const second = await create(b.build());
    await second.write(new Map(Object.entries(initial)));
    await second.run('train', feeds(1));
    second.dispose();
    expect(first.memory().tensors).toBe(before);
    first.dispose();
  });

  test('holds no more tensors after a call that failed', async () => {
    const b = new GraphBuilder();
    b.function('f', () => {
      const x = b.feed('x', [2]);
      return { y: b.gather(b.exp(x), b.feed('i', [1], 'int32')) };
    });
    const executor = await started(create, b);
    await executor.run('f', { x: f32(1, 2), i: Int32Array.of(1) });
    const { tensors } = executor.memory();
    const failure = executor.run('f', { x: f32(1, 2), i: Int32Array.of(5) });
    await expect(failure).rejects.toThrow(WorkbenchError);
    await expect(failure).rejects.toMatchObject({ code: 'engine-failed' });
    expect(executor.memory().tensors).toBe(tensors);
  });

  test.each<[string, (executor: Executor) => Promise<unknown>, RegExp]>([
    ['a missing feed', (e) => e.run('f', {}), /Function 'f' needs the feed 'x'\./],
    ['an unknown feed', (e) => e.run('f', { x: f32(1, 2), z: f32(1) }), /Function 'f' has no feed 'z'\./],
    ['a feed of the wrong size', (e) => e.run('f', { x: f32(1) }), /Feed 'x' of function 'f' of shape \[2\] takes 2 values, not 1\./],
    ['a feed of the wrong type', (e) => e.run('f', { x: Int32Array.of(1, 2) }), /Feed 'x' of function 'f' is float32, not int32\./],
    ['an unknown function', (e) => e.run('g', {}), /The program has no function 'g'\./],
    ['an unknown output', (e) => e.run('f', {}, ['z']), /Function 'f' has no output 'z'\./],
    ['writing an unknown variable', (e) => e.write(new Map([['q', f32(1)]])), /The program has no variable 'q'\./],
    ['reading an unknown variable', (e) => e.read(['q']), /The program has no variable 'q'\./],
    ['writing too little', (e) => e.write(new Map([['w', f32(1)]])), /Variable 'w' of shape \[2\] takes 2 values, not 1\./],
    ['a variable that was never written', (e) => e.run('f', { x: f32(1, 2) }), /w/],
  ])('refuses %s', async (_, call, message) => {
    const b = new GraphBuilder();
    const w = b.variable('w', [2]);
    b.function('f', () => ({ y: b.plus(b.feed('x', [2]), b.read(w)) }));
    const executor = await started(create, b);
    await expect(call(executor)).rejects.toThrow(message);
  });
});

describe(`all executors${nativeNote}`, () => {
  test('see the same losses over 5 training steps within 1e-4, and the losses fall', async () => {
    const { b, initial, feeds } = trainingProgram();
    const runs = await Promise.all(
      executors.map(async ({ create }) => {
        const executor = await started(create, b, initial);
        const losses: number[] = [];
        for (let step = 1; step <= 5; step++) losses.push((await executor.run('train', feeds(step), ['loss'], true)).loss[0]);
        return { losses, running: await valueOf(executor, 'running') };
      }),
    );
    const reference = runs.at(-1)!;
    for (const { losses, running } of runs) {
      losses.forEach((loss, i) => expect(Math.abs(loss - reference.losses[i])).toBeLessThanOrEqual(1e-4));
      running.forEach((value, i) => expect(Math.abs(value - reference.running[i])).toBeLessThanOrEqual(1e-4));
      expect(losses[4]).toBeLessThan(losses[0]);
    }
  });

  test('quantize to the same numbers, bit for bit', async () => {
    const b = new GraphBuilder();
    const count = 4096;
    for (const relu of [true, false]) {
      b.function(String(relu), () => {
        const [x, dy] = [b.feed('x', [count]), b.feed('dy', [count])];
        const [step, offset, low, high] = ['step', 'offset', 'low', 'high'].map((name) => b.feed(name, []));
        const q = { step, offset, low, high };
        return { y: b.fakeQuant(x, q, relu), dx: b.fakeQuantGrad(dy, x, q, relu).dx };
      });
    }
    const creators = [...executors.map(({ create }) => create), ...(plainSession ? [plainSession] : [])];
    const running = await Promise.all(creators.map((create) => started(create, b)));
    for (const bits of [2, 3, 5, 8]) {
      for (const relu of [true, false]) {
        const step = Math.fround(Math.exp(normal([1]).data[0] - 3));
        const [lowest, highest] = relu ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
        const [x, dy] = [normal([count], step * highest).data, normal([count]).data];
        const feeds = { x, dy, step: f32(step), offset: f32(relu ? 0 : 0.3 * step), low: f32(lowest), high: f32(highest) };
        const results = await Promise.all(running.map((executor) => executor.run(String(relu), feeds)));
        for (const key of ['y', 'dx']) {
          const [first, ...others] = results.map((result) => list(result[key]));
          // Compared with !== because the executors differ in the sign of a zero.
          for (const other of others) expect(other.filter((value, i) => value !== first[i])).toEqual([]);
          expect(new Set(first).size).toBeGreaterThanOrEqual(3);
        }
      }
    }
  });
});

describe('createExecutor', () => {
  test.each(['session', 'eager'] as const)('says how to get an engine when %s has no addon', async (kind) => {
    const failure = createExecutor(new GraphBuilder().build(), { kind });
    await expect(failure).rejects.toMatchObject({
      code: 'engine-missing',
      message: expect.stringContaining('eqnet engine install') as string,
    });
  });
});
