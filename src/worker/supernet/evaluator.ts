import type { Configuration } from '../../shared/schema/configuration.ts';
import { top1 } from '../../shared/domain/top1.ts';
import { imagesAsFloat } from '../data/batch.ts';
import { imageSize, type ImageSet } from '../data/dataset.ts';
import { nativeModule } from '../engine/binding.ts';
import type { Executor } from '../engine/executor.ts';
import type { IntegerView } from '../quant/integer-view.ts';
import { IntegerMeasuring } from './integer-measuring.ts';
import { integerPlan } from './integer-plan.ts';
import type { Measuring, TrainedSupernet } from './measuring.ts';
import { ProgramMeasuring } from './program-measuring.ts';
import { functionNames } from './program-scope.ts';

export interface Measurement {
  /** top-1, 0..1 */
  accuracy: number;
  images: number;
  /** float32 [images, classes] */
  logits: Float32Array;
  view: IntegerView;
}

/**
 * Measures configurations of a trained supernet, without training anything. Every accuracy goes through the same steps:
 * offsets snapped to the grid, BN statistics re-estimated from ONE batch of training images, BN folded, bias rounded to
 * int32, then the test images (eqnet-spec 1.5, design of the integer view).
 */
export class Evaluator {
  /** @param batch images between two chances to stop */
  constructor(
    private readonly measuring: Measuring,
    private readonly classes: number,
    private readonly batch: number,
  ) {}

  /** Gives back the memory that is kept for the next measurement. */
  releaseMemory(): void {
    this.measuring.releaseMemory();
  }

  /** The integers of one configuration, BN re-calibrated. */
  async view(configuration: Configuration, recalibrationImages: number): Promise<IntegerView> {
    const ready = await this.measuring.ready(configuration, recalibrationImages);
    ready.release();
    return ready.view;
  }

  /**
   * @param images first n images of the set; all when left out
   * @param onBatch called between native calls; may throw to stop
   */
  async measure(
    configuration: Configuration,
    set: ImageSet,
    options: { recalibrationImages: number; start?: number; images?: number; onBatch?: () => Promise<void> },
  ): Promise<Measurement> {
    const { batch, classes } = this;
    const ready = await this.measuring.ready(configuration, options.recalibrationImages);
    try {
      const start = options.start ?? 0;
      const count = Math.min(options.images ?? set.count, set.count - start);
      const logits = new Float32Array(count * classes);
      for (let at = 0; at < count; at += batch) {
        await options.onBatch?.();
        logits.set(await ready.logits(set, start + at, Math.min(batch, count - at)), at * classes);
      }
      return { accuracy: top1(logits, set.labels, classes, start), images: count, logits, view: ready.view };
    } finally {
      ready.release();
    }
  }
}

/** Measuring by native code on integers, where it is there and fits the network; else by the run's program. */
function measuringOf(executor: Executor, supernet: TrainedSupernet, batch: number, onLayer?: () => Promise<void>): Measuring {
  const module = executor.kind === 'portable' ? null : nativeModule();
  const plan = module && integerPlan(supernet.layout);
  return plan ? new IntegerMeasuring(module, plan, supernet, { onLayer }) : new ProgramMeasuring(executor, supernet, batch);
}

/**
 * An evaluator of a trained supernet.
 * @param batch   images between two chances to stop; those of an evaluation call of the program
 * @param onLayer called between the layers of a native re-calibration; may throw to stop
 */
export function evaluatorOf(executor: Executor, supernet: TrainedSupernet, batch: number, onLayer?: () => Promise<void>): Evaluator {
  return new Evaluator(measuringOf(executor, supernet, batch, onLayer), supernet.layout.graph.classes, batch);
}

/** Accuracy of the float net with its running BN statistics. */
export async function evaluateFloat(
  executor: Executor,
  set: ImageSet,
  classes: number,
  batch: number,
  onBatch?: () => Promise<void>,
): Promise<number> {
  const logits = new Float32Array(set.count * classes);
  const images = new Float32Array(batch * imageSize(set));
  for (let at = 0; at < set.count; at += batch) {
    await onBatch?.();
    imagesAsFloat(set, at, batch, images);
    const result = await executor.run(functionNames.floatEvaluate, { images });
    logits.set((result.logits as Float32Array).subarray(0, Math.min(batch, set.count - at) * classes), at * classes);
  }
  return top1(logits, set.labels, classes);
}
