// Whether a quantity stays level.

import { median } from './runner.mjs';

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Slope by Theil and Sen: the median of those between all pairs. Short peaks that a sample happens to catch do not bend it. */
const slopeOf = (points) => median(points.flatMap((a, i) => points.slice(i + 1).map((b) => (b.y - a.y) / (b.x - a.x))));

/**
 * @param points `{ x, y }` by ascending x
 * @returns `quarter`, the value at a quarter of the points; `level`, the mean of the second half of them; `most` of all; `change`,
 *   that of a line through the second half from its first to its last point, by Theil and Sen, as a share of the level
 */
export function judgeLevel(points) {
  if (points.length < 4)
    throw new Error(`${points.length} samples are too few to say whether memory is level: train longer, or sample more often.`);
  const half = points.slice(Math.floor(points.length / 2));
  const level = mean(half.map((point) => point.y));
  return {
    quarter: points[Math.floor(points.length / 4)].y,
    level,
    most: Math.max(...points.map((point) => point.y)),
    change: (slopeOf(half) * (half.at(-1).x - half[0].x)) / level,
  };
}
