// Whether a quantity stays level.

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * @param points `{ x, y }` by ascending x
 * @returns `quarter`, the value at a quarter of the points; `level`, the mean of the second half of them; `most` of all; `change`,
 *   that of the least-squares line through the second half from its first to its last point, as a share of the level
 */
export function judgeLevel(points) {
  if (points.length < 4)
    throw new Error(`${points.length} samples are too few to say whether memory is level: train longer, or sample more often.`);
  const half = points.slice(Math.floor(points.length / 2));
  const [x, level] = [mean(half.map((point) => point.x)), mean(half.map((point) => point.y))];
  const slope =
    half.reduce((sum, point) => sum + (point.x - x) * (point.y - level), 0) / half.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  return {
    quarter: points[Math.floor(points.length / 4)].y,
    level,
    most: Math.max(...points.map((point) => point.y)),
    change: (slope * (half.at(-1).x - half[0].x)) / level,
  };
}
