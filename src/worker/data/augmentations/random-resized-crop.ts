import type { StepOf } from '../../../shared/schema/augmentations.ts';
import type { ImageChange } from './augmentation.ts';

/** Cuts that are tried before the largest one of the image's own shape is taken. */
const TRIES = 10;

/**
 * A window of random area and shape, scaled back to the whole image bilinearly (Szegedy et al., CVPR 2015: 8..100 % of the
 * area, sides 3:4 to 4:3, their logarithm uniform). There it is cut from the stored image; here from the decoded one, which
 * has the size of training: cutting from larger ones would take several times the cache and the memory.
 */
export const randomResizedCrop: ImageChange<StepOf<'randomResizedCrop'>> = (image, shape, { scaleMin, ratioMax }, random, scratch) => {
  const { height, width, channels } = shape;
  let [cutHeight, cutWidth] = [height, width];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const area = height * width * random.between(scaleMin, 1);
    const ratio = Math.exp(random.between(-Math.log(ratioMax), Math.log(ratioMax)));
    const [h, w] = [Math.sqrt(area / ratio), Math.sqrt(area * ratio)];
    if (h > height || w > width) continue;
    [cutHeight, cutWidth] = [Math.max(1, Math.round(h)), Math.max(1, Math.round(w))];
    break;
  }
  const top = random.integer(height - cutHeight + 1);
  const left = random.integer(width - cutWidth + 1);
  scratch.set(image);
  for (let y = 0; y < height; y++) {
    // pixel centres are mapped onto pixel centres; the cut's border pixels are repeated outwards
    const sourceY = Math.min(cutHeight - 1, Math.max(0, ((y + 0.5) * cutHeight) / height - 0.5));
    const above = Math.floor(sourceY);
    const below = Math.min(cutHeight - 1, above + 1);
    const down = sourceY - above;
    for (let x = 0; x < width; x++) {
      const sourceX = Math.min(cutWidth - 1, Math.max(0, ((x + 0.5) * cutWidth) / width - 0.5));
      const before = Math.floor(sourceX);
      const behind = Math.min(cutWidth - 1, before + 1);
      const right = sourceX - before;
      const upper = ((top + above) * width + left) * channels;
      const lower = ((top + below) * width + left) * channels;
      for (let c = 0; c < channels; c++) {
        const first = before * channels + c;
        const second = behind * channels + c;
        const high = scratch[upper + first] * (1 - right) + scratch[upper + second] * right;
        const low = scratch[lower + first] * (1 - right) + scratch[lower + second] * right;
        image[(y * width + x) * channels + c] = high * (1 - down) + low * down;
      }
    }
  }
};
