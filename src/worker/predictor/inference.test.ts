/** Our own inference, on every instruction set of this machine, against the program in TensorFlow and against sums in double precision. */
import { beforeAll, describe, expect, test } from 'vitest';
import { RandomStream } from '../../shared/domain/random.ts';
import { Mlp, MLP_INSTRUCTION_SETS, type MlpInstructionSet, type MlpModule } from '../engine/mlp.ts';
import { nativeNote, testExecutors, testMlp } from '../engine/testing.ts';
import { openInference } from './inference.ts';
import { predictorTensors, type NetworkShape } from './network.ts';

const TOLERANCE = 1e-6;
const native = testExecutors().find(({ kind }) => kind === 'session' && testMlp());

/** Weights of the size of a trained predictor's, with predictions near 1. */
function randomWeights(shape: NetworkShape, random: RandomStream): Map<string, Float32Array> {
  return new Map(
    predictorTensors(shape).map(({ name, shape: size }) => {
      const bias = name.endsWith(`/layer${shape.hidden.length}/bias`) ? 1 : 0;
      const deviation = name.endsWith('/weights') ? Math.sqrt(1 / size[0]) : 0.05;
      return [name, Float32Array.from({ length: size.reduce((a, b) => a * b, 1) }, () => bias + deviation * random.normal())];
    }),
  );
}

/** Mostly zeros and ones, as codes of configurations are; some shares between them, and some below 0, which no code has. */
const randomCodes = (length: number, random: RandomStream): Float32Array =>
  Float32Array.from({ length }, () => (random.uniform() < 0.7 ? 0 : random.pick([1, 1, 1, random.uniform(), -1])));

const tensorsOf = (shape: NetworkShape, weights: ReadonlyMap<string, Float32Array>) => predictorTensors(shape).map(({ name }) => weights.get(name)!); // prettier-ignore
const widthsOf = ({ inputs, hidden }: NetworkShape) => [inputs, ...hidden, 1];

/** In double precision. */
function expectedOf(shape: NetworkShape, weights: ReadonlyMap<string, Float32Array>, codes: Float32Array, row: number): number {
  let sum = 0;
  for (let member = 0; member < shape.members; member++) {
    let x = Array.from(codes.subarray(row * shape.inputs, (row + 1) * shape.inputs));
    for (let layer = 0; layer <= shape.hidden.length; layer++) {
      const w = weights.get(`member${member}/layer${layer}/weights`)!;
      const y = [...weights.get(`member${member}/layer${layer}/bias`)!];
      x.forEach((value, k) => y.forEach((_, j) => (y[j] += value * w[k * y.length + j])));
      x = layer < shape.hidden.length ? y.map((value) => Math.max(value, 0)) : y;
    }
    sum += x[0];
  }
  return sum / shape.members;
}

