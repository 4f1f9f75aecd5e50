/**
 * What a host and its worker say to each other. One worker process serves one run; it is opened once and then does one
 * phase after the other. Everything here is plain JSON, so that it crosses any kind of process border.
 */
import type { ExportFormatId } from '../domain/export-formats.ts';
import type { FormKey, Granularity, Symmetry } from '../domain/form.ts';
import type { LayerFacts, QuantizationPoint } from '../domain/layer-graph.ts';
import type { Configuration } from '../schema/configuration.ts';
import type { ImportCheck, ModelFile } from '../schema/network.ts';
import type { Recipe } from '../schema/recipe.ts';
import type { DataPreview, LayerView, NetworkView, SearchPoints, SensitivityView, SplitName } from './look.ts';
import type { DataCacheView, DataReport } from './data-report.ts';
import type { ErrorPayload } from './errors.ts';
import type { StepProfile } from './profile.ts';

/** The phases of a run in order. Each can be resumed; each starts only when the ones before it are done. */
export const PHASES = ['pretrain', 'calibrate', 'supernet', 'grid', 'sample', 'predictor', 'search', 'measure', 'export'] as const;
export type Phase = (typeof PHASES)[number];

/** Accuracy 0..1 with the number of images it was measured on. */
export interface MeasuredAccuracy {
  accuracy: number;
  images: number;
}

export interface GridCell extends MeasuredAccuracy {
  weightBits: number;
  activationBits: number;
  form: FormKey;
}

/** A measured configuration of the sample phase. `repeat` 1 is a second measurement of it on other images. */
export interface Sample extends MeasuredAccuracy {
  index: number;
  repeat: 0 | 1;
  split: 'train' | 'heldOut';
  form: FormKey;
  configuration: Configuration;
}

export interface Costs {
  bitops: number;
  sizeBytes: number;
  averageWeightBits: number;
  averageActivationBits: number;
}

export interface PredictorScore {
  /** null where a correlation is undefined (no variance) */
  pearson: number | null;
  kendall: number | null;
  rmse: number;
  samples: number;
}

export interface PredictorResult extends PredictorScore {
  heldOutKind: 'random' | 'bits' | 'forms';
  trainSamples: number;
  /** standard deviation of the held-out labels */
  labelDeviation: number;
  /**
   * agreement of two measurements of the same configurations on different images; no ceiling in spite of its name, since
   * training and held-out labels share their images. Null without second measurements
   */
  noiseCeiling: PredictorScore | null;
  /** the predictions against the second measurements, whose images neither training nor held-out labels saw; unbiased */
  repeatScore: PredictorScore | null;
  /** Pearson correlation that perfect predictions would have with labels this noisy: sqrt of the two measurements' correlation */
  pearsonLimit: number | null;
  /** ridge regression on the same code: what no network has to beat */
  ridge: PredictorScore;
  perForm: (PredictorScore & { form: FormKey })[];
  /** every held-out configuration, for the scatter plot */
  heldOut: { index: number; form: FormKey; predicted: number; measured: number }[];
  /** plain sentences: label spread too small, Kendall below 0.75, ... */
  warnings: string[];
}

/** A configuration proposed by the search. */
export interface Candidate {
  id: string;
  target: number;
  form: FormKey;
  /** place among the predictions of its target, 0 = best; `uniform` = the uniform baseline of that form */
  rank: number | 'uniform';
  predicted: number | null;
  configuration: Configuration;
  costs: Costs;
}

export interface SearchPhaseResult {
  candidates: Candidate[];
  evaluations: number;
  seconds: number;
  /** up to 5,000 of the configurations that were looked at, for the picture of the search; not part of a run's digest */
  explored?: SearchPoints[];
}

export interface MeasuredCandidate extends MeasuredAccuracy {
  id: string;
  /** 95 % Wilson interval of the test accuracy */
  interval: [low: number, high: number];
  /** on all validation images; the best candidate of a target is chosen by it, never by the test accuracy */
  validationAccuracy: number;
  /**
   * test accuracy minus that of the uniform configuration of the same target and form, with the 95 % interval of the paired
   * difference over the same images; null for the uniform configuration itself and where there is none
   */
  versusUniform: { difference: number; interval: [low: number, high: number] } | null;
}

/** What a second runtime said of an exported file. */
export interface ExportProof {
  runtime: string;
  images: number;
  maxLogitGap: number;
  meanLogitGap: number;
  /** share of images with the same top-1 class in both */
  top1Agreement: number;
  accuracyApp: number;
  accuracyRuntime: number;
  disagreeing: number[];
  /** at least 99.5 % of the images in the same class, and the accuracies within 0.2 points */
  passed: boolean;
}

export interface ExportResult {
  candidateId: string;
  format: ExportFormatId;
  file: string;
  bytes: number;
  proof: ExportProof;
  /** missing in files that were written before these were noted; no part of a run's digest */
  facts?: ExportFacts;
}

