import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { PredictorResult, Sample } from '../../shared/contract/job-protocol.ts';
import type { LayerFacts } from '../../shared/domain/layer-graph.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { mean, standardDeviation } from '../../shared/domain/statistics.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import type { Executor } from '../engine/executor.ts';
import { cosineRate } from '../supernet/schedule.ts';
import { encodeConfiguration, encodingLength } from './encoding.ts';
import { evaluatePredictor } from './evaluate-predictor.ts';
import { openInference, type Inference, type PredictorEngine } from './inference.ts';
import type { NetworkShape } from './network.ts';
import {
  initialPredictor,
  PARAMETERS,
  predictorFunctions,
  predictorTensors,
  predictorWeights,
  trainingProgram,
  trainingState,
} from './network.ts';
import { fitRidge, predictRidge } from './ridge.ts';

export interface PredictorProgress {
  /** epochs done */
  epoch: number;
  epochs: number;
  /** mean training loss of the epoch, in the units that the loss sees (standardised labels, if they are) */
  loss: number;
}

export interface PredictorTraining extends PredictorEngine {
  predictor: Recipe['predictor'];
  /** the quantized layers in network order */
  facts: readonly LayerFacts[];
  train: readonly Sample[];
  /** judges the result; nothing of the training looks at it */
  heldOut: readonly Sample[];
  /** second measurements (`repeat` 1) of some held-out configurations, matched by `index` */
  repeats: readonly Sample[];
  seed: number;
  onProgress?: (progress: PredictorProgress) => void;
  /** called between epochs; may throw to give the training up */
  checkStop?: () => void | Promise<void>;
}

/** Codes of the samples' configurations, [samples, encodingLength] row-major. */
export function encodeSamples(samples: readonly Sample[], facts: readonly LayerFacts[]): Float32Array {
  const width = encodingLength(facts.length);
  const rows = new Float32Array(samples.length * width);
  samples.forEach(({ configuration }, row) => encodeConfiguration(configuration, facts, rows, row * width));
  return rows;
}

/** Which columns and units a set of predictor tensors has. @throws WorkbenchError `checkpoint-invalid` when one is missing or has a wrong size */
function predictorShape(weights: ReadonlyMap<string, Float32Array>): NetworkShape {
  let members = 0;
  while (weights.has(`member${members}/layer0/bias`)) members++;
  const widths: number[] = [];
  for (let bias = weights.get('member0/layer0/bias'); bias; bias = weights.get(`member0/layer${widths.length}/bias`))
    widths.push(bias.length);
  const inputs = (weights.get('member0/layer0/weights')?.length ?? 0) / (widths[0] || 1);
  const shape = { inputs, hidden: widths.slice(0, -1), members };
  const tensors = predictorTensors(shape);
  const bad = tensors.find(({ name, shape: size }) => weights.get(name)?.length !== size.reduce((a, b) => a * b, 1));
  if (bad || members === 0 || tensors.length !== weights.size) {
    const what = bad ? `tensor '${bad.name}' is missing or has a wrong size` : `${weights.size} tensors are not those of a predictor`;
    throw new WorkbenchError('checkpoint-invalid', `The accuracy predictor cannot be loaded: ${what}; train it again.`);
  }
  return shape;
}

/** The trained CQAP (EQ-Net equation 9): predicts the accuracy of configurations from their codes. */
export class Predictor {
  private constructor(
    private readonly inference: Inference,
    private readonly inputs: number,
  ) {}

  /**
   * Loads a trained predictor.
   * @param weights from `trainPredictor`
   * @throws WorkbenchError `checkpoint-invalid` when they do not fit together
   */
  static async open(weights: ReadonlyMap<string, Float32Array>, engine: PredictorEngine): Promise<Predictor> {
    const shape = predictorShape(weights);
    return new Predictor(await openInference(shape, weights, engine), shape.inputs);
  }

  /**
   * The fitness of the search.
   * @param codes CQAP codes, [count, encodingLength] row-major
   * @returns accuracies [count], at once where no executor computes them; not clamped to 0..1, which would make ties
   * @throws WorkbenchError `usage` when the codes are of another network
   */
  predict(codes: Float32Array, count: number): Float32Array | Promise<Float32Array> {
    if (codes.length !== count * this.inputs) {
      throw new WorkbenchError(
        'usage',
        `The predictor was trained on codes of ${this.inputs} columns and cannot judge codes of ${codes.length / count}: train it for this network.`,
      );
    }
    return this.inference.predict(codes, count);
  }

  dispose(): void {
    this.inference.dispose();
  }
}

/** What the network learns instead of an accuracy: (accuracy - centre) / scale. */
function labelScale(labels: Float64Array, standardize: boolean): { centre: number; scale: number } {
  // All labels equal: any scale will do, but not 0.
  return standardize ? { centre: mean(labels)!, scale: standardDeviation(labels) || 1 } : { centre: 0, scale: 1 };
}

/** Folds the label scale into the output layers, so that the stored network gives accuracies. */
function foldScale(shape: NetworkShape, weights: Map<string, Float32Array>, { centre, scale }: { centre: number; scale: number }): void {
  for (let member = 0; member < shape.members; member++) {
    const layer = `member${member}/layer${shape.hidden.length}`;
    const output = weights.get(`${layer}/weights`)!;
    const bias = weights.get(`${layer}/bias`)!;
    weights.set(
      `${layer}/weights`,
      output.map((value) => value * scale),
    );
    weights.set(
      `${layer}/bias`,
      bias.map((value) => centre + value * scale),
    );
  }
}

