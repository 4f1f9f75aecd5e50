/** One metric series of a run in growing typed arrays, fed by blocks of the host. */
import type { CurveBlock, MetricBlock } from '../../shared/contract/api/views.ts';
import { GrowingColumns } from './growing-columns.ts';

/** Neighbours of a series, taken together: mean step, time and value of each group, and how many points it has. */
export interface MeansView {
  steps: Float64Array;
  times: Float64Array;
  values: Float32Array;
  counts: Uint32Array;
}

/** Views on what is there now; valid until the series grows again. */
export interface SeriesView {
  /** points that are here */
  count: number;
  /** points that they stand for */
  total: number;
  /** training step, or the index of the unit */
  steps: Float64Array;
  /** ms since 1970 */
  times: Float64Array;
  /** NaN = no value */
  values: Float32Array;
  /** what smoothing goes by where points were left out; null where every point is here */
  means: MeansView | null;
  /** tells apart what has other points of the same steps in it; left out where there is nothing finer than was loaded first */
  serial?: number;
}

export const NO_SERIES: SeriesView = {
  count: 0,
  total: 0,
  steps: new Float64Array(),
  times: new Float64Array(),
  values: new Float32Array(),
  means: null,
};

/** A browser's own decoder is ten times faster, where there is one. */
const decoder = Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };

function bytesOf(base64: string): ArrayBuffer {
  if (decoder.fromBase64) return decoder.fromBase64(base64).buffer;
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes.buffer;
}

type Columns = Omit<MetricBlock, 'series'>;

function stepsOf({ steps, count }: Columns): Float64Array {
  if (typeof steps === 'string') return new Float64Array(bytesOf(steps));
  const all = new Float64Array(count);
  for (let index = 0; index < count; index++) all[index] = steps.first + index * steps.stride;
  return all;
}

const decoded = (block: Columns) => ({
  steps: stepsOf(block),
  times: new Float64Array(bytesOf(block.times)),
  values: new Float32Array(bytesOf(block.values)),
});

export class MetricSeries {
  private readonly points = new GrowingColumns();
  private readonly means: GrowingColumns | null = null;
  /** points that were left out of `points` */
  private leftOut = 0;

  /** @param curve what the host sent of it; nothing yet without one */
  constructor(curve?: CurveBlock) {
    if (!curve) return;
    this.points.append(decoded(curve));
    if (!curve.means) return;
    this.leftOut = curve.total - curve.count;
    this.means = new GrowingColumns();
    this.means.append({ ...decoded(curve.means), counts: new Uint32Array(bytesOf(curve.means.counts)) });
  }

  /**
   * Adds a block behind what is there. Where it goes back to an earlier step (a resumed run repeats steps; a piece that came
   * live is part of a later whole), the points from that step on are replaced.
   * @returns whether any were
   */
  append(block: MetricBlock): boolean {
    const more = decoded(block);
    const length = Math.min(more.steps.length, more.times.length, more.values.length);
    if (length === 0) return false;
    const removed = this.points.cutFrom(more.steps[0]).rows;
    if (this.means) {
      this.leftOut = Math.max(0, this.leftOut - (this.means.cutFrom(more.steps[0]).points - removed));
      this.means.append(more, length);
    }
    this.points.append(more, length);
    return removed > 0;
  }

  view(): SeriesView {
    const { steps, times, values } = this.points.view();
    const count = steps.length;
    return { count, total: count + this.leftOut, steps, times, values, means: this.means?.view() ?? null };
  }
}
