import type { StepOf } from '../../../shared/schema/augmentations.ts';
import type { ImageChange } from './augmentation.ts';

/** Left becomes right, in a share of the images. */
export const flip: ImageChange<StepOf<'flip'>> = (image, { height, width, channels }, settings, random) => {
  if (random.uniform() >= settings.share) return;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width >> 1; x++)
      for (let c = 0; c < channels; c++) {
        const left = (y * width + x) * channels + c;
        const right = (y * width + width - 1 - x) * channels + c;
        const value = image[left];
        image[left] = image[right];
        image[right] = value;
      }
};
