/** What the front of a search shows. Accuracies and costs are in the units of the screen (%, G, kB). */
import type { Limits } from './range-text.ts';
import { within } from './range-text.ts';
import { coordinate, type Scale } from './scale.ts';
import { logRange, logTicks, multiples, niceRange, tickDigits } from './ticks.ts';

export interface FrontPoint {
  id: string;
  /** name for people; the id where it is left out */
  name?: string;
  /** cost */
  x: number;
  /** predicted accuracy */
  y: number;
  /** no other point beats it */
  front?: boolean;
  /** outside a limit that this chart has no axis for */
  excluded?: boolean;
}

export interface MeasuredPoint {
  id: string;
  x: number;
  predicted: number;
  measured: number;
}

export interface UniformPoint {
  /** e.g. `4/4` */
  label: string;
  x: number;
  y: number;
}

/** A corner that limits leave on the plot; each rectangle in the units of the axes. */
export interface Veil {
  x: [number, number];
  y: [number, number];
}

/** Points of the front by ascending cost; those at the same cost by accuracy. */
export function frontOf(points: readonly FrontPoint[]): FrontPoint[] {
  return points.filter((p) => p.front).sort((a, b) => a.x - b.x || a.y - b.y);
}

/** Whether limits of this chart or of another leave the point out. */
export function isOutside(point: FrontPoint, x: Limits, y: Limits): boolean {
  return point.excluded === true || !within(x, point.x) || !within(y, point.y);
}

/** Cost axis over all marks. */
export function costScale(values: readonly number[], log: boolean): { scale: Scale; ticks: number[] } {
  const finite = values.filter((v) => Number.isFinite(v) && (!log || v > 0));
  const low = Math.min(...finite);
  const high = Math.max(...finite);
  if (finite.length === 0) return { scale: { min: log ? 0.1 : 0, max: 1, log }, ticks: [] };
  if (log) {
    const wide = high / low < 30 ? { min: low / 1.12, max: high * 1.12 } : logRange(low, high);
    return { scale: { ...wide, log }, ticks: logTicks(wide.min, wide.max) };
  }
  const nice = niceRange(low, high, 6);
  return { scale: { min: nice.min, max: nice.max, log }, ticks: multiples(nice.min, nice.max, nice.step) };
}

/** Accuracy axis over all marks and the band around the front. */
export function accuracyScale(values: readonly number[], count: number): { scale: Scale; ticks: number[]; digits: number } {
  const finite = values.filter((v) => Number.isFinite(v));
  const nice = niceRange(Math.min(...finite), Math.max(...finite), count);
  return {
    scale: { min: nice.min, max: nice.max, log: false },
    ticks: multiples(nice.min, nice.max, nice.step),
    digits: tickDigits(nice.step),
  };
}

/** Corners of the band of +- `rmse` around the front, in drawn coordinates; empty below two points. */
export function bandCorners(front: readonly FrontPoint[], rmse: number | null, log: boolean): [number, number][] {
  if (rmse === null || !(rmse > 0) || front.length < 2) return [];
  const place = (p: FrontPoint) => coordinate(log, p.x);
  return [
    ...front.map((p): [number, number] => [place(p), p.y + rmse]),
    ...front.toReversed().map((p): [number, number] => [place(p), p.y - rmse]),
  ];
}

/** The parts of the plot that the limits leave out, without overlap, and the dashed lines along what they keep. */
export function veilOf(x: Limits, y: Limits, xScale: Scale, yScale: Scale): { veils: Veil[]; lines: [number, number, number, number][] } {
  const keepX: [number, number] = [Math.max(xScale.min, x.low ?? xScale.min), Math.min(xScale.max, x.high ?? xScale.max)];
  const keepY: [number, number] = [Math.max(yScale.min, y.low ?? yScale.min), Math.min(yScale.max, y.high ?? yScale.max)];
  const veils: Veil[] = [];
  if (keepX[0] > keepX[1] || keepY[0] > keepY[1]) {
    return { veils: [{ x: [xScale.min, xScale.max], y: [yScale.min, yScale.max] }], lines: [] };
  }
  if (keepY[0] > yScale.min) veils.push({ x: [xScale.min, xScale.max], y: [yScale.min, keepY[0]] });
  if (keepY[1] < yScale.max) veils.push({ x: [xScale.min, xScale.max], y: [keepY[1], yScale.max] });
  if (keepX[0] > xScale.min) veils.push({ x: [xScale.min, keepX[0]], y: keepY });
  if (keepX[1] < xScale.max) veils.push({ x: [keepX[1], xScale.max], y: keepY });
  const lines: [number, number, number, number][] = [];
  if (y.low !== null && keepY[0] > yScale.min) lines.push([keepX[0], keepY[0], keepX[1], keepY[0]]);
  if (y.high !== null && keepY[1] < yScale.max) lines.push([keepX[0], keepY[1], keepX[1], keepY[1]]);
  if (x.low !== null && keepX[0] > xScale.min) lines.push([keepX[0], keepY[0], keepX[0], keepY[1]]);
  if (x.high !== null && keepX[1] < xScale.max) lines.push([keepX[1], keepY[0], keepX[1], keepY[1]]);
  return { veils, lines };
}
