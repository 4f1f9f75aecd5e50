/** One axis of a plot. A log axis is drawn as a linear axis of log10, so that this file is the one place that knows. */
export interface Scale {
  /** ends of the axis in its own units; both above 0 when `log` */
  min: number;
  max: number;
  log: boolean;
}

/** Rectangle of a plot inside its box, px. */
export interface PlotArea {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The coordinate that is drawn: the value itself, or its log10 (NaN for what a log axis cannot show). */
export function coordinate(log: boolean, value: number): number {
  if (!log) return value;
  return value > 0 ? Math.log10(value) : NaN;
}

/** Undoes `coordinate`. */
function fromCoordinate(log: boolean, drawn: number): number {
  return log ? 10 ** drawn : drawn;
}

/** Place of a value along the axis: 0 at its start, 1 at its end. */
export function share(scale: Scale, value: number): number {
  const low = coordinate(scale.log, scale.min);
  const high = coordinate(scale.log, scale.max);
  return (coordinate(scale.log, value) - low) / (high - low || 1);
}

/** Undoes `share`. */
export function valueAt(scale: Scale, place: number): number {
  const low = coordinate(scale.log, scale.min);
  const high = coordinate(scale.log, scale.max);
  return fromCoordinate(scale.log, low + place * (high - low));
}

/** Pixel of a value on the x axis of a plot. */
export function pixelX(scale: Scale, area: PlotArea, value: number): number {
  return area.left + share(scale, value) * area.width;
}

/** Pixel of a value on the y axis of a plot. */
export function pixelY(scale: Scale, area: PlotArea, value: number): number {
  return area.top + (1 - share(scale, value)) * area.height;
}

/** Value under a pixel of the x axis, held inside the axis. */
export function valueAtX(scale: Scale, area: PlotArea, pixel: number): number {
  return valueAt(scale, clamp((pixel - area.left) / (area.width || 1), 0, 1));
}

/** Value under a pixel of the y axis, held inside the axis. */
export function valueAtY(scale: Scale, area: PlotArea, pixel: number): number {
  return valueAt(scale, clamp(1 - (pixel - area.top) / (area.height || 1), 0, 1));
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** Index of the mark nearest to a pixel and not further than `reach`; -1 when there is none. */
export function nearestMark(xs: ArrayLike<number>, ys: ArrayLike<number>, x: number, y: number, reach: number): number {
  let best = -1;
  let least = reach * reach;
  for (let i = 0; i < xs.length; i++) {
    const distance = (xs[i] - x) ** 2 + (ys[i] - y) ** 2;
    if (distance <= least) {
      least = distance;
      best = i;
    }
  }
  return best;
}
