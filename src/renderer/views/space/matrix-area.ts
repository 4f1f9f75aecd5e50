/** Rectangles of the matrix: what is being painted, or selected by keys. */
import { ALL_BITS } from '../../../shared/domain/form.ts';
import { columnOf, type Row } from './matrix-rows.ts';
import type { Axis, Target } from './space-edits.ts';

export interface Place {
  /** 0 = the network */
  row: number;
  column: number;
}
export interface Area {
  axis: Axis;
  low: number;
  high: number;
  top: number;
  bottom: number;
}

const sorted = (a: number, b: number): [number, number] => (a < b ? [a, b] : [b, a]);

/** The rectangle between two cells of one axis; null where one of them is no bit-width. */
export function areaBetween(from: Place, to: Place): Area | null {
  const [first, last] = [columnOf(from.column), columnOf(to.column)];
  if (!first || !last || first.axis !== last.axis) return null;
  const [low, high] = sorted(first.bits, last.bits);
  const [top, bottom] = sorted(from.row, to.row);
  return { axis: first.axis, low, high, top, bottom };
}
export const bitsOf = ({ low, high }: Area): number[] => ALL_BITS.filter((bits) => bits >= low && bits <= high);

/** What an edit of a rectangle is about: the network alone, or the layers of its rows. */
export function targetOf(rows: readonly Row[], { top, bottom }: Area): Target {
  return bottom === 0 ? 'network' : rows.slice(Math.max(1, top), bottom + 1).flatMap(({ layers }) => layers);
}
