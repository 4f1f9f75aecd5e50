import { openSync, readSync } from 'node:fs';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { imageSize, type ImageSet } from './dataset.ts';

/** Files that this thread reads from; few, and open until it ends. */
const files = new Map<string, number>();

function fileOf(path: string): number {
  const known = files.get(path);
  if (known !== undefined) return known;
  try {
    const file = openSync(path, 'r');
    files.set(path, file);
    return file;
  } catch (error) {
    throw gone(path, error);
  }
}

function gone(path: string, cause?: unknown): WorkbenchError {
  return new WorkbenchError(
    'data-invalid',
    `The decoded images in ${path} cannot be read any more: was the cache cleared? Run again with --resume, and they are decoded anew.`,
    { path },
    cause,
  );
}

let scratch = new Uint8Array(0);

/**
 * Where the pixels of an image are: an array and a place in it, valid until the next call on this thread.
 * @throws WorkbenchError `data-invalid` when the file that holds them is gone
 */
export function locatePixels(set: ImageSet, index: number): { bytes: Uint8Array; at: number } {
  const size = imageSize(set);
  if (!set.stored) return { bytes: set.images, at: index * size };
  const { path, rows } = set.stored;
  if (scratch.length < size) scratch = new Uint8Array(size);
  if (readSync(fileOf(path), scratch, 0, size, rows[index] * size) !== size) throw gone(path);
  return { bytes: scratch, at: 0 };
}

/** Images of a set whose pixels are really there. */
export function presentImages(set: ImageSet): number {
  const pixels = set.stored ? set.stored.rows.length : Math.floor(set.images.length / imageSize(set));
  return Math.min(set.count, set.labels.length, pixels);
}
