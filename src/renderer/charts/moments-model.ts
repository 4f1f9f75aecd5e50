/** One moment over all layers. */
export interface MomentRow {
  key: string;
  name: string;
  target: number;
  /** by layer; null = not known yet */
  start: readonly (number | null)[];
  now: readonly (number | null)[];
  digits: number;
}

export interface StripRow {
  row: MomentRow;
  middle: number;
  /** px of the target line */
  target: number;
  ticks: { value: number; y: number }[];
  marks: { start: number | null; now: number | null }[];
}

const GAP = 18;
const LABEL = 14;

/** Places rows one below the other between `top` and `bottom` px; each has its own scale, lowest value at its bottom. */
export function stripRows(rows: readonly MomentRow[], top: number, bottom: number): StripRow[] {
  const height = Math.max(8, (bottom - top - GAP * (rows.length - 1)) / Math.max(1, rows.length));
  return rows.map((row, index) => {
    const start = top + index * (height + GAP);
    const known = [row.target, ...row.start, ...row.now].filter((v): v is number => v !== null && Number.isFinite(v));
    const low = Math.min(...known);
    const high = Math.max(...known);
    const room = (high - low || 1) * 0.06;
    const y = (value: number) => start + (1 - (value - low + room) / (high - low + 2 * room || 1)) * height;
    const place = (value: number | null) => (value === null || !Number.isFinite(value) ? null : y(value));
    // The target is always labelled; an end only where its label does not touch it.
    const ends = [high, low].filter((v) => Math.abs(y(v) - y(row.target)) >= LABEL);
    return {
      row,
      middle: start + height / 2,
      target: y(row.target),
      ticks: [row.target, ...ends].map((value) => ({ value, y: y(value) })),
      marks: row.now.map((now, i) => ({ start: place(row.start[i] ?? null), now: place(now) })),
    };
  });
}

/** Every n-th layer gets a number so that numbers do not touch. */
export function everyLabel(layers: number, cell: number): number {
  const room = layers > 99 ? 26 : 20;
  return [1, 2, 5, 10, 20, 50].find((n) => n * cell >= room) ?? 100;
}