/** What else is known of an exported file. */
export interface ExportFacts {
  /** of the file, hexadecimal */
  sha256: string;
  /** images in another class; `disagreeing` of the proof lists only the first of them */
  disagreements: number;
  /** convolutions of the file, and how many of them the second runtime computes on integers */
  convolutions: number;
  integerConvolutions: number;
  /** in the second runtime */
  millisecondsPerImage: number;
  /** the images by their largest logit gap; null where nothing was compared */
  gaps: GapHistogram | null;
}

/** Counts of images by log10 of their largest logit gap: equal bins from 10^low to 10^high; what lies beyond is in the outer ones. */
export interface GapHistogram {
  low: number;
  high: number;
  counts: number[];
}

export interface PretrainResult {
  steps: number;
  testAccuracy: number;
}
export interface CalibrateResult {
  /** accuracy before any elastic training: the baseline that the supernet must beat */
  calibrationOnly: GridCell[];
}
/** How far training moved the step sizes of one kind at one bit-width. */
export interface StepDrift {
  granularity: Granularity | 'activation';
  bits: number;
  /** median of final / initial step size */
  ratio: number;
  /** median of |log2(final / initial)| */
  medianOctaves: number;
  /** 90 % quantile of |log2(final / initial)| */
  upperOctaves: number;
}
export interface SupernetResult {
  steps: number;
  /** sha256 of weights, BN parameters and quantizer tables */
  weightsDigest: string;
  stepDrift: StepDrift[];
  layers: { name: string; skewness: number; kurtosis: number }[];
}

/** What a phase gives back, and what it needs from the phases before. */
export interface PhaseResults {
  pretrain: PretrainResult;
  calibrate: CalibrateResult;
  supernet: SupernetResult;
  grid: { cells: GridCell[] };
  sample: { samples: Sample[] };
  predictor: PredictorResult;
  search: SearchPhaseResult;
  measure: { measured: MeasuredCandidate[] };
  export: { exports: ExportResult[] };
}

/** Units that a phase finished before it was interrupted; the worker does the rest. */
export interface PhaseInputs {
  pretrain: object;
  calibrate: object;
  supernet: object;
  grid: { done: GridCell[] };
  sample: { done: Sample[] };
  predictor: { samples: Sample[] };
  search: { samples: Sample[] };
  measure: { candidates: Candidate[]; done: MeasuredCandidate[] };
  export: { candidates: Candidate[]; directory: string };
}

export interface WorkerOptions {
  recipe: Recipe;
  /** the run's folder; the worker writes checkpoints below it */
  runDirectory: string;
  /** the imported networks of the project */
  models?: string;
  /** guards checkpoints; see host/fingerprint */
  fingerprint: string;
  engine: { executor: 'session' | 'eager' | 'portable'; addonPath?: string; opsPath?: string; threads?: number };
}

export interface OpenedInfo {
  layers: LayerFacts[];
  /** where activations are quantized; absent in runs of before it was noted */
  points?: QuantizationPoint[];
  parameters: number;
  images: { train: number; validation: number; test: number };
  dataDigest: string;
  engine: { executor: string; version: string; threads: number | null; gpu: boolean };
}

/** One-off measurement of a hand-written configuration. */
export interface EvaluateRequest {
  configuration: Configuration;
  /** test images; all when left out */
  images?: number;
  /** when set, the configuration is also exported there and proved */
  exportTo?: { format: ExportFormatId; file: string };
}
export interface EvaluateResult extends MeasuredAccuracy {
  costs: Costs;
  interval: [number, number];
  exported: ExportResult | null;
  /** correct answers and images of each class, in class order */
  classes: { correct: number; images: number }[];
}

/** A question that needs neither the engine nor an opened run; answered in milliseconds to a few seconds. */
export type LookRequest =
  | { kind: 'network'; recipe: Recipe; models?: string }
  | {
      kind: 'preview';
      recipe: Recipe;
      split: SplitName;
      offset: number;
      count: number;
      /** only images of this class */
      label?: number;
      /** with the random shift of training applied */
      augmented: boolean;
    }
  | {
      kind: 'layer';
      recipe: Recipe;
      runDirectory: string;
      models?: string;
      layer: string;
      bits: number;
      granularity: Granularity;
      symmetry: Symmetry;
      bins: number;
    }
  | { kind: 'sensitivity'; recipe: Recipe; runDirectory: string; models?: string }
  /** looks at every image of a data set; takes as long as decoding them, and reports progress */
  | {
      kind: 'data';
      data: Recipe['data'];
      /** keep the decoded images in the cache, for the runs to come */
      keep: boolean;
    }
  /** what lies in the cache of decoded images, after one entry or all of them were taken out */
  /** `limit` in bytes, null = the default again */
  | { kind: 'data-cache'; clear?: { key: string } | 'all'; limit?: number | null };

export interface LookResults {
  network: NetworkView;
  preview: DataPreview;
  layer: LayerView;
  /** weights only; activations need the engine */
  sensitivity: SensitivityView;
  data: DataReport;
  'data-cache': DataCacheView;
}

