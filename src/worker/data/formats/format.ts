import { WorkbenchError } from '../../../shared/contract/errors.ts';
import type { DataFormatName } from '../../../shared/schema/data-formats.ts';

/** One image as its file has it. */
export type StoredImage =
  | { readonly kind: 'encoded'; readonly bytes: Uint8Array }
  /** Pixels 0..255, HWC. */
  | { readonly kind: 'pixels'; readonly pixels: Uint8Array; readonly height: number; readonly width: number; readonly channels: 1 | 3 };

/** What tells whether a file is still the one that was looked at. */
export interface FileStamp {
  /** relative to the opened path, with `/` */
  readonly name: string;
  readonly bytes: number;
  /** ms since 1970 */
  readonly modified: number;
}

/** Numbers that stand for splits in `ImageIndex.splits`. */
export const SPLIT_CODE = { train: 0, validation: 1, test: 2, none: 3 } as const;

/** The images of a data set with class and split, none of them decoded yet. */
export interface ImageIndex {
  readonly format: DataFormatName;
  readonly count: number;
  /** Name of class i at index i. */
  readonly classNames: readonly string[];
  /** Class of each image. */
  readonly labels: Int32Array;
  /** `SPLIT_CODE` of each image; `none` where the data set names no split. */
  readonly splits: Uint8Array;
  /** Every file that was found, sorted by name. */
  readonly files: readonly FileStamp[];
  /** What people call image i: its path, or its place in a file. */
  name(image: number): string;
  /** @throws WorkbenchError `data-invalid` when the file is gone or cannot be read */
  read(image: number): Promise<StoredImage>;
  /** Gives open files back. */
  close(): Promise<void>;
}

/** A way in which images and their classes lie on a disk. */
export interface DataFormat {
  readonly name: DataFormatName;
  /** Whether a file or folder looks like it; reads a listing or a few bytes. */
  detect(path: string): boolean;
  /** @throws WorkbenchError `data-invalid` with one sentence */
  open(path: string): Promise<ImageIndex>;
}

/** The error of everything that is wrong with data. */
export function invalidData(message: string, path: string, cause?: unknown): WorkbenchError {
  return new WorkbenchError('data-invalid', message, { path }, cause);
}

/**
 * Class names for labels that are plain numbers. Every number up to the largest must occur: a gap is far more often a damaged
 * label than a class without images.
 * @param names from a file beside the data; the numbers themselves when left out
 * @throws WorkbenchError `data-invalid`
 */
export function numberedClasses(labels: ArrayLike<number>, path: string, names?: readonly string[]): string[] {
  let highest = -1;
  let where = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] < 0) throw invalidData(`Label ${i} of ${path} is ${labels[i]}: number the classes 0, 1, 2, ...`, path);
    if (labels[i] > highest) [highest, where] = [labels[i], i];
  }
  if (names) {
    if (highest < names.length) return [...names];
    throw invalidData(
      `Label ${where} of ${path} is ${highest}: ${names.length} classes have labels 0..${names.length - 1}; correct it, or name more classes.`,
      path,
    );
  }
  // more numbers than images leave a gap, however large they are
  const seen = new Uint8Array(Math.min(highest, labels.length) + 1);
  for (let i = 0; i < labels.length; i++) seen[labels[i]] = 1;
  const missing = seen.indexOf(0);
  if (missing < 0) return Array.from({ length: highest + 1 }, (_, label) => String(label));
  throw invalidData(
    `Label ${where} of ${path} is ${highest}, but no image has label ${missing}: number the classes 0, 1, 2, ... without a gap.`,
    path,
  );
}
