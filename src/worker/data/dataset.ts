import { createHash } from 'node:crypto';

/** Pixels that stay in a file because they do not fit into memory: uint8 NHWC, read image by image. */
export interface StoredPixels {
  readonly path: string;
  /** Place of each image of the set in the file, counted in images. */
  readonly rows: Uint32Array;
}

/** Labelled images of one split. The typed arrays lie on a SharedArrayBuffer, so a thread reads them without a copy. */
export interface ImageSet {
  /** Pixels 0..255, NHWC: count x height x width x channels; empty where they are `stored`. */
  readonly images: Uint8Array;
  readonly stored?: StoredPixels;
  /** Class of each image, 0 .. classes-1. */
  readonly labels: Uint8Array | Int32Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly classes: number;
}

/** A data set as a run sees it. */
export interface DataSplits {
  readonly train: ImageSet;
  readonly validation: ImageSet;
  readonly test: ImageSet;
  /** Name of class i at index i. */
  readonly classNames: string[];
  /** SHA-256 (hex) of shapes, class names, labels and pixels of all splits; part of a run's fingerprint. */
  readonly digest: string;
}

/** Progress of loading: `done` of `total` images are ready. */
export type DataProgress = (done: number, total: number) => void;

/** Zeroed bytes on a SharedArrayBuffer. */
export function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(length));
}

/** Values in one image. */
export function imageSize(set: Pick<ImageSet, 'height' | 'width' | 'channels'>): number {
  return set.height * set.width * set.channels;
}

/** Images `from` .. `to`-1 of a set, as views on the same memory. */
export function sliceSet(set: ImageSet, from: number, to: number): ImageSet {
  const size = imageSize(set);
  const part = { ...set, images: set.images.subarray(from * size, to * size), labels: set.labels.subarray(from, to), count: to - from };
  return set.stored ? { ...part, stored: { ...set.stored, rows: set.stored.rows.subarray(from, to) } } : part;
}

/** The splits with their digest. */
export function withDigest(splits: Omit<DataSplits, 'digest'>): DataSplits {
  const hash = createHash('sha256');
  hash.update(JSON.stringify(splits.classNames));
  for (const set of [splits.train, splits.validation, splits.test]) {
    hash.update(JSON.stringify([set.count, set.height, set.width, set.channels, set.classes]));
    hash.update(Int32Array.from(set.labels));
    hash.update(set.images);
  }
  return { ...splits, digest: hash.digest('hex') };
}
