/**
 * Statistics of accuracies and predictions. A function returns null where the number has no meaning: too few values, no
 * variance, or a value that is not finite (a predictor that diverged or collapsed to a constant).
 */
type Values = ArrayLike<number>;

/** 97.5 % point of the standard normal distribution, for two-sided 95 % intervals. */
const Z95 = 1.959963984540054;

export interface Interval {
  low: number;
  high: number;
}

function usablePairs(x: Values, y: Values): boolean {
  if (x.length !== y.length) throw new RangeError(`Paired values must be equally many, not ${x.length} and ${y.length}.`);
  for (let i = 0; i < x.length; i++) if (!Number.isFinite(x[i]) || !Number.isFinite(y[i])) return false;
  return x.length >= 2;
}

function constant(values: Values): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

/** Arithmetic mean; null when there is no value or one is not finite. */
export function mean(values: Values): number | null {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return values.length > 0 && Number.isFinite(sum) ? sum / values.length : null;
}

/** Sample standard deviation (n - 1); null for fewer than two values. */
export function standardDeviation(values: Values): number | null {
  const centre = mean(values);
  if (centre === null || values.length < 2) return null;
  if (constant(values)) return 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - centre) ** 2;
  return Math.sqrt(sum / (values.length - 1));
}

/** Root of the mean squared difference. */
export function rmse(x: Values, y: Values): number | null {
  if (!usablePairs(x, y) && x.length !== 1) return null;
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] - y[i]) ** 2;
  const result = Math.sqrt(sum / x.length);
  return Number.isFinite(result) ? result : null;
}

/** Pearson correlation, -1..1. */
export function pearson(x: Values, y: Values): number | null {
  if (!usablePairs(x, y) || constant(x) || constant(y)) return null;
  const mx = mean(x)!;
  const my = mean(y)!;
  let sxx = 0;
  let syy = 0;
  let sxy = 0;
  for (let i = 0; i < x.length; i++) {
    const dx = x[i] - mx;
    const dy = y[i] - my;
    sxx += dx * dx;
    syy += dy * dy;
    sxy += dx * dy;
  }
  const scale = Math.sqrt(sxx) * Math.sqrt(syy);
  return scale > 0 ? Math.max(-1, Math.min(1, sxy / scale)) : null;
}

/** Pairs within runs of equal neighbours. */
function tiedPairs(length: number, equalToPrevious: (index: number) => boolean): number {
  let pairs = 0;
  let run = 0;
  for (let i = 1; i < length; i++) {
    run = equalToPrevious(i) ? run + 1 : 0;
    pairs += run;
  }
  return pairs;
}

/** Sorts in place by merging; returns the number of inversions (pairs that stood in the wrong order). */
function countInversions(values: Float64Array): number {
  let source: Float64Array = values;
  let target: Float64Array = new Float64Array(values.length);
  let inversions = 0;
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const middle = Math.min(start + width, values.length);
      const end = Math.min(start + 2 * width, values.length);
      for (let i = start, j = middle, k = start; k < end; k++) {
        if (i < middle && (j >= end || source[i] <= source[j])) target[k] = source[i++];
        else {
          target[k] = source[j++];
          inversions += middle - i;
        }
      }
    }
    [source, target] = [target, source];
  }
  if (source !== values) values.set(source);
  return inversions;
}

/**
 * Kendall rank correlation tau-b with exact treatment of ties, in O(n log n) (Knight, "A computer method for calculating
 * Kendall's tau with ungrouped data", 1966).
 */
export function kendallTauB(x: Values, y: Values): number | null {
  if (!usablePairs(x, y) || constant(x) || constant(y)) return null;
  const n = x.length;
  const order = Uint32Array.from({ length: n }, (_, index) => index).sort((i, j) => x[i] - x[j] || y[i] - y[j]);
  const sortedY = Float64Array.from(order, (index) => y[index]);
  const tiesX = tiedPairs(n, (i) => x[order[i]] === x[order[i - 1]]);
  const tiesBoth = tiedPairs(n, (i) => x[order[i]] === x[order[i - 1]] && y[order[i]] === y[order[i - 1]]);
  const discordant = countInversions(sortedY);
  const tiesY = tiedPairs(n, (i) => sortedY[i] === sortedY[i - 1]);
  const pairs = (n * (n - 1)) / 2;
  const untiedX = pairs - tiesX;
  const untiedY = pairs - tiesY;
  const difference = pairs - tiesX - tiesY + tiesBoth - 2 * discordant;
  return difference / (untiedX === untiedY ? untiedX : Math.sqrt(untiedX) * Math.sqrt(untiedY));
}

/** 95 % Wilson score interval of an accuracy, as shares 0..1; null without images. */
export function wilsonInterval(correct: number, images: number): Interval | null {
  if (!(images > 0)) return null;
  const share = correct / images;
  const z2 = (Z95 * Z95) / images;
  const centre = (share + z2 / 2) / (1 + z2);
  const half = (Z95 * Math.sqrt((share * (1 - share) + z2 / 4) / images)) / (1 + z2);
  return { low: correct <= 0 ? 0 : centre - half, high: correct >= images ? 1 : centre + half };
}

/** P(|T| < t) of Student's t with whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4). */
function studentCentralProbability(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const cos2 = Math.cos(angle) ** 2;
  const odd = freedom % 2 === 1;
  let term = odd ? Math.cos(angle) : 1;
  let sum = 0;
  for (let k = odd ? 1 : 0; k <= freedom - 2; k += 2) {
    sum += term;
    term *= (cos2 * (k + 1)) / (k + 2);
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}

/** 97.5 % point of Student's t: the factor of a two-sided 95 % interval. @param freedom whole number >= 1 */
export function studentFactor95(freedom: number): number {
  // Beyond 200 the first Cornish-Fisher term is exact to 1e-5.
  if (freedom > 200) return Z95 + (Z95 ** 3 + Z95) / (4 * freedom);
  let low = Z95;
  let high = 13;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (studentCentralProbability(middle, freedom) < 0.95) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Mean of the paired differences `a[i] - b[i]` with its 95 % Student interval: for seeds (a value each), or for the same
 * images (1 = correct, 0 = wrong). Null for fewer than two pairs.
 */
export function pairedDifference(a: Values, b: Values): (Interval & { mean: number }) | null {
  if (!usablePairs(a, b)) return null;
  const differences = Float64Array.from({ length: a.length }, (_, index) => a[index] - b[index]);
  const centre = mean(differences)!;
  const half = (studentFactor95(a.length - 1) * standardDeviation(differences)!) / Math.sqrt(a.length);
  return { mean: centre, low: centre - half, high: centre + half };
}

/** Whether no value is NaN or infinite. A plain loop: over millions of weights `every` takes many times as long. */
export function allFinite(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
