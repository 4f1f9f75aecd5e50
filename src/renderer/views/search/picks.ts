/** The front over one cost, its knee, and the configurations that answer common questions. */
import { kneePoint, nonDominated } from '../../../shared/domain/pareto.ts';
import { LOOKS, type Axis } from './measures.ts';
import type { SearchRow } from './search-rows.ts';

/** Rows with a prediction that none beats in predicted accuracy and this cost at once, by ascending cost. */
export function frontRows(rows: readonly SearchRow[], axis: Axis): SearchRow[] {
  const known = rows.filter((row) => row.predicted !== null);
  const { value } = LOOKS[axis];
  const points = known.map((row) => [value(row), -row.predicted!]);
  const front = nonDominated(points);
  // of equal points one is drawn
  return front
    .filter((index, place) => {
      const before = points[front[place - 1]];
      return !before || before[0] !== points[index][0] || before[1] !== points[index][1];
    })
    .map((index) => known[index]);
}

/** The knee as it is seen: on an axis that is drawn in powers of ten, distances are those of powers of ten. */
export function kneeOf(front: readonly SearchRow[], axis: Axis): SearchRow | null {
  const { value, log } = LOOKS[axis];
  const points = front.map((row) => [log ? Math.log10(value(row)) : value(row), -row.predicted!]);
  const place = kneePoint(
    points,
    points.map((_, index) => index),
  );
  return place === null ? null : front[place];
}

export const PICKS = ['knee', 'cheapest', 'best', 'smallest'] as const;
export type Pick = (typeof PICKS)[number];
/** Picks with a limit of their own: top-1 in percent, BitOps in G, top-1 in percent. */
export type LimitedPick = Exclude<Pick, 'knee'>;

/** The largest multiple of a step that fits the range and lies not above `value`. */
function roundDown(value: number, range: number): number {
  const step = range > 4 ? 0.5 : range > 1 ? 0.1 : 0.01;
  return Number((Math.floor(value / step + 1e-9) * step).toFixed(2));
}

/** Limits that fit the front where none is set by hand: 3/4 and 1/2 of its range of accuracies, the middle of its costs. */
export function defaultLimits(front: readonly SearchRow[]): Record<LimitedPick, number> | null {
  if (front.length === 0) return null;
  const accuracies = front.map((row) => row.predicted! * 100);
  const low = Math.min(...accuracies);
  const range = Math.max(...accuracies) - low;
  const costs = front.map((row) => row.bitops / 1e9).sort((a, b) => a - b);
  return {
    cheapest: roundDown(low + 0.75 * range, range),
    best: Number(costs[Math.floor((costs.length - 1) / 2)].toPrecision(2)),
    smallest: roundDown(low + 0.5 * range, range),
  };
}

function least(rows: readonly SearchRow[], cost: (row: SearchRow) => number): SearchRow | null {
  let best: SearchRow | null = null;
  for (const row of rows) {
    const difference = best === null ? -1 : cost(row) - cost(best);
    if (difference < 0 || (difference === 0 && row.predicted! > best!.predicted!)) best = row;
  }
  return best;
}

/**
 * What a pick chooses; null where no configuration fits.
 * @param rows those inside the constraints
 * @param limit in the unit of the pick
 */
export function pickOf(pick: LimitedPick, rows: readonly SearchRow[], limit: number): SearchRow | null {
  const known = rows.filter((row) => row.predicted !== null);
  const accurate = () => known.filter((row) => row.predicted! * 100 >= limit);
  if (pick === 'cheapest') return least(accurate(), (row) => row.bitops);
  if (pick === 'smallest') return least(accurate(), (row) => row.sizeBytes);
  return least(
    known.filter((row) => row.bitops / 1e9 <= limit),
    (row) => -row.predicted!,
  );
}
