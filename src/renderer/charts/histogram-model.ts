import { MINUS } from './numbers.ts';

/** Ends of an axis that reaches as far on either side of zero as the widest value, with a small margin. */
export function symmetricSpan(values: readonly number[]): readonly [number, number] {
  const most = values.reduce((found, v) => (Number.isFinite(v) ? Math.max(found, Math.abs(v)) : found), 0);
  return most > 0 ? [-most * 1.08, most * 1.08] : [-1, 1];
}

/**
 * Integers above the lines of the levels, as many as fit beside each other.
 * @param first integer of the first level; without it no labels are made
 * @param pixels px for one unit of the x axis
 */
export function levelLabels(levels: readonly number[], first: number | undefined, pixels: number): { level: number; text: string }[] {
  if (first === undefined || levels.length === 0) return [];
  const gap = levels.length > 1 ? (levels[1] - levels[0]) * pixels : Infinity;
  const every = [1, 2, 4, 8, 16, 32, 64, 128].find((n) => n * gap >= 28) ?? 256;
  return levels.flatMap((level, i) => {
    const integer = first + i;
    return integer % every === 0 ? [{ level, text: integer < 0 ? `${MINUS}${-integer}` : String(integer) }] : [];
  });
}
