import { RandomStream } from '../../../shared/domain/random.ts';
import type { AugmentationKind, AugmentationStep, StepOf } from '../../../shared/schema/augmentations.ts';
import type { ImageChange, ImageShape } from './augmentation.ts';
import { colourJitter } from './colour-jitter.ts';
import { cutout } from './cutout.ts';
import { flip } from './flip.ts';
import { mixup, type MixedLabels } from './mixup.ts';
import { padCrop } from './pad-crop.ts';
import { randomResizedCrop } from './random-resized-crop.ts';

/** Every kind that changes images one by one; mixup works on the whole batch. */
const CHANGES: { readonly [K in Exclude<AugmentationKind, 'mixup'>]: ImageChange<StepOf<K>> } = {
  padCrop,
  randomResizedCrop,
  flip,
  colourJitter,
  cutout,
};

let scratch = new Float32Array(0);
function workspace(values: number): Float32Array {
  if (scratch.length < values) scratch = new Float32Array(values);
  return scratch.subarray(0, values);
}

export const hasMixup = (steps: readonly AugmentationStep[]): boolean => steps.some(({ kind }) => kind === 'mixup');

/**
 * Changes one image as the list says; mixup, which needs a batch, is passed over.
 * @param image HWC, float32 in [0, 1], in place
 */
export function augmentImage(image: Float32Array, shape: ImageShape, steps: readonly AugmentationStep[], random: RandomStream): void {
  const space = workspace(image.length);
  for (const step of steps) {
    if (step.kind === 'mixup') continue;
    (CHANGES[step.kind] as ImageChange<AugmentationStep>)(image, shape, step, random, space);
  }
}

/**
 * Changes the images of one training step. What an image gets depends only on (seed, step, its place in the batch).
 * @param images NHWC, float32 in [0, 1], in place
 * @param mixed  takes the second labels where the list has mixup
 */
export function augmentBatch(
  images: Float32Array,
  labels: Int32Array,
  shape: ImageShape,
  { seed, step, steps }: { seed: number; step: number; steps: readonly AugmentationStep[] },
  mixed?: MixedLabels,
): void {
  const size = shape.height * shape.width * shape.channels;
  for (let place = 0; place < labels.length; place++) {
    const random = new RandomStream(seed, `data/augment/${place}`, step);
    augmentImage(images.subarray(place * size, (place + 1) * size), shape, steps, random);
  }
  const blend = steps.find((entry) => entry.kind === 'mixup');
  if (blend && mixed)
    mixup(images, size, labels, blend, new RandomStream(seed, 'data/mixup', step), mixed, workspace(labels.length * size));
}
