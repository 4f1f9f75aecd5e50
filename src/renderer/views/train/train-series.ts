import type { CurveChoice } from '../../stores/run-curves.ts';
import { TRAININGS, type Training } from './train-state.ts';

/** Series that are read together, by how their names begin. */
export interface SeriesGroup {
  prefixes: readonly string[];
  groups?: CurveChoice['groups'];
}

/** What is drawn over the steps; totals of the loss are not. */
const CURVES: Readonly<Record<Training, readonly string[]>> = {
  pretrain: ['pretrain/loss', 'pretrain/rate', 'pretrain/checkpoint'],
  supernet: [
    'supernet/checkpoint',
    'supernet/rate',
    'supernet/accuracy/',
    'supernet/highest/cross-entropy',
    'supernet/random',
    'supernet/lowest/cross-entropy',
    'supernet/lowest/divergence',
    'supernet/wdr',
  ],
};
/** Series of which only the beginning or the end is shown. */
const ENDS: Readonly<Record<Training, readonly string[]>> = {
  pretrain: [],
  supernet: ['supernet/kurtosis/', 'supernet/skewness/', ...['highest', 'random', 'lowest', 'update'].map((part) => `supernet/ms/${part}`)],
};
const ENDS_GROUPS = 8;
/** The memory's curve is as small as a line of text. */
const MEMORY: SeriesGroup = { prefixes: ['engine/'], groups: 180 };

/** Points that are weighed with those of another series one by one. */
const pairs = (training: Training): SeriesGroup => ({ prefixes: [`${training}/ms/step`, `${training}/idle-share`], groups: 'all' });

/** Whether a series is drawn over the steps, so that it can be zoomed into. */
export const isCurve = (training: Training, name: string): boolean => CURVES[training].some((prefix) => name.startsWith(prefix));

/** What the Train screen reads, the one after the other: first the curves, each of which is drawn once, at last the other training. */
export function seriesToRead(training: Training): SeriesGroup[] {
  const all = [training, ...TRAININGS.filter((each) => each !== training)];
  return all
    .flatMap((each): SeriesGroup[] => [
      { prefixes: CURVES[each] },
      { prefixes: ENDS[each], groups: ENDS_GROUPS },
      ...(each === training ? [MEMORY] : []),
      pairs(each),
    ])
    .filter(({ prefixes }) => prefixes.length > 0);
}
