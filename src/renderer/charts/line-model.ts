/** The arithmetic of a line chart: what its axes span, which points it draws, what its legend says. */
import { lastAtOrBelow, type Span, type Transform } from './decimate.ts';
import type { DrawnLine, LineCache, LineSeries } from './line-cache.ts';
import { clock } from './numbers.ts';
import type { AxisLook } from './parts.ts';
import { coordinate } from './scale.ts';
import type { StepRange } from './zoom.ts';
import { logRange, logTicks, multiples, niceRange, niceTicks, tickDigits, timeTicks } from './ticks.ts';

export type XUnit = 'step' | 'epoch' | 'time';

/** Fixed ends of a y axis; what is left out follows the data. */
export interface YRange {
  min?: number;
  max?: number;
  /** starts at 0; only accuracy may be cut off below */
  zero?: boolean;
}

/** A dotted line with its label, across the plot (`y`, in units of the left axis) or upright (`x`, in steps). */
export interface ReferenceLine {
  axis?: 'x' | 'y';
  value: number;
  label: string;
}

export interface XMapping {
  unit: XUnit;
  transform: Transform;
  /** end of the axis in its unit */
  end: number;
}

/** How stored steps or times become places on the x axis, and where that axis ends: at the end of the planned run. */
export function mapX(
  unit: XUnit,
  series: readonly LineSeries[],
  plan: { stepsPerEpoch?: number; steps?: number; seconds?: number; start?: number },
): XMapping {
  const lastOf = (pick: (s: LineSeries) => Float64Array | undefined) =>
    series.reduce((most, s) => Math.max(most, pick(s)?.at(-1) ?? -Infinity), -Infinity);
  const roomFor = (last: number) => (last > 0 && Number.isFinite(last) ? niceRange(0, last, 6, true).max : 1);
  if (unit === 'time') {
    const start = plan.start ?? series.reduce((least, s) => Math.min(least, s.times?.[0] ?? Infinity), Infinity);
    const seconds = (lastOf((s) => s.times) - start) / 1000;
    const offset = Number.isFinite(start) ? -start / 1000 : 0;
    return { unit, transform: { factor: 1e-3, offset }, end: Math.max(plan.seconds ?? 0, plan.seconds ? seconds : roomFor(seconds)) || 1 };
  }
  const factor = unit === 'epoch' && plan.stepsPerEpoch ? 1 / plan.stepsPerEpoch : 1;
  const last = lastOf((s) => s.steps) * factor;
  const planned = (plan.steps ?? 0) * factor;
  return { unit, transform: { factor, offset: 0 }, end: planned > 0 ? Math.max(planned, last) : roomFor(last) };
}

/** Place on the x axis of a step, by the times of the series where the axis is time; null where they have no such time. */
export function placeOfStep(step: number, mapping: XMapping, series: readonly LineSeries[]): number | null {
  if (mapping.unit !== 'time') return step * mapping.transform.factor;
  for (const { steps, times } of series) {
    const at = lastAtOrBelow(steps, step);
    if (times && at >= 0 && (at < steps.length - 1 || steps[at] === step))
      return times[at] * mapping.transform.factor + mapping.transform.offset;
  }
  return null;
}

/** Undoes `placeOfStep`. */
export function stepOfPlace(place: number, mapping: XMapping, series: readonly LineSeries[]): number | null {
  const { factor, offset } = mapping.transform;
  if (mapping.unit !== 'time') return Math.round(place / factor);
  const longest = series.reduce<LineSeries | null>((best, s) => (s.times && s.steps.length > (best?.steps.length ?? 0) ? s : best), null);
  if (!longest?.times) return null;
  const at = lastAtOrBelow(longest.times, (place - offset) / factor);
  return longest.steps[Math.max(0, at)];
}

/** The x axis over a part of the planned run, or all of it. */
export function lookX({ unit }: XMapping, { from, to }: Span, count: number, format: (value: number, digits: number) => string): AxisLook {
  const scale = { min: from, max: to, log: false };
  if (unit === 'time') return { scale, ticks: timeTicks(from, to, count), format: clock };
  const ticks = niceTicks(from, to, count);
  const digits = ticks.length > 1 ? tickDigits(ticks[1] - ticks[0]) : 0;
  return { scale, ticks, format: (value) => format(value, digits) };
}

/** Places on the x axis that a range of steps takes up; all of the planned run without one, or where it lies behind the last point. */
export function spanOfSteps(range: StepRange | null, mapping: XMapping, series: readonly LineSeries[]): Span {
  const whole = { from: 0, to: mapping.end };
  if (!range) return whole;
  const from = Math.max(0, placeOfStep(range.from, mapping, series) ?? whole.to);
  const to = Math.min(whole.to, placeOfStep(range.to, mapping, series) ?? whole.to);
  return to > from ? { from, to } : whole;
}

/** The points of lines that a part of the x axis shows; all of a line that only passes through. */
export function inside(lines: readonly Float64Array[], { from, to }: Span): Float64Array[] {
  return lines.map((line) => {
    let [first, end] = [0, line.length];
    while (first < end && line[first] < from) first += 2;
    while (end > first && line[end - 2] > to) end -= 2;
    return first < end ? line.subarray(first, end) : line;
  });
}

