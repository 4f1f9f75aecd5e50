import type { MixedLabels } from './augmentations/mixup.ts';

/**
 * What a training step is fed as labels.
 * @param mixed the other labels and the shares of the first, where images were blended in pairs
 * @param into  taken for the result; [batch, classes]
 * @returns probabilities of the classes, [batch, classes]: one-hot, or the two labels of a blend with their shares
 */
export function targetRows(
  { labels, mixed }: { readonly labels: Int32Array; readonly mixed?: MixedLabels },
  classes: number,
  into: Float32Array = new Float32Array(labels.length * classes),
): Float32Array {
  into.fill(0);
  for (let i = 0; i < labels.length; i++) {
    const share = mixed ? mixed.shares[i] : 1;
    into[i * classes + labels[i]] += share;
    if (mixed) into[i * classes + mixed.labels[i]] += 1 - share;
  }
  return into;
}
