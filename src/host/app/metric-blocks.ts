import type { MetricBlock } from '../../shared/contract/api/views.ts';
import type { MetricRow } from '../metric-table.ts';

/** Points of one series, one list for each column; times in ms since 1970. */
export interface SeriesPoints {
  steps: number[];
  times: number[];
  values: number[];
}

const base64 = (array: Float64Array | Float32Array): string =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');

/** Little-endian base64, as every machine that the program runs on holds its numbers. */
export function encodePoints(series: string, { steps, times, values }: SeriesPoints): MetricBlock {
  return {
    series,
    count: steps.length,
    steps: base64(Float64Array.from(steps)),
    times: base64(Float64Array.from(times)),
    values: base64(Float32Array.from(values)),
  };
}

/** Stored points as a block; what is null there is NaN here. */
export function encodeRows(series: string, rows: readonly MetricRow[]): MetricBlock {
  const count = rows.length;
  const steps = new Float64Array(count);
  const times = new Float64Array(count);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const [step, time, value] = rows[i];
    steps[i] = step;
    times[i] = time ?? Number.NaN;
    values[i] = value ?? Number.NaN;
  }
  return { series, count, steps: base64(steps), times: base64(times), values: base64(values) };
}
