const START = 256;

interface Rows {
  steps: Float64Array;
  times: Float64Array;
  values: Float32Array;
  /** points that each row stands for; one each where it is left out */
  counts?: Uint32Array;
}

/** Rows by ascending step in typed arrays, which double where they are full. */
export class GrowingColumns {
  private count = 0;
  private steps = new Float64Array(START);
  private times = new Float64Array(START);
  private values = new Float32Array(START);
  private counts = new Uint32Array(START);

  /** Adds the first `length` of some rows. */
  append({ steps, times, values, counts }: Rows, length = steps.length): void {
    const to = this.count + length;
    this.reserve(to);
    this.steps.set(steps.subarray(0, length), this.count);
    this.times.set(times.subarray(0, length), this.count);
    this.values.set(values.subarray(0, length), this.count);
    if (counts) this.counts.set(counts.subarray(0, length), this.count);
    else this.counts.fill(1, this.count, to);
    this.count = to;
  }

  /** Takes away the rows from a step on. @returns how many they were, and how many points they stood for */
  cutFrom(step: number): { rows: number; points: number } {
    let [rows, points] = [0, 0];
    while (this.count > 0 && this.steps[this.count - 1] >= step) {
      points += this.counts[--this.count];
      rows++;
    }
    return { rows, points };
  }

  /** What is there now; valid until it grows again. */
  view(): Required<Rows> {
    const { count } = this;
    return {
      steps: this.steps.subarray(0, count),
      times: this.times.subarray(0, count),
      values: this.values.subarray(0, count),
      counts: this.counts.subarray(0, count),
    };
  }

  private reserve(length: number): void {
    if (length <= this.steps.length) return;
    const capacity = Math.max(length, this.steps.length * 2);
    const grow = <A extends Float64Array | Float32Array | Uint32Array>(from: A, to: A): A => {
      to.set(from);
      return to;
    };
    this.steps = grow(this.steps, new Float64Array(capacity));
    this.times = grow(this.times, new Float64Array(capacity));
    this.values = grow(this.values, new Float32Array(capacity));
    this.counts = grow(this.counts, new Uint32Array(capacity));
  }
}
