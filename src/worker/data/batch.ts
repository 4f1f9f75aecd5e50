import { WorkbenchError } from '../../shared/contract/errors.ts';
import { batchShifts, type Augmentation } from './augment.ts';
import { imageSize, type ImageSet } from './dataset.ts';
import { locatePixels, presentImages } from './stored-pixels.ts';

const UNIT = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** Copies one image to `out` at `offset` in [0, 1], moved down by dy and right by dx pixels; uncovered pixels are 0. */
function copyShifted(set: ImageSet, index: number, dy: number, dx: number, out: Float32Array, offset: number): void {
  const { height, width, channels } = set;
  const size = imageSize(set);
  const { bytes: images, at: base } = locatePixels(set, index);
  if (dy === 0 && dx === 0) {
    for (let i = 0; i < size; i++) out[offset + i] = UNIT[images[base + i]];
    return;
  }
  out.fill(0, offset, offset + size);
  const rowFrom = Math.max(0, dx) * channels;
  const rowTo = Math.min(width, width + dx) * channels;
  for (let y = Math.max(0, dy); y < Math.min(height, height + dy); y++) {
    const to = offset + y * width * channels;
    const from = base + ((y - dy) * width - dx) * channels;
    for (let i = rowFrom; i < rowTo; i++) out[to + i] = UNIT[images[from + i]];
  }
}

/** Pixels of consecutive images as float32 in [0, 1]; past the end the first ones again. */
export function imagesAsFloat(set: ImageSet, start: number, count: number, out: Float32Array): void {
  const size = imageSize(set);
  for (let i = 0; i < count; i++) copyShifted(set, (start + i) % set.count, 0, 0, out, i * size);
}

/** Pixels of consecutive images, uint8 NHWC; past the end the first ones again. */
export function copyPixels(set: ImageSet, start: number, count: number, out: Uint8Array): void {
  const size = imageSize(set);
  for (let i = 0; i < count; i++) {
    const { bytes, at } = locatePixels(set, (start + i) % set.count);
    out.set(bytes.subarray(at, at + size), i * size);
  }
}

/**
 * Gathers images into a batch.
 * @param indices   which images; the batch has as many
 * @param out       NHWC, float32 in [0, 1], at least indices.length images long
 * @param labelsOut at least indices.length long
 * @throws WorkbenchError `data-invalid` for an image outside the set, `internal` for an output that is too short
 */
export function fillBatch(
  set: ImageSet,
  indices: ArrayLike<number>,
  out: Float32Array,
  labelsOut: Int32Array,
  augmentation?: Augmentation,
): void {
  const size = imageSize(set);
  if (out.length < indices.length * size || labelsOut.length < indices.length) {
    throw new WorkbenchError(
      'internal',
      `A batch of ${indices.length} images of ${size} values does not fit ${out.length} values and ${labelsOut.length} labels.`,
    );
  }
  const present = presentImages(set);
  const shifts = augmentation && augmentation.shift > 0 ? batchShifts(augmentation, indices.length) : undefined;
  for (let position = 0; position < indices.length; position++) {
    const index = indices[position];
    if (!(index >= 0 && index < present)) {
      throw new WorkbenchError('data-invalid', `Image ${index} was asked for, but the set holds ${present}: load the data set again.`, {
        index,
        present,
      });
    }
    copyShifted(set, index, shifts ? shifts[2 * position] : 0, shifts ? shifts[2 * position + 1] : 0, out, position * size);
    labelsOut[position] = set.labels[index];
  }
}
