/** What a worker finds out for the interface beside the phases of a run. */
import type { FormKey } from '../domain/form.ts';
import type { NetworkView } from '../domain/network-view.ts';
import type { ImportCheck, ModelFile } from '../schema/network.ts';

export type { NetworkView } from '../domain/network-view.ts';

/** An imported network of a project. */
export interface ModelView extends NetworkView {
  name: string;
  source: ModelFile['source'];
  check: ImportCheck;
  notes: string[];
  /** of the file with the weights; null where it is missing */
  weightBytes: number | null;
}

/** A line of the list of imported networks. */
export interface ModelSummary {
  name: string;
  /** why it cannot be used; null = it can */
  problem: string | null;
  facts: {
    /** height, width, channels */
    image: number[];
    classes: number;
    parameters: number;
    macs: number;
    /** quantized layers */
    layers: number;
    source: ModelFile['source'];
    check: ImportCheck;
  } | null;
}

export type { LayerListView } from '../schema/layer-list.ts';

export type SplitName = 'train' | 'validation' | 'test';

/** Some images of a split, and facts of the whole data set. */
export interface DataPreview {
  width: number;
  height: number;
  channels: number;
  classes: string[];
  splits: Record<SplitName, { images: number; perClass: number[] }>;
  split: SplitName;
  /** index of the first image below */
  offset: number;
  /** base64 of uint8 [image, y, x, channel] */
  pixels: string;
  labels: number[];
  /** as a run will have it; empty where that would mean to paint every image */
  digest: string;
}

/** Points of the search as it runs, in rounds of at most ten a second. */
export interface SearchPoints {
  target: number;
  form: FormKey;
  generation: number;
  generations: number;
  /** key as of `configurationKey`, and the predicted accuracy */
  points: { key: string; predicted: number }[];
}

/** Weights of a layer at the newest checkpoint, with the grid that quantizes them. */
export interface LayerView {
  layer: string;
  /** the training whose checkpoint it was read from; before `calibrate` the grid is what calibration would choose for these weights */
  phase: 'pretrain' | 'calibrate' | 'supernet';
  /** training step of the checkpoint it was read from; null = finished supernet */
  step: number | null;
  values: number;
  kurtosis: number;
  skewness: number;
  /** range of both histograms: smallest and largest weight, those before elastic training included */
  minimum: number;
  maximum: number;
  /** histogram of the float weights: counts of equal bins from minimum to maximum */
  counts: number[];
  /** the same of the weights before elastic training (float network); null without that checkpoint */
  floatCounts: number[] | null;
  /** the quantization levels of the asked bits and form; for per-channel granularity those of channel 0 */
  levels: number[];
  /** how many weights lie on each level (all channels) */
  levelCounts: number[];
  /** share of weights beyond the outermost levels by more than half a step, 0..1 */
  clipped: number;
  stepSize: number;
  zeroPoint: number;
  channels: number;
}

/** Signal-to-quantization-noise ratio of every layer, dB. */
export interface SensitivityView {
  layers: {
    name: string;
    /** by `${granularity[0]}${weightSymmetry[0]}` and bits 2..8, e.g. weights.ts[3]; null where there is no entry */
    weights: Record<'ts' | 'ta' | 'cs' | 'ca', (number | null)[]>;
    /** by `activationSymmetry[0]` and bits 2..8, over a batch of training images; null while not measured */
    activations: Record<'s' | 'a', (number | null)[]> | null;
  }[];
}
