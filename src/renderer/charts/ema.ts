const START = 1024;

/**
 * Exponential moving average of a growing series, without the pull towards zero of its first values (as Adam corrects its
 * moments): s = a s + (1 - a) v, shown as s / (1 - a^n). A value that is not finite stays a gap and does not count. A mean of n
 * values counts as n times itself.
 */
export class MovingAverage {
  private buffer = new Float32Array(START);
  private state = 0;
  private weight = 0;
  /** how many values were taken in */
  count = 0;

  /** @param smoothing a in 0..0.99; 0 keeps every value as it is */
  constructor(readonly smoothing: number) {}

  /**
   * Takes in the values from the first that is not yet there up to `length`.
   * @param counts how many values each is the mean of; one where they are left out
   */
  append(values: ArrayLike<number>, length = values.length, counts?: ArrayLike<number>): void {
    if (length > this.buffer.length) {
      const larger = new Float32Array(Math.max(length, this.buffer.length * 2));
      larger.set(this.buffer.subarray(0, this.count));
      this.buffer = larger;
    }
    for (let i = this.count; i < length; i++) {
      const value = values[i];
      if (!Number.isFinite(value)) {
        this.buffer[i] = NaN;
        continue;
      }
      const keep = counts && counts[i] !== 1 ? this.smoothing ** counts[i] : this.smoothing;
      this.state = keep * this.state + (1 - keep) * value;
      this.weight = keep * this.weight + (1 - keep);
      this.buffer[i] = this.state / this.weight;
    }
    this.count = Math.max(this.count, length);
  }

  /** The smoothed series so far; a view that later appends may leave behind. */
  get values(): Float32Array {
    return this.buffer.subarray(0, this.count);
  }
}
