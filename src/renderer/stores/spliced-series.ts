import type { MeansView, SeriesView } from './metric-series.ts';

const lastBelow = (steps: Float64Array, step: number): number => {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step) low = middle + 1;
    else high = middle;
  }
  return low;
};

type Columns = Pick<MeansView, 'steps' | 'times' | 'values'>;

/** Of `around` what lies before `first` and behind `last`, with `inside` in between. */
function put<Kind extends Columns>(around: Kind, inside: Kind, first: number, last: number): Kind {
  const before = lastBelow(around.steps, first);
  let behind = lastBelow(around.steps, last);
  while (around.steps[behind] <= last) behind++;
  const made: Record<string, unknown> = {};
  for (const [name, column] of Object.entries(around) as [keyof Kind & string, Float64Array][]) {
    const middle = inside[name] as unknown as Float64Array;
    const Type = column.constructor as Float64ArrayConstructor;
    const all = new Type(before + middle.length + column.length - behind);
    all.set(column.subarray(0, before));
    all.set(middle, before);
    all.set(column.subarray(behind), before + middle.length);
    made[name] = all;
  }
  return made as unknown as Kind;
}

const pointsOf = ({ steps, times, values }: SeriesView): Columns => ({ steps, times, values });
const meansOf = (view: SeriesView): MeansView => view.means ?? { ...pointsOf(view), counts: new Uint32Array(view.steps.length).fill(1) };

/** A curve of the whole run with the finer points of a part of it in their place. `total` is that of the curve. */
export function spliced(coarse: SeriesView, fine: SeriesView, serial: number): SeriesView {
  if (fine.count === 0 || !coarse.means) return coarse;
  const [first, last] = [fine.steps[0], fine.steps[fine.count - 1]];
  const points = put(pointsOf(coarse), pointsOf(fine), first, last);
  return { ...points, count: points.steps.length, total: coarse.total, means: put(meansOf(coarse), meansOf(fine), first, last), serial };
}
