/** What every export format offers: writing an integer view, and proving the file in another runtime. */
import type { GapHistogram } from '../../shared/contract/job-protocol.ts';
import type { IntegerView } from '../quant/integer-view.ts';

export interface ExportOptions {
  /** Version of the workbench, written into the file. */
  producerVersion: string;
}

export interface ExportedFile {
  /** The model. */
  file: string;
  /** JSON description beside it. */
  sideCar: string;
  bytes: number;
  /** SHA-256 of the model, hexadecimal. Equal views give equal digests. */
  sha256: string;
}

/** The images that a file is proven on. */
export interface ProofData {
  count: number;
  shape: readonly [height: number, width: number, channels: number];
  /** Pixels in [0, 1] of images start .. end-1, NHWC. */
  images(start: number, end: number): Float32Array;
  /** Class of every image. */
  labels: ArrayLike<number>;
  /** What the workbench itself computes for them: count x classes, row by row. */
  logits?: Float32Array;
}

export interface ProofOptions {
  /** Images of one call, 100 when left out. */
  batch?: number;
  /** Threads of the other runtime; its own choice when left out. */
  threads?: number;
  onProgress?: (done: number, total: number) => void;
  /** Ends the proof between two batches with a WorkbenchError (stopped). */
  signal?: AbortSignal;
}

/** The file against the workbench, image by image. */
export interface LogitComparison {
  /** Largest and mean |logit of the file - logit of the workbench|. */
  maxGap: number;
  meanGap: number;
  /** Largest |logit of the workbench|, the scale of the gaps. */
  maxLogit: number;
  /** Share of images with the same top-1 class, 0..1. */
  agreement: number;
  /** Number of images with another top-1 class, and the first of them. */
  disagreements: number;
  firstDisagreements: number[];
  /** Top-1 accuracy of the workbench's logits, 0..1. */
  accuracy: number;
}

export interface ExportProof {
  runtime: string;
  runtimeVersion: string;
  images: number;
  /** Top-1 accuracy of the file, 0..1. */
  accuracy: number;
  comparison?: LogitComparison;
  /** The images by their largest gap, where `comparison` is given. */
  gaps?: GapHistogram;
  /** Convolutions of the file, and how many of them the runtime computes on integers. */
  convolutions: number;
  integerConvolutions: number;
  fileBytes: number;
  /** Time inside the runtime, without preparing the images. */
  millisecondsPerImage: number;
}

export interface ExportFormat {
  id: string;
  title: string;
  /** With the dot. */
  extension: string;
  write(view: IntegerView, file: string, options: ExportOptions): Promise<ExportedFile>;
  verify(file: string, data: ProofData, options?: ProofOptions): Promise<ExportProof>;
}
