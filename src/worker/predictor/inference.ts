import type { Executor, ExecutorFactory } from '../engine/executor.ts';
import { Mlp, type MlpModule } from '../engine/mlp.ts';
import { PREDICT_ROWS, predictionProgram, predictorFunctions, predictorTensors, type NetworkShape } from './network.ts';

/** Computes the mean prediction of a trained ensemble; a row gets the same bits in every call. */
export interface Inference {
  /** @param codes [count, inputs] row-major @returns [count] */
  predict(codes: Float32Array, count: number): Float32Array | Promise<Float32Array>;
  dispose(): void;
}

/** What predictions are computed with. */
export interface PredictorEngine {
  createExecutor: ExecutorFactory;
  /** used instead of an executor, whose call takes longer than the sums of a generation */
  mlp?: MlpModule | null;
}

const MOST_ROWS = PREDICT_ROWS[PREDICT_ROWS.length - 1];

/** Through an executor, at most `MOST_ROWS` rows a call. */
class ExecutorInference implements Inference {
  /** Kept from call to call for rows that fill no call; taken out while in use. */
  private padding: Float32Array | null = null;

  constructor(
    private readonly executor: Executor,
    private readonly inputs: number,
  ) {}

  async predict(codes: Float32Array, count: number): Promise<Float32Array> {
    const result = new Float32Array(count);
    for (let start = 0; start < count; start += MOST_ROWS) {
      const end = Math.min(count, start + MOST_ROWS);
      result.set(await this.predictRows(codes.subarray(start * this.inputs, end * this.inputs), end - start), start);
    }
    return result;
  }

  private async predictRows(codes: Float32Array, count: number): Promise<Float32Array> {
    const { inputs, padding } = this;
    const rows = PREDICT_ROWS.find((size) => size >= count)!;
    let padded = codes;
    if (rows > count) {
      this.padding = null;
      const whole = padding ?? new Float32Array(MOST_ROWS * inputs);
      whole.set(codes);
      padded = whole.subarray(0, rows * inputs);
    }
    const { mean: predicted } = await this.executor.run(predictorFunctions.predict(rows), { codes: padded }, ['mean']);
    if (padded !== codes) this.padding = new Float32Array(padded.buffer);
    return predicted.subarray(0, count) as Float32Array;
  }

  dispose(): void {
    this.executor.dispose();
  }
}

/** @param weights all of `predictorTensors(shape)` */
export async function openInference(
  shape: NetworkShape,
  weights: ReadonlyMap<string, Float32Array>,
  { createExecutor, mlp }: PredictorEngine,
): Promise<Inference> {
  const tensors = predictorTensors(shape).map(({ name }) => weights.get(name)!);
  if (mlp) return new Mlp(mlp, [shape.inputs, ...shape.hidden, 1], shape.members, tensors);
  const executor = await createExecutor(predictionProgram(shape));
  await executor.write(weights);
  return new ExecutorInference(executor, shape.inputs);
}
