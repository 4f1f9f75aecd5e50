/** Ends of an axis and the distance of its ticks, which are multiples of it. */
export interface AxisRange {
  min: number;
  max: number;
  step: number;
}

/** Smallest of 1, 2 and 5 times a power of ten that is not below `raw`. */
export function niceStep(raw: number): number {
  if (!(raw > 0) || !Number.isFinite(raw)) return 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const lead = raw / power;
  // A step that is nice already must not be lifted by rounding.
  const slack = 1 + 1e-9;
  const factor = lead <= slack ? 1 : lead <= 2 * slack ? 2 : lead <= 5 * slack ? 5 : 10;
  return clean(factor * power);
}

/** Multiples of `step` in [min, max], without the noise of repeated addition. */
export function multiples(min: number, max: number, step: number): number[] {
  const ticks: number[] = [];
  const slack = 1e-6;
  const last = Math.floor(max / step + slack);
  for (let k = Math.ceil(min / step - slack); k <= last; k++) ticks.push(k === 0 ? 0 : clean(k * step));
  return ticks;
}

/** Smallest distance of 1, 2 or 5 times a power of ten that puts at most `count + 1` ticks into [min, max]. */
function tickStep(min: number, max: number, count: number): number {
  const step = niceStep((max - min) / count);
  // Ends that are no ticks themselves often leave room for the next closer distance.
  const closer = niceStep(step * 0.39);
  return multiples(min, max, closer).length <= count + 1 ? closer : step;
}

/** Ticks at multiples of 1, 2 or 5 in [min, max], at most `count + 1` of them. */
export function niceTicks(min: number, max: number, count = 5): number[] {
  return max > min ? multiples(min, max, tickStep(min, max, count)) : [min];
}

/**
 * Range around data whose ends are ticks or quarters between them. Data without spread get a range around their value.
 * @param zero whether the axis starts (or ends) at zero
 */
export function niceRange(min: number, max: number, count = 5, zero = false): AxisRange {
  if (!Number.isFinite(min) || !Number.isFinite(max)) return { min: 0, max: 1, step: niceStep(1 / count) };
  let low = zero ? Math.min(0, min) : min;
  let high = zero ? Math.max(0, max) : max;
  if (high <= low) {
    const room = Math.abs(low) * 0.05 || 1;
    low = zero && low >= 0 ? 0 : low - room;
    high += room;
  }
  const step = tickStep(low, high, count);
  const part = step / 4;
  const slack = 1e-6;
  return { min: clean(Math.floor(low / part + slack) * part), max: clean(Math.ceil(high / part - slack) * part), step };
}

const DENSE = [1, 1.5, 2, 2.5, 3, 4, 5, 7];

/**
 * Ticks of a log axis from `min` to `max` (both above 0): 1-2-5 in every decade, closer when that gives fewer than four,
 * whole decades (every n-th where needed) when it gives more than `count`.
 */
export function logTicks(min: number, max: number, count = 9): number[] {
  if (!(min > 0) || !(max > min)) return [];
  const lowest = Math.floor(Math.log10(min));
  const highest = Math.ceil(Math.log10(max));
  const inside = (leads: readonly number[], every = 1) => {
    const ticks: number[] = [];
    for (let e = lowest; e <= highest; e++) {
      if (e % every !== 0) continue;
      for (const lead of leads) {
        const value = clean(lead * 10 ** e);
        if (value >= min * (1 - 1e-9) && value <= max * (1 + 1e-9)) ticks.push(value);
      }
    }
    return ticks;
  };
  const usual = inside([1, 2, 5]);
  if (usual.length < 4) {
    const dense = inside(DENSE);
    return dense.length >= 3 ? dense.slice(0, Math.max(count, dense.length)) : niceTicks(min, max, 4).filter((v) => v > 0);
  }
  if (usual.length <= count) return usual;
  for (let every = 1; ; every++) {
    const decades = inside([1], every);
    if (decades.length <= count) return decades.length > 1 ? decades : inside([1]);
  }
}

/** Powers of ten around [min, max]: the ends of a log axis. A range inside one decade keeps a small margin instead. */
export function logRange(min: number, max: number): { min: number; max: number } {
  if (!(min > 0) || !Number.isFinite(max)) return { min: 0.1, max: 1 };
  if (max / min < 30) {
    const margin = Math.max(1.05, (max / min) ** 0.05);
    return { min: min / margin, max: max * margin };
  }
  const slack = 1e-6;
  return { min: 10 ** Math.floor(Math.log10(min) + slack), max: 10 ** Math.ceil(Math.log10(max) - slack) };
}

const DURATIONS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** Ticks of an axis in seconds, at distances that people read on a clock. */
export function timeTicks(min: number, max: number, count = 5): number[] {
  const raw = (max - min) / count;
  const step = DURATIONS.find((d) => d >= raw) ?? niceStep(raw / 86_400) * 86_400;
  return multiples(min, max, step);
}

/** Decimals that tell ticks at this distance apart. */
export function tickDigits(step: number): number {
  if (!(step > 0)) return 0;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const lead = step * 10 ** digits;
  return Math.min(8, Math.abs(lead - Math.round(lead)) > 1e-6 ? digits + 1 : digits);
}

function clean(value: number): number {
  return Number(value.toPrecision(12));
}
