import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../shared/domain/random.ts';
import type { Executor } from '../engine/executor.ts';
import { nativeNote, testExecutors } from '../engine/testing.ts';
import {
  initialPredictor,
  PARAMETERS,
  PREDICT_ROWS,
  predictorFunctions,
  predictionProgram,
  predictorTensors,
  predictorWeights,
  trainingProgram,
  trainingState,
  type NetworkShape,
  type NetworkTraining,
} from './network.ts';

const SHAPE: NetworkShape = { inputs: 4, hidden: [5, 3], members: 2 };
const BATCH = 6;

type Layers = ReadonlyMap<string, Float32Array>;

/** Output of one member for one row, in double precision. */
function member(weights: Layers, index: number, row: readonly number[]): number {
  let x = [...row];
  for (let layer = 0; layer <= SHAPE.hidden.length; layer++) {
    const w = weights.get(`member${index}/layer${layer}/weights`)!;
    const bias = weights.get(`member${index}/layer${layer}/bias`)!;
    const sums = Array.from(bias, (value, j) => x.reduce((sum, input, i) => sum + input * w[i * bias.length + j], value));
    x = layer < SHAPE.hidden.length ? sums.map((value) => Math.max(value, 0)) : sums;
  }
  return x[0];
}

const ROW_LOSS = {
  mse: (d: number) => d * d,
  'smooth-l1': (d: number) => (Math.abs(d) < 1 ? (d * d) / 2 : Math.abs(d) - 0.5),
};

function fixture() {
  const random = new RandomStream(0, 'test/network');
  const draw = (length: number) => Float32Array.from({ length }, () => random.normal());
  // Random biases too: with zeros, a row that switches off a whole layer leaves the next one exactly on its kink.
  const weights = new Map(predictorTensors(SHAPE).map(({ name, shape }) => [name, draw(shape.reduce((a, b) => a * b, 1))]));
  const shares = Float32Array.of(0.2, 0.2, 0.2, 0.2, 0.2, 0);
  // Errors on both sides of the bend of smooth-L1.
  return { weights, codes: draw(BATCH * SHAPE.inputs), labels: draw(BATCH).map((value) => 2 * value), shares };
}

function lossOf(weights: Layers, { codes, labels, shares }: ReturnType<typeof fixture>, kind: keyof typeof ROW_LOSS): number {
  let sum = 0;
  for (let row = 0; row < BATCH; row++) {
    const code = [...codes.subarray(row * SHAPE.inputs, (row + 1) * SHAPE.inputs)];
    for (let index = 0; index < SHAPE.members; index++) sum += shares[row] * ROW_LOSS[kind](member(weights, index, code) - labels[row]);
  }
  return sum;
}

async function withProgram<T>(
  create: ReturnType<typeof testExecutors>[number]['create'],
  training: NetworkTraining,
  use: (executor: Executor) => Promise<T>,
) {
  const program = trainingProgram(SHAPE, training);
  const executor = await create(program);
  try {
    await executor.write(trainingState(SHAPE, fixture().weights, program));
    return await use(executor);
  } finally {
    executor.dispose();
  }
}

describe('predictorTensors', () => {
  it('lists weights and bias of every layer of every member', () => {
    expect(predictorTensors(SHAPE).map(({ name, shape }) => `${name} ${shape.join('x')}`)).toEqual(
      [0, 1].flatMap((e) => [
        `member${e}/layer0/weights 4x5`,
        `member${e}/layer0/bias 5`,
        `member${e}/layer1/weights 5x3`,
        `member${e}/layer1/bias 3`,
        `member${e}/layer2/weights 3x1`,
        `member${e}/layer2/bias 1`,
      ]),
    );
  });
  it('takes a parameter vector apart as it was put together', () => {
    const weights = initialPredictor(SHAPE, 0, 0.93);
    const training = { batch: BATCH, optimizer: 'sgd', momentum: 0, loss: 'mse', weightDecay: 0, decay: 'decoupled' } as const;
    const vector = trainingState(SHAPE, weights, trainingProgram(SHAPE, training)).get(PARAMETERS)!;
    expect(predictorWeights(SHAPE, vector)).toEqual(weights);
    expect(weights.get('member1/layer2/bias')![0]).toBe(Math.fround(0.93));
    expect([...weights.get('member1/layer2/weights')!]).toEqual([0, 0, 0]);
    expect(weights.get('member0/layer0/weights')).not.toEqual(weights.get('member1/layer0/weights'));
  });
});

