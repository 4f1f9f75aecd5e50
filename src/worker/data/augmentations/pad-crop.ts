import type { StepOf } from '../../../shared/schema/augmentations.ts';
import type { ImageChange } from './augmentation.ts';

/** A border of black pixels, and a window of the old size at a random place (He et al., CVPR 2016, section 4.2). */
export const padCrop: ImageChange<StepOf<'padCrop'>> = (image, { height, width, channels }, { pixels }, random, scratch) => {
  const down = random.integer(2 * pixels + 1) - pixels;
  const right = random.integer(2 * pixels + 1) - pixels;
  if (down === 0 && right === 0) return;
  scratch.set(image);
  image.fill(0);
  const from = Math.max(0, right);
  const to = Math.min(width, width + right);
  if (to <= from) return;
  for (let y = Math.max(0, down); y < Math.min(height, height + down); y++) {
    const at = ((y - down) * width + from - right) * channels;
    image.set(scratch.subarray(at, at + (to - from) * channels), (y * width + from) * channels);
  }
};
