/** One metric series of a run in growing typed arrays, fed by blocks of the host. */
import type { MetricBlock } from '../../shared/contract/api/views.ts';

/** Views on what is there now; valid until the series grows again. */
export interface SeriesView {
  count: number;
  /** training step, or the index of the unit */
  steps: Float64Array;
  /** ms since 1970 */
  times: Float64Array;
  /** NaN = no value */
  values: Float32Array;
}

export const NO_SERIES: SeriesView = { count: 0, steps: new Float64Array(), times: new Float64Array(), values: new Float32Array() };

/** A browser's own decoder is ten times faster, where there is one. */
const decoder = Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };

function bytesOf(base64: string): ArrayBuffer {
  if (decoder.fromBase64) return decoder.fromBase64(base64).buffer;
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes.buffer;
}

function stepsOf({ steps, count }: MetricBlock): Float64Array {
  if (typeof steps === 'string') return new Float64Array(bytesOf(steps));
  const all = new Float64Array(count);
  for (let index = 0; index < count; index++) all[index] = steps.first + index * steps.stride;
  return all;
}

export class MetricSeries {
  private count = 0;
  private steps = new Float64Array(256);
  private times = new Float64Array(256);
  private values = new Float32Array(256);

  /**
   * Adds a block behind what is there. Where it goes back to an earlier step (a resumed run repeats steps; a piece that came
   * live is part of a later whole), the points from that step on are replaced.
   */
  append(block: MetricBlock): void {
    const steps = stepsOf(block);
    const times = new Float64Array(bytesOf(block.times));
    const values = new Float32Array(bytesOf(block.values));
    const length = Math.min(steps.length, times.length, values.length);
    if (length === 0) return;
    while (this.count > 0 && this.steps[this.count - 1] >= steps[0]) this.count--;
    this.reserve(this.count + length);
    this.steps.set(steps.subarray(0, length), this.count);
    this.times.set(times.subarray(0, length), this.count);
    this.values.set(values.subarray(0, length), this.count);
    this.count += length;
  }

  view(): SeriesView {
    const { count } = this;
    return {
      count,
      steps: this.steps.subarray(0, count),
      times: this.times.subarray(0, count),
      values: this.values.subarray(0, count),
    };
  }

  private reserve(length: number): void {
    if (length <= this.steps.length) return;
    const capacity = Math.max(length, this.steps.length * 2);
    const grow = <A extends Float64Array | Float32Array>(from: A, to: A): A => {
      to.set(from);
      return to;
    };
    this.steps = grow(this.steps, new Float64Array(capacity));
    this.times = grow(this.times, new Float64Array(capacity));
    this.values = grow(this.values, new Float32Array(capacity));
  }
}