describe.each(testExecutors())(`the program on $kind${nativeNote}`, ({ create }) => {
  const plain = { batch: BATCH, optimizer: 'sgd', momentum: 0, loss: 'mse', weightDecay: 0, decay: 'decoupled' } as const;

  it.each(PREDICT_ROWS)('predicts the mean of the members, %d rows at once', async (rows) => {
    const executor = await create(predictionProgram(SHAPE));
    const { weights } = fixture();
    const codes = Float32Array.from({ length: rows * SHAPE.inputs }, (_, i) => ((i * 37) % 11) / 5 - 1);
    try {
      await executor.write(weights);
      const { mean } = await executor.run(predictorFunctions.predict(rows), { codes });
      expect(mean).toHaveLength(rows);
      for (let row = 0; row < rows; row++) {
        const code = [...codes.subarray(row * 4, row * 4 + 4)];
        const exact = (member(weights, 0, code) + member(weights, 1, code)) / 2;
        // outputs of about 1 and 15 products of float32 on the way
        expect(Math.abs(mean[row] - exact)).toBeLessThan(2e-6 * Math.max(1, Math.abs(exact)));
      }
    } finally {
      executor.dispose();
    }
  });

  it.each(['mse', 'smooth-l1'] as const)('one SGD step follows the numerical gradient of %s', (loss) =>
    withProgram(create, { ...plain, loss }, async (executor) => {
      const data = fixture();
      const rate = 0.01;
      const { weights, codes, labels, shares } = data;
      const out = await executor.run(predictorFunctions.train, { codes, labels, shares, rate: Float32Array.of(rate) });
      expect(out.loss[0]).toBeCloseTo(lossOf(weights, data, loss) / SHAPE.members, 5);
      const after = predictorWeights(SHAPE, (await executor.read([PARAMETERS])).get(PARAMETERS) as Float32Array);
      for (const [name, values] of weights) {
        values.forEach((value, i) => {
          const at = (shift: number) => {
            values[i] = value + shift;
            return lossOf(weights, data, loss);
          };
          const gradient = (at(2 ** -10) - at(-(2 ** -10))) / 2 ** -9;
          values[i] = value;
          // Float32 weights of about 1 divided by the rate: 1e-7 / 0.01, and the difference quotient across a kink.
          expect(Math.abs((value - after.get(name)![i]) / rate - gradient), `${name}[${i}]`).toBeLessThan(1e-3);
        });
      }
    }),
  );

  it('decays weights but no bias, decoupled from the gradient', () =>
    withProgram(create, { ...plain, optimizer: 'adam', weightDecay: 0.5 }, async (executor) => {
      const { weights, codes, labels } = fixture();
      const scalar = (value: number) => Float32Array.of(value);
      const feeds = {
        codes,
        labels,
        shares: new Float32Array(BATCH),
        rate: scalar(0.1),
        beta1Power: scalar(0.9),
        beta2Power: scalar(0.999),
      };
      await executor.run(predictorFunctions.train, feeds);
      const after = predictorWeights(SHAPE, (await executor.read([PARAMETERS])).get(PARAMETERS) as Float32Array);
      for (const [name, values] of weights) {
        const kept = name.endsWith('/weights') ? 0.95 : 1;
        values.forEach((value, i) => expect(after.get(name)![i]).toBeCloseTo(kept * value, 6));
      }
    }));

  it.each([
    ['l2 without momentum', 0, 'l2'],
    ['l2 with momentum', 0.9, 'l2'],
    ['decoupled with momentum', 0.9, 'decoupled'],
  ] as const)('two SGD steps: %s', (_, momentum, decay) =>
    withProgram(create, { ...plain, momentum, decay, weightDecay: 0.5 }, async (executor) => {
      const { weights, codes, labels } = fixture();
      // Without shares the loss has no gradient: what moves the parameters is the decay alone.
      const feeds = { codes, labels, shares: new Float32Array(BATCH), rate: Float32Array.of(0.1) };
      for (let step = 0; step < 2; step++) await executor.run(predictorFunctions.train, feeds);
      const after = predictorWeights(SHAPE, (await executor.read([PARAMETERS])).get(PARAMETERS) as Float32Array);
      for (const [name, values] of weights) {
        const decays = name.endsWith('/weights') || (decay === 'l2' && !name.endsWith('layer2/bias'));
        values.forEach((value, i) => {
          // PyTorch's SGD: g = decay * p, v = momentum * v + g, p -= rate * v; decoupled: p -= rate * decay * p, v stays 0.
          let expected = value;
          for (let step = 0, velocity = 0; decays && step < 2; step++) {
            velocity = (decay === 'l2' ? momentum * velocity : 0) + 0.5 * expected;
            expected -= 0.1 * velocity;
          }
          expect(after.get(name)![i], `${name}[${i}]`).toBeCloseTo(expected, 6);
        });
      }
    }),
  );

  it('Adam takes the l2 decay through its moments', () =>
    withProgram(create, { ...plain, optimizer: 'adam', decay: 'l2', weightDecay: 0.5 }, async (executor) => {
      const { weights, codes, labels } = fixture();
      const scalar = (value: number) => Float32Array.of(value);
      const powers = { beta1Power: scalar(0.9), beta2Power: scalar(0.999) };
      await executor.run(predictorFunctions.train, { codes, labels, shares: new Float32Array(BATCH), rate: scalar(0.01), ...powers });
      const after = predictorWeights(SHAPE, (await executor.read([PARAMETERS])).get(PARAMETERS) as Float32Array);
      // The first step of Adam is rate * sign(gradient), here the sign of the parameter; its epsilon and float32 leave 1e-5.
      for (const [name, values] of weights) {
        const step = name.endsWith('layer2/bias') ? 0 : 0.01;
        values.forEach((value, i) => expect(after.get(name)![i]).toBeCloseTo(value - step * Math.sign(value), 4));
      }
    }));
});