async function runEpochs(
  executor: Executor,
  job: PredictorTraining,
  width: number,
  codes: Float32Array,
  labels: Float64Array,
): Promise<void> {
  const { predictor, seed, onProgress, checkStop } = job;
  const { epochs, batch, optimizer, schedule, learningRate } = predictor;
  const count = labels.length;
  const stepsPerEpoch = Math.ceil(count / batch);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  const scalar = (value: number) => Float32Array.of(value);
  for (let epoch = 0, step = 0; epoch < epochs; epoch++) {
    await checkStop?.();
    new RandomStream(seed, 'predictor/order', epoch).shuffle(order);
    let sum = 0;
    for (let start = 0; start < count; start += batch, step++) {
      const rows = order.subarray(start, Math.min(count, start + batch));
      const feeds: Record<string, Float32Array> = {
        codes: new Float32Array(batch * width),
        labels: new Float32Array(batch),
        shares: new Float32Array(batch).fill(1 / rows.length, 0, rows.length),
        rate: scalar(schedule === 'constant' ? learningRate : cosineRate(learningRate, step, epochs * stepsPerEpoch)),
      };
      rows.forEach((row, i) => {
        feeds.codes.set(codes.subarray(row * width, (row + 1) * width), i * width);
        feeds.labels[i] = labels[row];
      });
      if (optimizer === 'adam') Object.assign(feeds, { beta1Power: scalar(0.9 ** (step + 1)), beta2Power: scalar(0.999 ** (step + 1)) });
      const { loss } = await executor.run(predictorFunctions.train, feeds);
      sum += loss[0] * rows.length;
    }
    onProgress?.({ epoch: epoch + 1, epochs, loss: sum / count });
  }
}

function checkSamples({ train, heldOut }: PredictorTraining): void {
  if (train.length < 2)
    throw new WorkbenchError(
      'usage',
      `The predictor cannot learn from ${train.length} measured configurations: raise predictor.trainSamples.`,
    );
  if (heldOut.length < 2)
    throw new WorkbenchError(
      'usage',
      `The predictor cannot be judged by ${heldOut.length} held-out configurations: raise predictor.heldOutSamples.`,
    );
  const bad = [...train, ...heldOut].find(({ accuracy }) => !Number.isFinite(accuracy));
  if (bad) throw new WorkbenchError('data-invalid', `Measured configuration ${bad.index} has accuracy ${bad.accuracy}: measure it again.`);
}

/** Weights of the trained network with the label scale folded in. */
async function fit(job: PredictorTraining, shape: NetworkShape, codes: Float32Array, accuracies: Float64Array) {
  const { predictor, seed } = job;
  const scale = labelScale(accuracies, predictor.standardize);
  const program = trainingProgram(shape, predictor);
  const executor = await job.createExecutor(program);
  try {
    const initial = initialPredictor(shape, seed, predictor.standardize ? 0 : mean(accuracies)!);
    await executor.write(trainingState(shape, initial, program));
    const labels = accuracies.map((accuracy) => (accuracy - scale.centre) / scale.scale);
    await runEpochs(executor, job, shape.inputs, codes, labels);
    const vector = (await executor.read([PARAMETERS])).get(PARAMETERS) as Float32Array;
    if (vector.some((value) => !Number.isFinite(value))) {
      throw new WorkbenchError(
        'engine-failed',
        `Training of the predictor diverged at learning rate ${predictor.learningRate}: lower predictor.learningRate.`,
      );
    }
    const weights = predictorWeights(shape, vector);
    foldScale(shape, weights, scale);
    return weights;
  } finally {
    executor.dispose();
  }
}

/**
 * Trains the CQAP (EQ-Net section 3.5, equation 9) for a fixed number of epochs and judges it on the held-out samples. The
 * published code keeps the epoch with the best test RMSE, which makes its test score too good; here held-out samples choose nothing.
 * The same samples, recipe and seed give the same weights.
 * @returns weights for `Predictor.open`, named as in `predictorTensors`
 * @throws WorkbenchError `usage` for too few samples, `engine-failed` when training diverges
 */
export async function trainPredictor(job: PredictorTraining): Promise<{ weights: Map<string, Float32Array>; result: PredictorResult }> {
  checkSamples(job);
  const { predictor, facts, train, heldOut, repeats } = job;
  const shape: NetworkShape = { inputs: encodingLength(facts.length), hidden: predictor.hidden, members: predictor.ensemble };
  const accuracies = Float64Array.from(train, ({ accuracy }) => accuracy);
  const codes = encodeSamples(train, facts);
  const heldOutCodes = encodeSamples(heldOut, facts);
  const weights = await fit(job, shape, codes, accuracies);
  const trained = await Predictor.open(weights, job);
  let predicted: Float32Array;
  try {
    predicted = await trained.predict(heldOutCodes, heldOut.length);
  } finally {
    trained.dispose();
  }
  const ridge = predictRidge(fitRidge(codes, accuracies, shape.inputs), heldOutCodes);
  return {
    weights,
    result: evaluatePredictor({ heldOutKind: predictor.heldOut, trainSamples: train.length, heldOut, repeats, predicted, ridge }),
  };
}
