import type { SplitName } from '../../shared/contract/look.ts';
import type { ImageSet } from './dataset.ts';

/** Labels of a split, and its images one by one. */
export interface PreviewSplit {
  labels: ImageSet['labels'];
  /** a set of one image */
  image(index: number): ImageSet | Promise<ImageSet>;
}

/** A data set of which only the images that are looked at are made. */
export interface DataPreviewSource {
  splits: Readonly<Record<SplitName, PreviewSplit>>;
  /** as `DataSplits.digest`; empty where it would take all images */
  digest: string;
}
