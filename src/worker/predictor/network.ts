import type { Recipe } from '../../shared/schema/recipe.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { GraphBuilder } from '../engine/builder.ts';
import { elementCount, type Program, type Shape, type Value, type Variable } from '../engine/graph.ts';
import { gradientsOf } from '../engine/gradients.ts';

/** An ensemble of multilayer perceptrons of one shape: ReLU hidden layers, then one linear output with a bias. */
export interface NetworkShape {
  /** columns of the code */
  inputs: number;
  hidden: readonly number[];
  members: number;
}

export type NetworkTraining = Pick<Recipe['predictor'], 'batch' | 'optimizer' | 'momentum' | 'loss' | 'weightDecay' | 'decay'>;

/**
 * Rows that one `predict` call may have, in steps of the sizes that generations of a search have: what pads a call up to the
 * next one costs as much as real rows.
 */
export const PREDICT_ROWS = [16, 32, 48, 64, 96, 128] as const;

export const predictorFunctions = {
  /** codes [batch, inputs], labels [batch], shares [batch], rate, beta1Power, beta2Power -> loss: one optimizer step of every member */
  train: 'predictor-train',
  /** codes [rows, inputs] -> mean [rows] over the members; for each of `PREDICT_ROWS` */
  predict: (rows: number) => `predictor-predict-${rows}`,
} as const;

/** All parameters of the training in one vector, so that a step is a handful of ops whatever the number of members; zeros at the start for the other two. */
export const PARAMETERS = 'predictor/parameters';
const MOMENTUM = 'predictor/momentum';
const VELOCITY = 'predictor/velocity';

export interface PredictorTensor {
  /** `member<e>/layer<i>/weights` or `/bias` */
  name: string;
  /** weights [in, out], bias [out] */
  shape: Shape;
}

/** The tensors of an ensemble in the order in which they lie in the parameter vector. */
export function predictorTensors({ inputs, hidden, members }: NetworkShape): PredictorTensor[] {
  const widths = [inputs, ...hidden, 1];
  return Array.from({ length: members }, (_, member) =>
    widths.slice(1).flatMap((width, layer) => [
      { name: `member${member}/layer${layer}/weights`, shape: [widths[layer], width] },
      { name: `member${member}/layer${layer}/bias`, shape: [width] },
    ]),
  ).flat();
}

/**
 * He initialisation (normal, fan-in) and zero biases, but an output layer of zero weights and bias `outputBias`: every member
 * starts at the mean label. Accuracies differ by a hundredth or less; with random output weights the start is off by about 1,
 * and most of the training goes into getting rid of that. Each tensor has a stream of its own.
 */
export function initialPredictor(shape: NetworkShape, seed: number, outputBias: number): Map<string, Float32Array> {
  const output = `/layer${shape.hidden.length}/`;
  return new Map(
    predictorTensors(shape).map(({ name, shape: size }) => {
      const values = new Float32Array(elementCount(size));
      if (name.includes(output)) values.fill(name.endsWith('/bias') ? outputBias : 0);
      else if (name.endsWith('/weights')) {
        const random = new RandomStream(seed, `predictor/init/${name}`);
        const deviation = Math.sqrt(2 / size[0]);
        for (let i = 0; i < values.length; i++) values[i] = deviation * random.normal();
      }
      return [name, values];
    }),
  );
}

/** The values that every variable of the training program needs before its first call. */
export function trainingState(
  shape: NetworkShape,
  weights: ReadonlyMap<string, Float32Array>,
  program: Program,
): Map<string, Float32Array> {
  const parts = predictorTensors(shape).map(({ name }) => weights.get(name)!);
  const vector = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    vector.set(part, at);
    at += part.length;
  }
  return new Map(program.variables.map(({ name }) => [name, name === PARAMETERS ? vector : new Float32Array(vector.length)]));
}

/** Takes the parameter vector apart. */
export function predictorWeights(shape: NetworkShape, vector: Float32Array): Map<string, Float32Array> {
  let at = 0;
  return new Map(predictorTensors(shape).map(({ name, shape: size }) => [name, vector.slice(at, (at += elementCount(size)))]));
}

/** Outputs of all members, each [rows]. */
function forward(b: GraphBuilder, { hidden, members }: NetworkShape, codes: Value, tensors: readonly Value[]): Value[] {
  const layers = hidden.length + 1;
  return Array.from({ length: members }, (_, member) => {
    let x = codes;
    for (let layer = 0; layer < layers; layer++) {
      const at = 2 * (member * layers + layer);
      x = b.biasAdd(b.matMul(x, tensors[at]), tensors[at + 1]);
      if (layer < layers - 1) x = b.relu(x);
    }
    return b.reshape(x, [codes.shape[0]]);
  });
}

class TrainingWriter {
  private readonly b = new GraphBuilder();
  private readonly tensors: readonly PredictorTensor[];
  private readonly parameters: Variable;
  private readonly count: number;

  constructor(private readonly shape: NetworkShape) {
    this.tensors = predictorTensors(shape);
    this.count = this.tensors.reduce((sum, tensor) => sum + elementCount(tensor.shape), 0);
    this.parameters = this.b.variable(PARAMETERS, [this.count]);
  }

