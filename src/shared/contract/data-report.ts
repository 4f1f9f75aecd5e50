/** What is found out about a data set before anything is trained on it. */
import type { DataFormatName } from '../schema/data-formats.ts';
import type { SplitName } from './look.ts';

export interface DataReport {
  path: string;
  format: DataFormatName;
  /** images found, corrupt ones included */
  images: number;
  classes: string[];
  /** whether the data set names all splits itself, some, or none */
  givenSplits: SplitName[];
  splits: Record<SplitName, { images: number; perClass: number[] }>;
  /** sizes of the images as stored, the most frequent first; at most 12, the rest counted in `otherSizes` */
  sizes: { height: number; width: number; channels: number; images: number }[];
  otherSizes: number;
  /** what training sees */
  target: { height: number; width: number; channels: 1 | 3; resize: 'crop' | 'stretch' };
  /** whether `target` was proposed because the images have different sizes and none was asked for */
  proposed: boolean;
  /** every image that cannot be used; the reason ends a sentence that begins with the name */
  corrupt: { name: string; reason: string }[];
  /** of the training images, for each channel, pixels as 0..1 */
  mean: number[];
  deviation: number[];
  /** images with the same pixels in two splits: accuracy on them is no accuracy */
  duplicates: { between: [SplitName, SplitName]; images: number; examples: [string, string][] }[];
  /** images that occur more than once inside of the training split */
  repeated: number;
  /** one sentence each: what a person should look at */
  warnings: string[];
  /** some training images of every class: base64 of uint8 [image, y, x, channel] */
  samples: { pixels: string; labels: number[] };
  /** of the decoded images */
  bytes: number;
  /** of the splits, as a run will have it; empty while the corrupt images are not dealt with */
  digest: string;
  /** whether the decoded images lie in the cache now */
  cached: boolean;
}

/** The cache of decoded images. Sizes in bytes. */
export interface DataCacheView {
  folder: string;
  limit: number;
  /** who set it: nobody, a person, or the variable EQNET_DATA_CACHE_LIMIT, which wins */
  limitFrom: 'default' | 'person' | 'environment';
  bytes: number;
  /** the one used last first */
  entries: {
    key: string;
    source: string;
    images: number;
    height: number;
    width: number;
    channels: number;
    bytes: number;
    usedAt: number;
  }[];
}

/** A data set that can be fetched from its publisher. */
export interface DownloadView {
  name: string;
  title: string;
  licence: string;
  /** a page about the data and its terms */
  about: string;
  bytes: number;
  files: { name: string; url: string; bytes: number; md5: string }[];
}
