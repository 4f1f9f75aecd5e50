/** The part of an axis that is drawn, in the units of the axis. */
export interface Span {
  from: number;
  to: number;
}

/** Linear change of a stored coordinate into the units of the axis: `x * factor + offset`. */
export interface Transform {
  factor: number;
  offset: number;
}

const SAME: Transform = { factor: 1, offset: 0 };
const NONE = -1;
/** Column left of the drawn span, and column right of it; each holds the one neighbour that a line needs to enter or leave. */
const EDGES = 2;

/**
 * Thins a growing series to at most two points for every pixel column: its lowest and its highest value. Spikes survive,
 * and the drawn line covers the same pixels as the whole series does. Points are added as they arrive; what is already
 * sorted into columns is not looked at again.
 *
 * Steps are expected in ascending order; values that are not finite are gaps.
 */
export class ColumnDecimator {
  private readonly lowest: Int32Array;
  private readonly highest: Int32Array;
  /** columns that hold nothing but gaps so far: index of the first gap */
  private readonly gap: Int32Array;
  private readonly perUnit: number;
  /** newest value inside the span */
  private last = NONE;
  /** how many points were taken in */
  count = 0;

  /**
   * @param span drawn part of the x axis, in its units
   * @param columns width of the plot in pixels, at least 1
   */
  constructor(
    readonly span: Span,
    readonly columns: number,
    private readonly transform: Transform = SAME,
  ) {
    const slots = columns + EDGES;
    this.lowest = new Int32Array(slots).fill(NONE);
    this.highest = new Int32Array(slots).fill(NONE);
    this.gap = new Int32Array(slots).fill(NONE);
    this.perUnit = columns / (span.to - span.from || 1);
  }

  /** Takes in the points from the first that is not yet there up to `length`. */
  append(xs: ArrayLike<number>, ys: ArrayLike<number>, length = ys.length): void {
    const { lowest, highest, gap, perUnit, columns } = this;
    const { factor, offset } = this.transform;
    const { from, to } = this.span;
    for (let i = this.count; i < length; i++) {
      const x = xs[i] * factor + offset;
      const y = ys[i];
      let column: number;
      if (x < from) column = 0;
      else if (x > to) column = columns + 1;
      else column = 1 + Math.min(columns - 1, Math.floor((x - from) * perUnit));
      if (!Number.isFinite(y)) {
        if (gap[column] === NONE) gap[column] = i;
        continue;
      }
      if (column === 0) {
        lowest[0] = highest[0] = i;
        continue;
      }
      if (column <= columns) this.last = i;
      if (lowest[column] === NONE) lowest[column] = highest[column] = i;
      else if (column > columns) continue;
      else if (y < ys[lowest[column]]) lowest[column] = i;
      else if (y >= ys[highest[column]]) highest[column] = i;
    }
    this.count = Math.max(this.count, length);
  }

  /**
   * The points to draw, as x and y in turns; a gap is a point whose y is NaN. At most 2 points a column and one more.
   * @param xs the whole series as it was appended
   */
  points(xs: ArrayLike<number>, ys: ArrayLike<number>): Float64Array {
    const { factor, offset } = this.transform;
    if (this.count <= 2 * this.columns) {
      const all = new Float64Array(this.count * 2);
      let used = 0;
      for (let i = 0; i < this.count; i++) {
        const x = xs[i] * factor + offset;
        if ((x < this.span.from || x > this.span.to) && i !== this.highest[0] && i !== this.highest[this.columns + 1]) continue;
        all[used++] = x;
        all[used++] = Number.isFinite(ys[i]) ? ys[i] : NaN;
      }
      return all.subarray(0, used);
    }
    const out = new Float64Array((this.columns + EDGES) * 4 + 2);
    let used = 0;
    let newest = NONE;
    const put = (i: number, y: number) => {
      out[used++] = xs[i] * factor + offset;
      out[used++] = y;
      newest = i;
    };
    for (let column = 0; column < this.columns + EDGES; column++) {
      const low = this.lowest[column];
      const high = this.highest[column];
      if (low === NONE) {
        if (this.gap[column] !== NONE) put(this.gap[column], NaN);
        continue;
      }
      const first = Math.min(low, high);
      const second = Math.max(low, high);
      put(first, ys[first]);
      if (second !== first) put(second, ys[second]);
    }
    if (this.last > newest) put(this.last, ys[this.last]);
    return out.slice(0, used);
  }
}

/** Index of the last x that is not above `x`, for ascending `xs`; -1 when all are above. */
export function lastAtOrBelow(xs: ArrayLike<number>, x: number, length = xs.length): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
