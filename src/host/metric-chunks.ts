/** Points of one series by ascending step, one column each; times in ms since 1970. NaN = no time, no value. */
export interface SeriesColumns {
  steps: Float64Array;
  times: Float64Array;
  values: Float64Array;
}

export const NO_POINTS: SeriesColumns = { steps: new Float64Array(), times: new Float64Array(), values: new Float64Array() };

const WIDTH = Float64Array.BYTES_PER_ELEMENT;

const bytesOf = (array: Float64Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** First and stride of steps that are all at the same distance; null for others, and for fewer than two. */
export function evenSteps(steps: ArrayLike<number>): { first: number; stride: number } | null {
  if (steps.length < 2) return null;
  const [first, stride] = [steps[0], steps[1] - steps[0]];
  for (let i = 2; i < steps.length; i++) if (steps[i] !== first + i * stride) return null;
  return { first, stride };
}

/**
 * Points as bytes: times, values, then the steps, or, where they are even, their first and stride alone. All of them
 * little-endian Float64, as every machine that the program runs on holds its numbers; nothing is rounded.
 */
export function encodeChunk({ steps, times, values }: SeriesColumns): Uint8Array {
  const even = steps.length > 2 ? evenSteps(steps) : null;
  return Buffer.concat([bytesOf(times), bytesOf(values), bytesOf(even ? Float64Array.of(even.first, even.stride) : steps)]);
}

/** A loop, which takes a tenth of the time of `Float64Array.from`. */
function stepsFrom(first: number, stride: number, count: number): Float64Array {
  const steps = new Float64Array(count);
  for (let i = 0; i < count; i++) steps[i] = first + i * stride;
  return steps;
}

/** Undoes `encodeChunk`. @param count of points. @throws RangeError where the bytes are not those of so many points */
export function decodeChunk(bytes: Uint8Array, count: number): SeriesColumns {
  const length = bytes.byteLength / WIDTH;
  const even = count > 2 && length === 2 * count + 2;
  if (!even && length !== 3 * count) throw new RangeError(`${bytes.byteLength} bytes do not hold ${count} points.`);
  // a copy, because what SQLite gives lies at any place of a larger buffer
  const all = new Float64Array(new Uint8Array(bytes).buffer);
  const rest = all.subarray(2 * count);
  return { times: all.subarray(0, count), values: all.subarray(count, 2 * count), steps: even ? stepsFrom(rest[0], rest[1], count) : rest };
}

/** One after the other; the steps of each lie above those of the one before. */
export function concatenate(parts: readonly SeriesColumns[]): SeriesColumns {
  if (parts.length <= 1) return parts[0] ?? NO_POINTS;
  const count = parts.reduce((sum, { steps }) => sum + steps.length, 0);
  const all = { steps: new Float64Array(count), times: new Float64Array(count), values: new Float64Array(count) };
  let at = 0;
  for (const part of parts) {
    for (const column of ['steps', 'times', 'values'] as const) all[column].set(part[column], at);
    at += part.steps.length;
  }
  return all;
}

/** Both in order; of two points of one step that of `newer` stays. */
export function merge(older: SeriesColumns, newer: SeriesColumns): SeriesColumns {
  if (newer.steps.length === 0) return older;
  if (older.steps.length === 0 || older.steps[older.steps.length - 1] < newer.steps[0]) return concatenate([older, newer]);
  const most = older.steps.length + newer.steps.length;
  const all = { steps: new Float64Array(most), times: new Float64Array(most), values: new Float64Array(most) };
  let [i, j, count] = [0, 0, 0];
  while (i < older.steps.length || j < newer.steps.length) {
    const takesNewer = i >= older.steps.length || newer.steps[j] <= older.steps[i];
    const [from, at] = takesNewer ? [newer, j] : [older, i];
    for (const column of ['steps', 'times', 'values'] as const) all[column][count] = from[column][at];
    if (takesNewer && older.steps[i] === newer.steps[j]) i++;
    if (takesNewer) j++;
    else i++;
    count++;
  }
  return slice(all, 0, count);
}

export function slice({ steps, times, values }: SeriesColumns, from: number, to: number): SeriesColumns {
  return { steps: steps.subarray(from, to), times: times.subarray(from, to), values: values.subarray(from, to) };
}