  build(): Program {
    return this.b.build();
  }

  private readTensors(): Value[] {
    const { b, tensors } = this;
    const pieces = b.split(
      b.read(this.parameters),
      tensors.map((tensor) => elementCount(tensor.shape)),
    );
    return pieces.map((piece, i) => b.reshape(piece, tensors[i].shape));
  }

  /** Loss of each row; smooth-L1 is half the square up to 1 and linear with slope 1 beyond. */
  private rowLoss(error: Value, loss: NetworkTraining['loss']): Value {
    const { b } = this;
    const one = b.scalar(1);
    if (loss === 'mse') return b.square(error);
    return b.composite(
      [error],
      () => {
        const size = b.abs(error);
        const inner = b.minimum(size, one);
        return b.mul(inner, b.sub(size, b.mul(inner, b.scalar(0.5))));
      },
      (gradient) => [b.mul(gradient, b.clip(error, b.neg(one), one))],
    );
  }

  train(training: NetworkTraining): void {
    const { batch, loss, weightDecay, decay } = training;
    const { b, parameters, count } = this;
    b.function(predictorFunctions.train, () => {
      const codes = b.feed('codes', [batch, this.shape.inputs]);
      const labels = b.feed('labels', [batch]);
      const shares = b.feed('shares', [batch]);
      const rate = b.feed('rate', []);
      const tensors = this.readTensors();
      const losses = forward(b, this.shape, codes, tensors).map((output) =>
        b.sum(b.mul(this.rowLoss(b.sub(output, labels), loss), shares)),
      );
      // The sum, not the mean: a member's step must not depend on how many members there are.
      const total = b.addN(losses);
      const gradients = gradientsOf(b, total, tensors).map((gradient) => b.reshape(gradient!, [elementCount(gradient!.shape)]));
      const task = b.concat(gradients);
      if (weightDecay === 0) this.update(task, rate, training);
      else {
        const pull = b.mul(b.read(parameters), b.constant(this.decay(weightDecay, decay), [count]));
        this.update(decay === 'l2' ? b.plus(task, pull) : task, rate, training);
        if (decay === 'decoupled') b.assignAdd(parameters, b.neg(b.mul(rate, pull)));
      }
      return { loss: b.mul(total, b.scalar(1 / losses.length)) };
    });
  }

  /**
   * Decay of each parameter. Decoupled: no bias. L2: the hidden biases too, as PyTorch does. The bias of the output keeps
   * its value in both: it starts at the mean accuracy, and the published network has none.
   */
  private decay(weightDecay: number, kind: NetworkTraining['decay']): Float32Array {
    const values = new Float32Array(this.count);
    const outputBias = `/layer${this.shape.hidden.length}/bias`;
    let at = 0;
    for (const { name, shape } of this.tensors) {
      const end = at + elementCount(shape);
      if (name.endsWith('/weights') || (kind === 'l2' && !name.endsWith(outputBias))) values.fill(weightDecay, at, end);
      at = end;
    }
    return values;
  }

  private update(gradient: Value, rate: Value, { optimizer, momentum: kept }: NetworkTraining): void {
    const { b, parameters, count } = this;
    if (optimizer === 'sgd' && kept === 0) {
      b.assignAdd(parameters, b.neg(b.mul(rate, gradient)));
      return;
    }
    const momentum = b.variable(MOMENTUM, [count]);
    if (optimizer === 'adam') {
      const [beta1Power, beta2Power] = ['beta1Power', 'beta2Power'].map((name) => b.feed(name, []));
      b.applyAdam({ variable: parameters, momentum, velocity: b.variable(VELOCITY, [count]) }, gradient, rate, beta1Power, beta2Power);
      return;
    }
    const next = b.plus(b.mul(b.read(momentum), b.scalar(kept)), gradient);
    b.assign(momentum, next);
    b.assignAdd(parameters, b.neg(b.mul(rate, next)));
  }
}

/** The program that trains an ensemble: its members learn side by side, each from its own initial weights. */
export function trainingProgram(shape: NetworkShape, training: NetworkTraining): Program {
  const writer = new TrainingWriter(shape);
  writer.train(training);
  return writer.build();
}

/**
 * The program that predicts, with a variable for each of `predictorTensors`: taking them out of the vector of the training
 * would copy all parameters in every call.
 */
export function predictionProgram(shape: NetworkShape): Program {
  const b = new GraphBuilder();
  const variables = predictorTensors(shape).map((tensor) => b.variable(tensor.name, tensor.shape));
  for (const rows of PREDICT_ROWS) {
    b.function(predictorFunctions.predict(rows), () => {
      const outputs = forward(
        b,
        shape,
        b.feed('codes', [rows, shape.inputs]),
        variables.map((variable) => b.read(variable)),
      );
      // Not addN: of five terms TensorFlow was seen to add them in another order in one of these functions, and a row must get
      // the same bits in all of them.
      return { mean: b.mul(b.sum(b.pack(outputs), [0]), b.scalar(1 / outputs.length)) };
    });
  }
  return b.build();
}
