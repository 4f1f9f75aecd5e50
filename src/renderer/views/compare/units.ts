import { t } from '../../i18n.ts';

/** How costs of a few configurations are written so that they stay comparable: one unit and one precision for all. */
export interface CostUnit {
  unit: string;
  /** of the unit in one */
  per: number;
  digits: number;
}

/** BitOps in G from a tenth of a G on, else in M. */
export function bitOpsUnit(values: readonly number[]): CostUnit {
  return Math.max(0, ...values) >= 1e8 ? { unit: 'G', per: 1e9, digits: 3 } : { unit: 'M', per: 1e6, digits: 1 };
}
export const SIZE_UNIT: CostUnit = { unit: 'kB', per: 1000, digits: 1 };

/** A value as it is shown, as a number: what differences are computed from. */
const shownValue = (value: number, { per, digits }: CostUnit): number => Number((value / per).toFixed(digits));

/** Difference of two values as shown, in the unit. */
export const shownDifference = (after: number, before: number, unit: CostUnit): number =>
  Number((shownValue(after, unit) - shownValue(before, unit)).toFixed(unit.digits));

/** Difference of two values as shown, in whole percent of the second; null where that is zero. */
export function shownPercent(after: number, before: number, unit: CostUnit): number | null {
  const base = shownValue(before, unit);
  return base === 0 ? null : Math.round((shownValue(after, unit) / base - 1) * 100);
}

/** Heading with a unit: `BitOps, G`. */
export const withUnit = (name: string, unit: string): string => t('compare.withUnit', { name, unit });
