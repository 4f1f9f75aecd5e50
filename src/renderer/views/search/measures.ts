/** The quantities of the Search screen in the units in which it shows them. */
import type { Limits } from '../../charts/range-text.ts';
import { within } from '../../charts/range-text.ts';
import type { Costs } from '../../../shared/contract/job-protocol.ts';
import type { SearchRow } from './search-rows.ts';

export const MEASURES = ['top1', 'bitops', 'size', 'weightBits', 'activationBits'] as const;
export type Measure = (typeof MEASURES)[number];
/** Quantities that the front is drawn over. */
export const AXES = ['bitops', 'size', 'weightBits'] as const;
export type Axis = (typeof AXES)[number];

/** What quantities are computed from. */
export type Measurable = Costs & Pick<SearchRow, 'predicted'>;

interface Look {
  /** NaN where it is not known */
  value: (row: Measurable) => number;
  digits: number;
  /** key of the unit below `search.unit` */
  unit: 'percent' | 'giga' | 'kilobytes' | 'bits';
  log: boolean;
  /** the limit that people set: accuracy from below, costs from above */
  sides: 'low' | 'high' | 'both';
}

export const LOOKS: Readonly<Record<Measure, Look>> = {
  top1: { value: (row) => (row.predicted ?? NaN) * 100, digits: 2, unit: 'percent', log: false, sides: 'low' },
  bitops: { value: (row) => row.bitops / 1e9, digits: 3, unit: 'giga', log: true, sides: 'high' },
  size: { value: (row) => row.sizeBytes / 1000, digits: 1, unit: 'kilobytes', log: true, sides: 'high' },
  weightBits: { value: (row) => row.averageWeightBits, digits: 2, unit: 'bits', log: false, sides: 'both' },
  activationBits: { value: (row) => row.averageActivationBits, digits: 2, unit: 'bits', log: false, sides: 'both' },
};

export type Constraints = Record<Measure, Limits>;
const NO_LIMITS: Limits = { low: null, high: null };

export const noConstraints = (): Constraints => Object.fromEntries(MEASURES.map((measure) => [measure, { ...NO_LIMITS }])) as Constraints;

/** Whether any limit is set. */
export const isConstrained = (constraints: Constraints): boolean =>
  MEASURES.some((measure) => constraints[measure].low !== null || constraints[measure].high !== null);

/** Whether a row lies inside the limits; `except` names quantities that do not count. */
export function isInside(row: Measurable, constraints: Constraints, except: readonly Measure[] = []): boolean {
  return MEASURES.every((measure) => {
    const limits = constraints[measure];
    if ((limits.low === null && limits.high === null) || except.includes(measure)) return true;
    return within(limits, LOOKS[measure].value(row));
  });
}
