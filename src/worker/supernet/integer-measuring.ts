import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Configuration } from '../../shared/schema/configuration.ts';
import { copyPixels } from '../data/batch.ts';
import { imageSize, type ImageSet } from '../data/dataset.ts';
import { IntegerNet, type InstructionSet, type IntegerModule, type IntegerPlan } from '../engine/integer-net.ts';
import {
  batchNormBehind,
  foldedAffine,
  foldLayer,
  integerActivations,
  offsetsOf,
  stepsByTensor,
  unfoldedLayers,
  WeightCodes,
  type BatchNormStatistics,
  type UnfoldedLayer,
} from '../quant/fold.ts';
import type { IntegerLayer, IntegerView } from '../quant/integer-view.ts';
import { snapQuantizers, type SnappedQuantizers } from '../quant/tables.ts';
import type { Measuring, ReadyConfiguration, TrainedSupernet } from './measuring.ts';

/** Step, offset, smallest and largest code of each activation quantizer. */
function gridsOf({ activations }: SnappedQuantizers): Float32Array {
  return Float32Array.from(
    activations.flatMap(({ steps, zeroPoints, low, high }) => [steps[0], offsetsOf(steps, zeroPoints)[0], low, high]),
  );
}

const NONE: BatchNormStatistics = { mean: new Float32Array(0), variance: new Float32Array(0) };

interface IntegerOptions {
  /** the best one of this machine when left out */
  instructions?: InstructionSet;
  /** called between the layers of a re-calibration; may throw to stop */
  onLayer?: () => Promise<void>;
}

/** Measuring on integers, by native code: sums are exact, so the same whatever the threads and the instruction set. */
export class IntegerMeasuring implements Measuring {
  private readonly calibrationImages = new Map<number, Uint8Array>();
  private readonly codes: WeightCodes;
  /** The next configuration takes it over, with its memory. */
  private idle: IntegerNet | null = null;

  constructor(
    private readonly module: IntegerModule,
    private readonly plan: IntegerPlan,
    private readonly supernet: TrainedSupernet,
    private readonly options: IntegerOptions = {},
  ) {
    this.codes = new WeightCodes(supernet.parameters);
  }

  private calibrationBatch(count: number): Uint8Array {
    const { calibrationSet } = this.supernet;
    let pixels = this.calibrationImages.get(count);
    if (!pixels) {
      pixels = new Uint8Array(count * imageSize(calibrationSet));
      copyPixels(calibrationSet, 0, count, pixels);
      this.calibrationImages.set(count, pixels);
    }
    return pixels;
  }

  /** BN statistics of one layer: of its sums, which are exact, in double precision. */
  private async statistics(
    net: IntegerNet,
    convolution: number,
    layer: UnfoldedLayer,
    inputStep: number,
    images: number,
  ): Promise<BatchNormStatistics> {
    const { layout, parameters } = this.supernet;
    const moments = await net.moments(convolution);
    const { outputShape, outputChannels } = layout.facts[convolution];
    const count = (images * outputShape.reduce((product, size) => product * size, 1)) / outputChannels;
    const own = parameters.get(`${layer.name}/bias`);
    const mean = new Float32Array(outputChannels);
    const variance = new Float32Array(outputChannels);
    for (let c = 0; c < outputChannels; c++) {
      const unit = layer.weightStep[c] * inputStep;
      const [sum, squares] = [moments[c], moments[outputChannels + c]];
      mean[c] = (sum / count) * unit + (own?.[c] ?? 0);
      variance[c] = (Math.max(0, squares - (sum * sum) / count) / Math.max(1, count - 1)) * unit * unit;
    }
    return { mean, variance };
  }

  /** Folds layer by layer: the images reach each layer through all folded ones before it. */
  private async recalibrate(net: IntegerNet, configuration: Configuration, images: number): Promise<IntegerView> {
    const { layout, tables, parameters } = this.supernet;
    const { graph } = layout;
    const snapped = snapQuantizers(layout, tables, configuration);
    const activations = integerActivations(layout, snapped);
    const steps = stepsByTensor(activations);
    const unfolded = unfoldedLayers(layout, configuration, snapped, this.codes);
    net.load(gridsOf(snapped), unfolded.map(({ codes }) => codes as Int8Array), unfolded.map(({ weightZeroPoint }) => weightZeroPoint)); // prettier-ignore
    const layers: IntegerLayer[] = [];
    net.begin(this.calibrationBatch(images));
    try {
      for (const [i, layer] of unfolded.entries()) {
        await this.options.onLayer?.();
        const inputStep = steps.get(layer.input)!;
        const statistics = batchNormBehind(graph, layer.name) ? await this.statistics(net, i, layer, inputStep, images) : NONE;
        const folded = foldLayer(layout, layer, inputStep, parameters, statistics);
        const { multiplier, bias } = foldedAffine(folded, inputStep);
        const scale = multiplier.map((factor, c) => factor * layer.weightStep[c] * inputStep);
        // Codes know no NaN: what float layers would pass on to the logits has to be said here.
        if (!scale.every(Number.isFinite) || !bias.every(Number.isFinite)) throw diverged(layer.name);
        net.fold(i, scale, bias);
        layers.push(folded);
      }
    } finally {
      net.end();
    }
    return { graph, configuration, layers, activations };
  }

  async ready(configuration: Configuration, images: number): Promise<ReadyConfiguration> {
    const net = this.idle ?? new IntegerNet(this.module, this.plan, this.options.instructions);
    this.idle = null;
    const release = () => {
      if (this.idle) net.release();
      else this.idle = net;
    };
    try {
      const view = await this.recalibrate(net, configuration, images);
      return { view, logits: (set, start, count) => this.logits(net, set, start, count), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  releaseMemory(): void {
    this.idle?.release();
    this.idle = null;
    this.calibrationImages.clear();
  }

  private logits(net: IntegerNet, set: ImageSet, start: number, count: number): Promise<Float32Array> {
    const pixels = new Uint8Array(count * imageSize(set));
    copyPixels(set, start, count, pixels);
    return net.evaluate(pixels);
  }
}

const diverged = (layer: string) =>
  new WorkbenchError(
    'checkpoint-invalid',
    `The scale or bias of layer '${layer}' is not a finite number: the training diverged; lower supernet.learningRate or raise supernet.clip above 0.`,
  );
