import type { MetricBlock } from '../../shared/contract/api/views.ts';
import { evenSteps } from '../metric-chunks.ts';

/** Points of one series, one list for each column; times in ms since 1970, NaN = no time, no value. */
export interface SeriesPoints {
  steps: ArrayLike<number>;
  times: ArrayLike<number>;
  values: ArrayLike<number>;
}

const base64 = (array: Float64Array | Float32Array | Uint32Array): string =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');

/** Little-endian base64, as every machine that the program runs on holds its numbers; steps at one distance go as two numbers. */
export function encodePoints(series: string, { steps, times, values }: SeriesPoints): MetricBlock {
  return {
    series,
    count: steps.length,
    steps: evenSteps(steps) ?? base64(Float64Array.from(steps)),
    times: base64(Float64Array.from(times)),
    values: base64(Float32Array.from(values)),
  };
}

/** Little-endian base64 of whole numbers below 2^32. */
export const encodeCounts = (counts: Uint32Array): string => base64(counts);