/** CQAP on configurations of the user's own. The predictor is that of the samples, trained at the first request. */
export interface PredictRequest {
  configurations: Configuration[];
  samples: Sample[];
}
export interface PredictResult {
  predicted: number[];
  /** on the held-out samples */
  rmse: number;
}

/** A search for one target on demand. */
export interface SearchRequest {
  weights: number;
  activations: number;
  forms: FormKey[];
  samples: Sample[];
}

/** Reads a network of another program, checks it against its original, and keeps it as a model of a project. */
export interface ImportRequest {
  /** an .onnx file, or the model.json of a TensorFlow.js layers model */
  file: string;
  /** the models folder of the project; made when it is not there */
  folder: string;
  name: string;
  /** (x - mean) / std for each channel of an image in [0, 1], which the original expects to be done before it; one value counts for all channels */
  normalization: { mean: number[]; std: number[] } | null;
}

/** Writes the float network of a project as ONNX, without quantizing anything. */
export interface FloatExportRequest {
  /** a network of `folder`, or the one that the float phase of a run trained; `models` is the folder of its project's networks */
  source: { folder: string; name: string } | { run: string; directory: string; recipe: Recipe; models: string };
  file: string;
}
export interface FloatExportResult {
  file: string;
  bytes: number;
  sha256: string;
  /** the file in ONNX Runtime against the network here */
  check: ImportCheck;
}

/** Where the time of a training step of a recipe goes, on images of noise. */
export interface ProfileRequest {
  /** `supernet.batch` is the batch of both steps */
  recipe: Recipe;
  /** the imported networks of the project */
  models?: string;
  engine: WorkerOptions['engine'];
  repeat: number;
}

export type HostMessage =
  | { type: 'open'; options: WorkerOptions }
  | { [P in Phase]: { type: 'phase'; phase: P; input: PhaseInputs[P] } }[Phase]
  | { type: 'evaluate'; request: EvaluateRequest }
  | { type: 'search'; request: SearchRequest }
  | { type: 'look'; request: LookRequest }
  | { type: 'predict'; request: PredictRequest }
  | { type: 'import-model'; request: ImportRequest }
  | { type: 'export-model'; request: FloatExportRequest }
  | { type: 'profile'; request: ProfileRequest }
  /** signal-to-quantization-noise ratio of every layer, activations included */
  | { type: 'sensitivity' }
  /** hold at the end of the current step, with everything in memory; answered by `paused` */
  | { type: 'pause' }
  /** answered by `resumed` */
  | { type: 'resume' }
  /** write a checkpoint at the end of the current step and go on; answered by `checkpoint` */
  | { type: 'snapshot' }
  /** take the training phase (`pretrain` or `supernet`) for finished after the current step; others end at their next pause as if stopped */
  | { type: 'finish' }
  /** finish the current step, checkpoint, answer `stopped` */
  | { type: 'stop' }
  | { type: 'close' };

export interface Progress {
  phase: Phase | 'data' | 'evaluate' | 'import' | 'profile';
  /** what is being counted, e.g. `step`, `configuration`, `image` */
  unit: string;
  done: number;
  total: number;
  /** short live facts for one line, e.g. `loss 0.31` */
  note?: string;
}

/** One value of a metric series; `step` is the training step or the unit's index. */
export interface MetricPoint {
  series: string;
  step: number;
  value: number;
}

export type WorkerMessage =
  | { type: 'opened'; info: OpenedInfo }
  | { type: 'progress'; progress: Progress }
  | { type: 'metrics'; points: MetricPoint[] }
  | { type: 'log'; text: string }
  /** a finished unit, to be stored at once so that a crash does not lose it */
  | { type: 'unit'; phase: 'grid'; unit: GridCell }
  | { type: 'unit'; phase: 'sample'; unit: Sample }
  | { type: 'unit'; phase: 'measure'; unit: MeasuredCandidate }
  | { [P in Phase]: { type: 'phase-done'; phase: P; result: PhaseResults[P]; seconds: number } }[Phase]
  | { type: 'evaluated'; result: EvaluateResult }
  | { type: 'searched'; result: SearchPhaseResult }
  | { [K in keyof LookResults]: { type: 'looked'; kind: K; result: LookResults[K] } }[keyof LookResults]
  | { type: 'predicted'; result: PredictResult }
  | { type: 'model-imported'; result: ModelFile }
  | { type: 'model-exported'; result: FloatExportResult }
  | { type: 'profiled'; result: StepProfile }
  | { type: 'sensitivity'; result: SensitivityView }
  | { type: 'paused' }
  | { type: 'resumed' }
  /** a checkpoint of a training phase is on disk */
  | { type: 'checkpoint'; phase: Phase; step: number }
  /** what the search looks at, while it runs; at most ten a second */
  | { type: 'search-points'; round: SearchPoints }
  /** about once a second while something runs */
  | { type: 'vitals'; rss: number; tensors: number }
  | { type: 'stopped' }
  | { type: 'failed'; error: ErrorPayload };
