import { createHash } from 'node:crypto';
import { WorkbenchError } from '../../../shared/contract/errors.ts';
import { invalidData, type ImageIndex } from '../formats/format.ts';
import { decodeImage, sizeOf, UnusableImage, type ImageSize, type ImageTarget } from '../image/decode.ts';
import { mixedSizes, type FoundTarget } from './target.ts';

/** Images read and decoded side by side; the decoder works on four threads. */
const WINDOW = 16;

/** Bytes of the hash of an image: the beginning of the SHA-256 of its pixels. */
export const HASH_BYTES = 16;

/** An image that cannot be used, with the reason as the end of a sentence: `is truncated: its end is missing`. */
export interface CorruptImage {
  name: string;
  reason: string;
}

/** What is known of the usable images of a data set, in the order of the data set, once they are decoded. */
export interface DecodedFacts {
  readonly target: ImageTarget;
  readonly classNames: readonly string[];
  /** Images that can be used. */
  readonly count: number;
  readonly labels: Int32Array;
  /** `SPLIT_CODE` of each */
  readonly splits: Uint8Array;
  /** place of each in the list of all images */
  readonly places: Uint32Array;
  /** `HASH_BYTES` of each */
  readonly hashes: Uint8Array;
  /** mean, then mean square of each channel of each image, pixels as 0..1 */
  readonly moments: Float32Array;
  readonly corrupt: readonly CorruptImage[];
  /** sizes of the images as stored, the most frequent first */
  readonly sizes: readonly SizeCount[];
}

/** How many images have a size. */
export interface SizeCount extends ImageSize {
  images: number;
}

/** Values in one image of a target. */
export const valuesOf = ({ height, width, channels }: ImageTarget): number => height * width * channels;

type Outcome = { pixels: Uint8Array; size: ImageSize } | { reason: string };

async function decodeOne(index: ImageIndex, image: number, target: FoundTarget, first: { name: string } & ImageTarget): Promise<Outcome> {
  try {
    const stored = await index.read(image);
    const size = sizeOf(stored);
    if (target.exact && (size.height !== target.height || size.width !== target.width)) throw mixedSizes(first.name, first, size);
    return { pixels: await decodeImage(stored, target), size };
  } catch (error) {
    if (error instanceof UnusableImage) return { reason: error.message };
    throw error;
  }
}

function channelMoments(pixels: Uint8Array, channels: number, out: Float32Array, offset: number): void {
  const sums = new Float64Array(2 * channels);
  for (let at = 0; at < pixels.length; at += channels)
    for (let c = 0; c < channels; c++) {
      const value = pixels[at + c];
      sums[c] += value;
      sums[channels + c] += value * value;
    }
  const count = pixels.length / channels;
  for (let c = 0; c < channels; c++) {
    out[offset + c] = sums[c] / (255 * count);
    out[offset + channels + c] = sums[channels + c] / (255 * 255 * count);
  }
}

/**
 * Decodes every image of a data set, one after the other.
 * @param path for sentences
 * @param keep is given the pixels of each usable image, in order
 * @param between called after every few images with (looked at, in all); what it throws ends the work
 * @throws WorkbenchError `data-invalid` when images have different sizes and none was asked for, or none can be used
 */
export async function decodeAll(
  index: ImageIndex,
  target: FoundTarget,
  path: string,
  keep: (pixels: Uint8Array) => void,
  between: (done: number, total: number) => void | Promise<void> = () => undefined,
): Promise<DecodedFacts> {
  const { channels } = target;
  const labels = new Int32Array(index.count);
  const splits = new Uint8Array(index.count);
  const places = new Uint32Array(index.count);
  const hashes = new Uint8Array(index.count * HASH_BYTES);
  const moments = new Float32Array(index.count * 2 * channels);
  const corrupt: CorruptImage[] = [];
  const sizes = new Map<string, SizeCount>();
  const first = { name: path, ...target };
  let count = 0;
  for (let start = 0; start < index.count; start += WINDOW) {
    const end = Math.min(start + WINDOW, index.count);
    const outcomes = await Promise.all(Array.from({ length: end - start }, (_, i) => decodeOne(index, start + i, target, first)));
    for (const [i, outcome] of outcomes.entries()) {
      const image = start + i;
      if ('reason' in outcome) {
        corrupt.push({ name: index.name(image), reason: outcome.reason });
        continue;
      }
      keep(outcome.pixels);
      const { height, width, channels: own } = outcome.size;
      const key = `${height}x${width}x${own}`;
      const counted = sizes.get(key);
      if (counted) counted.images++;
      else sizes.set(key, { height, width, channels: own, images: 1 });
      labels[count] = index.labels[image];
      splits[count] = index.splits[image];
      places[count] = image;
      hashes.set(createHash('sha256').update(outcome.pixels).digest().subarray(0, HASH_BYTES), count * HASH_BYTES);
      channelMoments(outcome.pixels, channels, moments, count * 2 * channels);
      count++;
    }
    await between(end, index.count);
  }
  if (!count) {
    const [worst] = corrupt;
    throw invalidData(
      worst
        ? `None of the ${index.count} images in ${path} can be used; the first, ${worst.name}, ${worst.reason}.`
        : `${path} holds no images.`,
      path,
    );
  }
  return {
    target,
    classNames: index.classNames,
    count,
    labels: labels.slice(0, count),
    splits: splits.slice(0, count),
    places: places.slice(0, count),
    hashes: hashes.slice(0, count * HASH_BYTES),
    moments: moments.slice(0, count * 2 * channels),
    corrupt,
    sizes: [...sizes.values()].sort((a, b) => b.images - a.images),
  };
}

/** Makes sure that no image is left out unless the recipe says so. @throws WorkbenchError `data-invalid` */
export function requireWhole(facts: Pick<DecodedFacts, 'corrupt' | 'count'>, skipCorrupt: boolean, path: string): void {
  const { corrupt } = facts;
  if (!corrupt.length || skipCorrupt) return;
  const [{ name, reason }] = corrupt;
  const others = corrupt.length === 1 ? 'it is the only one' : `${corrupt.length} images are unusable in all`;
  throw new WorkbenchError(
    'data-invalid',
    `${name} in ${path} ${reason} (${others} of ${facts.count + corrupt.length}): mend or remove them, or leave them out with data.skipCorrupt.`,
    { path, corrupt },
  );
}
