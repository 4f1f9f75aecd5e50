import type { Configuration } from '../../shared/schema/configuration.ts';
import { imagesAsFloat } from '../data/batch.ts';
import { imageSize } from '../data/dataset.ts';
import type { Executor } from '../engine/executor.ts';
import { biasUnits, fixedFeeds, foldedFeeds, integerView, WeightCodes, type BatchNormStatistics } from '../quant/fold.ts';
import { hasStatistics } from '../quant/table-layout.ts';
import { snapQuantizers, type SnappedQuantizers } from '../quant/tables.ts';
import type { Measuring, ReadyConfiguration, TrainedSupernet } from './measuring.ts';
import { functionNames } from './program-scope.ts';

/**
 * Measuring by the functions of the run's program: for engines without native code of ours, GPUs, and networks whose sums could
 * leave 32 bits. Integers are floats there, whose sums are rounded.
 */
export class ProgramMeasuring implements Measuring {
  private readonly calibrationImages = new Map<number, Float32Array>();
  private readonly codes: WeightCodes;

  /** @param batch images in an evaluation call, as in the program */
  constructor(
    private readonly executor: Executor,
    private readonly supernet: TrainedSupernet,
    private readonly batch: number,
  ) {
    this.codes = new WeightCodes(supernet.parameters);
  }

  private calibrationBatch(count: number): Float32Array {
    const { calibrationSet } = this.supernet;
    let images = this.calibrationImages.get(count);
    if (!images) {
      images = new Float32Array(count * imageSize(calibrationSet));
      imagesAsFloat(calibrationSet, 0, count, images);
      this.calibrationImages.set(count, images);
    }
    return images;
  }

  /** BN statistics of one configuration from one batch; none without BN, where biases alone shift. @param images must be a re-calibration size of the program */
  private async statistics(snapped: SnappedQuantizers, feeds: object, images: number): Promise<BatchNormStatistics> {
    const { layout } = this.supernet;
    if (!hasStatistics(layout)) return { mean: new Float32Array(0), variance: new Float32Array(0) };
    const biasUnit = biasUnits(layout, snapped);
    const result = await this.executor.run(functionNames.recalibrate(images), {
      ...feeds,
      biasUnit,
      images: this.calibrationBatch(images),
    });
    return { mean: result.mean as Float32Array, variance: result.variance as Float32Array };
  }

  async ready(configuration: Configuration, recalibrationImages: number): Promise<ReadyConfiguration> {
    const { layout, tables, parameters } = this.supernet;
    const snapped = snapQuantizers(layout, tables, configuration);
    const feeds = fixedFeeds(layout, snapped);
    const statistics = await this.statistics(snapped, feeds, recalibrationImages);
    const view = integerView(layout, configuration, snapped, parameters, statistics, this.codes);
    const folded = { ...feeds, ...foldedFeeds(layout, view) };
    return {
      view,
      logits: async (set, start, count) => {
        const { classes } = layout.graph;
        const logits = new Float32Array(count * classes);
        const images = new Float32Array(this.batch * imageSize(set));
        for (let at = 0; at < count; at += this.batch) {
          imagesAsFloat(set, start + at, this.batch, images);
          const result = await this.executor.run(functionNames.evaluate, { ...folded, images });
          logits.set((result.logits as Float32Array).subarray(0, Math.min(this.batch, count - at) * classes), at * classes);
        }
        return logits;
      },
      release: () => undefined,
    };
  }

  releaseMemory(): void {
    this.calibrationImages.clear();
  }
}
