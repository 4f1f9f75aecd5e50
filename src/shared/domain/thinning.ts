/** Points of one series by ascending step, one column each. NaN = no time, no value. */
export interface CurvePoints {
  steps: Float64Array;
  /** ms since 1970 */
  times: Float64Array;
  values: Float64Array;
}

/** A curve with as many points as a chart can show. */
export interface ThinCurve {
  /** points that it stands for */
  total: number;
  /** points of the series as they are, by ascending step: all of them, or those that keep its shape */
  points: CurvePoints;
  /**
   * Null where `points` are all. Else the series cut into groups of neighbours: mean step, time and value of each, NaN where
   * none is finite, and the count of all its points.
   */
  means: (CurvePoints & { counts: Uint32Array }) | null;
}

/** Groups that are at least as fine as the columns of a plot on a common screen. */
export const CURVE_GROUPS = 512;
/** Newest points that stay as they are: the end of a curve is read off, and goes on point by point. */
export const TAIL_POINTS = 64;

/** Most points for which nothing is left out. */
export const exactUpTo = (groups: number): number => 2 * groups + TAIL_POINTS;

/**
 * Thins a series: of each group of neighbours the lowest and the highest point stay, so that no peak is lost, besides the
 * first point of all and the newest ones. Groups have the same count of points, but for one more or less; values that are not
 * finite are in no mean and are no peak, and a group of nothing else keeps its first point, which is a gap.
 * @param groups at least 1
 */
export function thinned(points: CurvePoints, groups = CURVE_GROUPS): ThinCurve {
  const total = points.steps.length;
  if (total <= exactUpTo(groups)) return { total, points, means: null };
  const head = total - TAIL_POINTS;
  const kept: number[] = [0];
  const means = columns(groups + TAIL_POINTS);
  const counts = new Uint32Array(groups + TAIL_POINTS).fill(1);
  for (let group = 0; group < groups; group++) {
    const from = Math.floor((group * head) / groups);
    const to = Math.floor(((group + 1) * head) / groups);
    const { lowest, highest } = summarize(points, from, to, means, group);
    counts[group] = to - from;
    for (const at of lowest < highest ? [lowest, highest] : [highest, lowest]) if (at > kept[kept.length - 1]) kept.push(at);
  }
  for (let at = head; at < total; at++) {
    kept.push(at);
    summarize(points, at, at + 1, means, groups + at - head);
  }
  return { total, points: pick(points, kept), means: { ...means, counts } };
}

/** Writes the means of a group. @returns the places of its lowest and highest value, of its first point where none is finite */
function summarize({ steps, times, values }: CurvePoints, from: number, to: number, means: CurvePoints, group: number) {
  let [lowest, highest] = [from, from];
  let [count, step, time, value] = [0, 0, 0, 0];
  for (let at = from; at < to; at++) {
    step += steps[at] - steps[from];
    time += times[at] - times[from];
    const here = values[at];
    if (!Number.isFinite(here)) continue;
    if (count === 0) lowest = highest = at;
    else if (here < values[lowest]) lowest = at;
    else if (here > values[highest]) highest = at;
    value += here;
    count++;
  }
  means.steps[group] = steps[from] + step / (to - from);
  means.times[group] = times[from] + time / (to - from);
  means.values[group] = count > 0 ? value / count : Number.NaN;
  return { lowest, highest };
}

const columns = (count: number): CurvePoints => ({
  steps: new Float64Array(count),
  times: new Float64Array(count),
  values: new Float64Array(count),
});

function pick(points: CurvePoints, places: readonly number[]): CurvePoints {
  const of = (column: Float64Array) => Float64Array.from(places, (at) => column[at]);
  return { steps: of(points.steps), times: of(points.times), values: of(points.values) };
}

/** Index of the first step that is not below `step`, in ascending steps; their count where all are. */
function firstNotBelow(steps: ArrayLike<number>, step: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The points from one step to another, both included, with one more behind them, so that a line leaves the range, and some
 * before them, because smoothing remembers what came before.
 */
export function between({ steps, times, values }: CurvePoints, range: { from: number; to: number }, before: number): CurvePoints {
  const from = Math.max(0, firstNotBelow(steps, range.from) - before);
  let to = firstNotBelow(steps, range.to);
  if (steps[to] === range.to) to++;
  const end = Math.max(from, Math.min(steps.length, to + 1));
  return { steps: steps.subarray(from, end), times: times.subarray(from, end), values: values.subarray(from, end) };
}