/** Lowest and highest finite y of lines whose points are x and y in turns; above 0 only, where a log axis asks for it. */
function spanOf(lines: readonly Float64Array[], positive: boolean): { low: number; high: number } {
  let low = Infinity;
  let high = -Infinity;
  for (const line of lines) {
    for (let i = 1; i < line.length; i += 2) {
      const value = line[i];
      if (!(value < Infinity) || value === -Infinity || (positive && value <= 0)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return { low, high };
}

/** The y axis of these lines. */
export function lookY(
  lines: readonly Float64Array[],
  range: YRange,
  log: boolean,
  count: number,
  format: (value: number, digits: number) => string,
): AxisLook {
  const found = spanOf(lines, log);
  const low = range.min ?? found.low;
  const high = range.max ?? found.high;
  if (log) {
    const wide = logRange(low, high);
    const scale = { min: range.min ?? wide.min, max: range.max ?? wide.max, log: true };
    const ticks = logTicks(scale.min, scale.max, count + 2);
    return {
      scale,
      ticks,
      format: (value) => format(value, tickDigits(10 ** Math.floor(Math.log10(value) + 1e-9) * (isWhole(value) ? 1 : 0.5))),
    };
  }
  const nice = niceRange(low, high, count, range.zero ?? false);
  const scale = { min: range.min ?? nice.min, max: range.max ?? nice.max, log: false };
  return { scale, ticks: multiples(scale.min, scale.max, nice.step), format: (value) => format(value, tickDigits(nice.step)) };
}

/** Whether a value has one leading digit only. */
function isWhole(value: number): boolean {
  const lead = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  return Math.abs(lead - Math.round(lead)) < 1e-6;
}

/** Points in drawn coordinates: y times `factor`, then log10 where the axis is. */
export function toDrawn(points: Float64Array, factor: number, log: boolean): Float64Array {
  if (factor === 1 && !log) return points;
  const out = points.slice();
  for (let i = 1; i < out.length; i += 2) out[i] = coordinate(log, out[i] * factor);
  return out;
}

/** Points with y times `factor`. */
export function scaled(line: DrawnLine, factor: number): DrawnLine {
  return { raw: line.raw && toDrawn(line.raw, factor, false), line: toDrawn(line.line, factor, false) };
}

/**
 * Value of a series at a step (smoothed as drawn), or the newest where `step` is null; null where there is none. Where points were
 * left out, those that stayed are the lowest and highest of their neighbours: their mean is told instead.
 */
export function valueAtStep(series: LineSeries, cache: LineCache, smoothing: number, step: number | null): number | null {
  const average = smoothing > 0 || (series.means && step !== null);
  const drawn = average ? cache.values(series.id) : series.values;
  const { steps } = (average && series.means) || series;
  const length = Math.min(drawn.length, steps.length);
  if (length === 0) return null;
  if (step !== null && step > steps[length - 1]) return null;
  let at = step === null ? length - 1 : lastAtOrBelow(steps, step, length);
  while (at >= 0 && !Number.isFinite(drawn[at])) at--;
  return at < 0 ? null : drawn[at];
}

/**
 * How many points of lines are drawn, and of how many, in all or in a range of steps; `each`: about how many neighbours two of them
 * stand for, 1 where nothing is left out. Null where all points are here anyway.
 */
export function thinnedTo(series: readonly LineSeries[], range: StepRange | null): { shown: number; total: number; each: number } | null {
  if (!series.some(({ means }) => means)) return null;
  const { from, to } = range ?? { from: -Infinity, to: Infinity };
  let [shown, total, each] = [0, 0, 1];
  const indices = (steps: Float64Array): [number, number] => [
    from === -Infinity ? 0 : lastAtOrBelow(steps, from - 1e-9) + 1,
    lastAtOrBelow(steps, to) + 1,
  ];
  for (const { steps, means } of series) {
    const [first, end] = indices(steps);
    shown += end - first;
    if (!means) total += end - first;
    else {
      const counts = means.counts.subarray(...indices(means.steps));
      for (const count of counts) {
        total += count;
        if (count > each) each = count;
      }
    }
  }
  return { shown: Math.min(shown, total), total, each };
}

/** First and last finite value, in all or in a range of steps, for the sentence that says what the chart shows. */
export function courseOf(
  { values, steps }: LineSeries,
  range: StepRange | null = null,
): { first: number; last: number; step: number } | null {
  let from = range ? lastAtOrBelow(steps, range.from - 1e-9) + 1 : 0;
  const end = range ? lastAtOrBelow(steps, range.to) + 1 : values.length;
  while (from < end && !Number.isFinite(values[from])) from++;
  let to = end - 1;
  while (to > from && !Number.isFinite(values[to])) to--;
  return from < end ? { first: values[from], last: values[to], step: steps[to] } : null;
}

/** All steps of all series in order, once each, with the index of that step in every series (-1 = none). */
export function mergedSteps(series: readonly LineSeries[]): { steps: Float64Array; at: Int32Array[] } {
  const places = series.map(() => 0);
  const most = series.reduce((sum, s) => sum + s.steps.length, 0);
  const steps = new Float64Array(most);
  const at = series.map(() => new Int32Array(most).fill(-1));
  let rows = 0;
  for (;;) {
    let next = Infinity;
    series.forEach((s, k) => {
      if (places[k] < s.steps.length && s.steps[places[k]] < next) next = s.steps[places[k]];
    });
    if (next === Infinity) break;
    series.forEach((s, k) => {
      if (places[k] < s.steps.length && s.steps[places[k]] === next) at[k][rows] = places[k]++;
    });
    steps[rows++] = next;
  }
  return { steps: steps.subarray(0, rows), at: at.map((a) => a.subarray(0, rows)) };
}