describe.runIf(native)(`predictions without an executor${nativeNote}`, () => {
  const sets: MlpInstructionSet[] = [];
  let module: MlpModule;
  beforeAll(() => {
    module = testMlp()!;
    const one = Float32Array.of(1);
    for (const name of MLP_INSTRUCTION_SETS) if (module.createMlp(Int32Array.of(1, 1), 1, [one, one], name)) sets.push(name);
  });

  test.each<NetworkShape & { rows: number }>([
    { inputs: 300, hidden: Array<number>(7).fill(200), members: 1, rows: 100 },
    { inputs: 300, hidden: [64], members: 5, rows: 100 },
    { inputs: 300, hidden: [64], members: 5, rows: 1 },
    { inputs: 104, hidden: [32, 16], members: 3, rows: 17 },
    { inputs: 1, hidden: [1], members: 1, rows: 3 },
    { inputs: 7, hidden: [], members: 2, rows: 15 },
    { inputs: 33, hidden: [15, 17, 31], members: 2, rows: 31 },
    { inputs: 20, hidden: [47, 49, 97], members: 4, rows: 129 },
    { inputs: 300, hidden: [5, 600, 3], members: 1, rows: 1000 },
    { inputs: 64, hidden: [48, 4, 8], members: 17, rows: 260 },
  ])('$inputs inputs, hidden $hidden, $members members, $rows rows', async (options) => {
    const { rows, ...shape } = options;
    const random = new RandomStream(1, `test/inference/${JSON.stringify(options)}`);
    const weights = randomWeights(shape, random);
    const codes = randomCodes(rows * shape.inputs, random);
    const executor = await openInference(shape, weights, { createExecutor: native!.create });
    const through = await executor.predict(codes, rows);
    executor.dispose();
    for (const set of sets) {
      const mlp = new Mlp(module, widthsOf(shape), shape.members, tensorsOf(shape, weights), set);
      const predicted = mlp.predict(codes, rows);
      predicted.forEach((value, row) => {
        expect(Math.abs(value - through[row]), `${set}, row ${row}`).toBeLessThanOrEqual(TOLERANCE * Math.max(1, Math.abs(through[row])));
        if (row % 50) return;
        const exact = expectedOf(shape, weights, codes, row);
        expect(Math.abs(value - exact), `${set}, row ${row}`).toBeLessThanOrEqual(TOLERANCE * Math.max(1, Math.abs(exact)));
      });
      // Each row alone, and pieces that begin elsewhere.
      for (const [start, count] of [[0, 1], [rows - 1, 1], [rows >> 1, rows - (rows >> 1)], [Math.min(3, rows - 1), Math.min(9, rows - Math.min(3, rows - 1))]]) // prettier-ignore
        expect(mlp.predict(codes.subarray(start * shape.inputs, (start + count) * shape.inputs), count), `${set}, rows from ${start}`).toEqual(predicted.slice(start, start + count)); // prettier-ignore
      expect(mlp.predict(new Float32Array(0), 0)).toHaveLength(0);
      mlp.dispose();
    }
  });

  test.each([
    ['a weight of the first layer, though its input is 0', 'member1/layer0/weights', 0, Number.NaN],
    ['an infinite weight of the first layer, times 0', 'member1/layer0/weights', 0, Infinity],
    ['a bias', 'member0/layer1/bias', 3, Number.NaN],
    ['a weight further on', 'member0/layer2/weights', 2, Number.NaN],
  ])('what is no number is seen: %s', (_, name, index, value) => {
    const shape = { inputs: 5, hidden: [6, 4], members: 2 };
    const weights = randomWeights(shape, new RandomStream(2, 'test/inference/nan'));
    weights.get(name)![index] = value;
    const codes = Float32Array.from({ length: 10 }, (_code, i) => Number(i % 5 !== 0));
    for (const set of sets) {
      const mlp = new Mlp(module, widthsOf(shape), shape.members, tensorsOf(shape, weights), set);
      expect([...mlp.predict(codes, 2)], set).toEqual([Number.NaN, Number.NaN]);
      mlp.dispose();
    }
  });

  test('a code that is no number spoils its own row only', () => {
    const shape = { inputs: 5, hidden: [6], members: 1 };
    const weights = randomWeights(shape, new RandomStream(3, 'test/inference/nan'));
    const mlp = new Mlp(module, widthsOf(shape), 1, tensorsOf(shape, weights));
    const codes = new Float32Array(15).fill(1);
    codes[7] = Number.NaN;
    expect([...mlp.predict(codes, 3)].map(Number.isNaN)).toEqual([false, true, false]);
    mlp.dispose();
  });

  test('refuses what does not fit', () => {
    const shape = { inputs: 5, hidden: [6], members: 1 };
    const tensors = tensorsOf(shape, randomWeights(shape, new RandomStream(4, 'test/inference')));
    const create = (widths: number[], members: number, given: Float32Array[]) => () => new Mlp(module, widths, members, given);
    expect(create([5, 6], 1, tensors)).toThrow('more than one output');
    expect(create([1], 1, tensors)).toThrow('no layers');
    expect(create([5, 0, 1], 1, tensors)).toThrow('no layers, members or columns');
    expect(create([5, 6, 1], 0, tensors)).toThrow('members');
    expect(create([5, 7, 1], 1, tensors)).toThrow('An array has 30 values where the network takes 35.');
    expect(create([5, 6, 1], 2, tensors)).toThrow('another type');
    const mlp = new Mlp(module, [5, 6, 1], 1, tensors);
    expect(() => mlp.predict(new Float32Array(11), 2)).toThrow('An array has 11 values where the network takes 10.');
    mlp.dispose();
    expect(() => mlp.predict(new Float32Array(10), 2)).toThrow('released');
  });

  test('opening, predicting and disposing again and again takes no more memory', () => {
    const shape = { inputs: 300, hidden: [200, 200, 200], members: 1 };
    const tensors = tensorsOf(shape, randomWeights(shape, new RandomStream(5, 'test/inference')));
    const codes = new Float32Array(100 * 300).fill(1);
    const round = (count: number) => {
      for (let i = 0; i < count; i++) {
        const mlp = new Mlp(module, widthsOf(shape), 1, tensors);
        mlp.predict(codes, 100);
        mlp.dispose();
      }
      return process.memoryUsage().rss;
    };
    const before = round(50);
    // 300 networks of 0.56 MB
    expect(round(300) - before).toBeLessThan(60e6);
  });
});
