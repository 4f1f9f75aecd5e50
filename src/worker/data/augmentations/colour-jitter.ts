import type { StepOf } from '../../../shared/schema/augmentations.ts';
import type { ImageChange } from './augmentation.ts';

const clamp = (value: number): number => (value < 0 ? 0 : value > 1 ? 1 : value);
const luma = (red: number, green: number, blue: number): number => 0.299 * red + 0.587 * green + 0.114 * blue;

function meanLuma(image: Float32Array, channels: number): number {
  let sum = 0;
  for (let at = 0; at < image.length; at += channels) sum += channels === 3 ? luma(image[at], image[at + 1], image[at + 2]) : image[at];
  return (sum * channels) / image.length;
}

/** Brightness times a factor, then distances from the mean grey, then from each pixel's own grey; factors 1 +- the setting. */
export const colourJitter: ImageChange<StepOf<'colourJitter'>> = (image, { channels }, { brightness, contrast, saturation }, random) => {
  const [bright, steep, vivid] = [brightness, contrast, saturation].map((range) => random.between(1 - range, 1 + range));
  for (let at = 0; at < image.length; at++) image[at] = clamp(image[at] * bright);
  const mean = meanLuma(image, channels);
  for (let at = 0; at < image.length; at++) image[at] = clamp(mean + (image[at] - mean) * steep);
  if (channels !== 3) return;
  for (let at = 0; at < image.length; at += 3) {
    const grey = luma(image[at], image[at + 1], image[at + 2]);
    for (let c = 0; c < 3; c++) image[at + c] = clamp(grey + (image[at + c] - grey) * vivid);
  }
};
