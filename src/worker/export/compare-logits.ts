/** Accuracy and agreement of two sets of logits; the same for every export format. */
import type { GapHistogram } from '../../shared/contract/job-protocol.ts';
import { argmax, top1 } from '../../shared/domain/top1.ts';
import type { LogitComparison } from './format.ts';

const LISTED_DISAGREEMENTS = 20;

/** Compares the logits of an exported file with those of the workbench (both count x classes). */
export function compareLogits(
  file: Float32Array,
  app: Float32Array,
  labels: ArrayLike<number>,
  count: number,
  classes: number,
): LogitComparison {
  let maxGap = 0;
  let sum = 0;
  let maxLogit = 0;
  for (let i = 0; i < count * classes; i++) {
    const difference = Math.abs(file[i] - app[i]);
    // A NaN on either side is the worst gap there is, and JSON could not even write it.
    const gap = Number.isNaN(difference) ? Infinity : difference;
    maxGap = Math.max(maxGap, gap);
    sum += gap;
    maxLogit = Math.max(maxLogit, Math.abs(app[i]));
  }
  let disagreements = 0;
  const firstDisagreements: number[] = [];
  for (let i = 0; i < count; i++) {
    if (argmax(file, i * classes, classes) === argmax(app, i * classes, classes)) continue;
    disagreements++;
    if (firstDisagreements.length < LISTED_DISAGREEMENTS) firstDisagreements.push(i);
  }
  return {
    maxGap,
    meanGap: sum / (count * classes),
    maxLogit,
    agreement: (count - disagreements) / count,
    disagreements,
    firstDisagreements,
    accuracy: top1(app, labels, classes),
  };
}

const GAP_LOW = -8;
const GAP_HIGH = 1;
const GAP_BINS = 54;

/** Images by the log10 of their largest logit gap (both count x classes), see `GapHistogram`. */
export function gapHistogram(file: Float32Array, app: Float32Array, count: number, classes: number): GapHistogram {
  const counts = Array.from({ length: GAP_BINS }, () => 0);
  for (let i = 0; i < count; i++) {
    let gap = 0;
    for (let c = i * classes; c < (i + 1) * classes; c++) {
      const difference = Math.abs(file[c] - app[c]);
      gap = Number.isNaN(difference) ? Infinity : Math.max(gap, difference);
    }
    const place = Math.floor(((Math.log10(gap) - GAP_LOW) / (GAP_HIGH - GAP_LOW)) * GAP_BINS);
    counts[Math.min(GAP_BINS - 1, Math.max(0, place))]++;
  }
  return { low: GAP_LOW, high: GAP_HIGH, counts };
}
