/** Counts of equal bins from `min` to `max`; the last bin includes `max`, values outside and gaps are left out. */
export function binCounts(values: ArrayLike<number>, min: number, max: number, bins: number): number[] {
  const counts = Array.from({ length: bins }, () => 0);
  const perUnit = bins / (max - min || 1);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!(value >= min && value <= max)) continue;
    counts[Math.min(bins - 1, Math.floor((value - min) * perUnit))]++;
  }
  return counts;
}

/** Outline of a histogram as corners from left to right, x and count. */
export function outline(counts: readonly number[], min: number, max: number): [number, number][] {
  const width = (max - min) / counts.length;
  const corners: [number, number][] = [[min, 0]];
  counts.forEach((count, i) => {
    corners.push([min + i * width, count], [min + (i + 1) * width, count]);
  });
  corners.push([max, 0]);
  return corners;
}

/** Bars between the middle of the level before and the middle of the level after: how far a limit lies from the last level. */
export function clippedFrom(levels: readonly number[]): { below: number; above: number } | null {
  if (levels.length < 2) return null;
  const last = levels.length - 1;
  return { below: levels[0] - (levels[1] - levels[0]) / 2, above: levels[last] + (levels[last] - levels[last - 1]) / 2 };
}
