import type { StepOf } from '../../../shared/schema/augmentations.ts';
import type { ImageChange } from './augmentation.ts';

/** A black square whose centre lies anywhere; what sticks out is cut off (DeVries and Taylor, arXiv 1708.04552). */
export const cutout: ImageChange<StepOf<'cutout'>> = (image, { height, width, channels }, { size }, random) => {
  const top = random.integer(height) - (size >> 1);
  const left = random.integer(width) - (size >> 1);
  const from = Math.max(0, left);
  const to = Math.min(width, left + size);
  for (let y = Math.max(0, top); y < Math.min(height, top + size); y++)
    image.fill(0, (y * width + from) * channels, (y * width + to) * channels);
};
