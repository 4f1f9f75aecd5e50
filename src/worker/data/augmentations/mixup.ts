import type { RandomStream } from '../../../shared/domain/random.ts';
import type { StepOf } from '../../../shared/schema/augmentations.ts';

/** Of each image of a batch: the second label, and the share of the first. */
export interface MixedLabels {
  readonly labels: Int32Array;
  readonly shares: Float32Array;
}

/** A draw from Gamma(shape, 1): Marsaglia and Tsang (ACM TOMS 2000); shapes below 1 through shape + 1. */
function gamma(shape: number, random: RandomStream): number {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/**
 * Blends each image of a batch with another one of it, labels alike (Zhang et al., ICLR 2018): x = s x_i + (1 - s) x_j with one
 * share s ~ Beta(alpha, alpha) for each pair; the larger share stays with the first image, which gives the same blends.
 * @param images NHWC of the batch, changed in place
 * @param size   values in one image
 */
export function mixup(
  images: Float32Array,
  size: number,
  labels: Int32Array,
  { alpha }: StepOf<'mixup'>,
  random: RandomStream,
  mixed: MixedLabels,
  scratch: Float32Array,
): void {
  const count = labels.length;
  const partners = random.shuffle(Uint32Array.from({ length: count }, (_, i) => i));
  scratch.set(images.subarray(0, count * size));
  for (let i = 0; i < count; i++) {
    const [first, second] = [gamma(alpha, random), gamma(alpha, random)];
    const drawn = first + second > 0 ? first / (first + second) : 1;
    const share = Math.max(drawn, 1 - drawn);
    const other = partners[i];
    mixed.labels[i] = labels[other];
    mixed.shares[i] = share;
    for (let at = 0; at < size; at++) images[i * size + at] = share * scratch[i * size + at] + (1 - share) * scratch[other * size + at];
  }
}
