/** What an edit does to the whole network. */
import type { Configuration } from '../../../shared/schema/configuration.ts';
import type { SensitivityView } from '../../../shared/contract/look.ts';
import { configurationCost } from '../../../shared/domain/cost.ts';
import type { LayerFacts } from '../../../shared/domain/layer-graph.ts';
import { bitOpsUnit, SIZE_UNIT, type CostUnit } from '../compare/units.ts';
import { layerSnr, meanSnr } from './layer-rows.ts';

export const EFFECTS = ['predicted', 'measured', 'size', 'bitOps', 'weightBits', 'activationBits', 'weightSnr', 'activationSnr'] as const;
export type Effect = (typeof EFFECTS)[number];

/** Values in the unit in which they are shown; null = not known. */
export interface EffectRow {
  effect: Effect;
  before: number | null;
  after: number | null;
  unit: string;
  digits: number;
  good: 'up' | 'down' | null;
}

/** What is known of a configuration beside its costs. Accuracies are 0..1. */
export interface Known {
  predicted: number | null;
  measured: number | null;
}

interface Values {
  cost: ReturnType<typeof configurationCost>;
  weightSnr: number | null;
  activationSnr: number | null;
}

function valuesOf(configuration: Configuration, facts: readonly LayerFacts[], view: SensitivityView | null): Values {
  const snr = configuration.layers.map((layer) => layerSnr(view, layer));
  return {
    cost: configurationCost(configuration, facts),
    weightSnr: meanSnr(snr.map(({ weights }) => weights)),
    activationSnr: meanSnr(snr.map(({ activations }) => activations)),
  };
}
const scaled = (value: number | null | undefined, per: number): number | null =>
  value === null || value === undefined ? null : value / per;

/**
 * Rows of the effect table.
 * @param before null where nothing was edited; then only `after` is filled
 */
export function effectRows(
  after: { configuration: Configuration } & Known,
  before: ({ configuration: Configuration } & Known) | null,
  facts: readonly LayerFacts[],
  view: SensitivityView | null,
): EffectRow[] {
  const now = valuesOf(after.configuration, facts, view);
  const old = before && valuesOf(before.configuration, facts, view);
  const bitOps: CostUnit = bitOpsUnit([now.cost.total.bitOps, old?.cost.total.bitOps ?? 0]);
  const row = (
    effect: Effect,
    pick: (values: Values) => number | null,
    { per, digits, unit }: CostUnit,
    good: EffectRow['good'],
  ): EffectRow => ({ effect, before: old && scaled(pick(old), per), after: scaled(pick(now), per), unit, digits, good });
  const accuracy = (effect: 'predicted' | 'measured'): EffectRow => ({
    effect,
    before: scaled(before?.[effect], 0.01),
    after: scaled(after[effect], 0.01),
    unit: '%',
    digits: 2,
    good: 'up',
  });
  const bits: CostUnit = { unit: 'bit', per: 1, digits: 2 };
  const decibels: CostUnit = { unit: 'dB', per: 1, digits: 1 };
  return [
    accuracy('predicted'),
    accuracy('measured'),
    row('size', ({ cost }) => cost.total.sizeBytes, SIZE_UNIT, 'down'),
    row('bitOps', ({ cost }) => cost.total.bitOps, bitOps, 'down'),
    row('weightBits', ({ cost }) => cost.averageBits.weights, bits, null),
    row('activationBits', ({ cost }) => cost.averageBits.activations, bits, null),
    row('weightSnr', ({ weightSnr }) => weightSnr, decibels, 'up'),
    row('activationSnr', ({ activationSnr }) => activationSnr, decibels, 'up'),
  ];
}

/** Change of a row, computed from the values as shown. */
export function changeOf({ before, after, digits }: EffectRow): number | null {
  if (before === null || after === null) return null;
  return Number((Number(after.toFixed(digits)) - Number(before.toFixed(digits))).toFixed(digits));
}
