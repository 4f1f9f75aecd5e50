import type { Configuration } from '../../shared/schema/configuration.ts';
import { top1 } from '../../shared/domain/top1.ts';
import { imagesAsFloat } from '../data/batch.ts';
import { imageSize, type ImageSet } from '../data/dataset.ts';
import { biasUnits, fixedFeeds, foldedFeeds, integerView, type BatchNormStatistics, type Parameters } from '../quant/fold.ts';
import type { IntegerView } from '../quant/integer-view.ts';
import { hasStatistics, type TableLayout } from '../quant/table-layout.ts';
import { snapQuantizers, type QuantizerTables } from '../quant/tables.ts';
import type { Executor } from '../engine/executor.ts';
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
  private readonly calibrationImages = new Map<number, Float32Array>();

  /**
   * @param calibrationSet training images of the BN re-calibration batch; the first ones are taken, in order
   * @param batch images in an evaluation call, as in the program
   */
  constructor(
    private readonly executor: Executor,
    private readonly layout: TableLayout,
    private readonly parameters: Parameters,
    private readonly tables: QuantizerTables,
    private readonly calibrationSet: ImageSet,
    private readonly batch: number,
  ) {}

  private calibrationBatch(count: number): Float32Array {
    let images = this.calibrationImages.get(count);
    if (!images) {
      images = new Float32Array(count * imageSize(this.calibrationSet));
      imagesAsFloat(this.calibrationSet, 0, count, images);
      this.calibrationImages.set(count, images);
    }
    return images;
  }

  private quantizers(configuration: Configuration) {
    const snapped = snapQuantizers(this.layout, this.tables, configuration);
    return { snapped, feeds: fixedFeeds(this.layout, snapped) };
  }

  /** BN statistics of one configuration from one batch; none without BN, where biases alone shift. @param images must be a re-calibration size of the program */
  private async statistics({ snapped, feeds }: ReturnType<Evaluator['quantizers']>, images: number): Promise<BatchNormStatistics> {
    if (!hasStatistics(this.layout)) return { mean: new Float32Array(0), variance: new Float32Array(0) };
    const biasUnit = biasUnits(this.layout, snapped);
    const result = await this.executor.run(functionNames.recalibrate(images), {
      ...feeds,
      biasUnit,
      images: this.calibrationBatch(images),
    });
    return { mean: result.mean as Float32Array, variance: result.variance as Float32Array };
  }

  /** The integers of one configuration, BN re-calibrated. */
  async view(configuration: Configuration, recalibrationImages: number): Promise<IntegerView> {
    const quantizers = this.quantizers(configuration);
    return integerView(
      this.layout,
      configuration,
      quantizers.snapped,
      this.parameters,
      await this.statistics(quantizers, recalibrationImages),
    );
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
    const view = await this.view(configuration, options.recalibrationImages);
    const folded = { ...this.quantizers(configuration).feeds, ...foldedFeeds(this.layout, view) };
    const start = options.start ?? 0;
    const count = Math.min(options.images ?? set.count, set.count - start);
    const { classes } = this.layout.graph;
    const logits = new Float32Array(count * classes);
    const images = new Float32Array(this.batch * imageSize(set));
    for (let at = 0; at < count; at += this.batch) {
      await options.onBatch?.();
      imagesAsFloat(set, start + at, this.batch, images);
      const result = await this.executor.run(functionNames.evaluate, { ...folded, images });
      logits.set((result.logits as Float32Array).subarray(0, Math.min(this.batch, count - at) * classes), at * classes);
    }
    return { accuracy: top1(logits, set.labels, classes, start), images: count, logits, view };
  }
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
