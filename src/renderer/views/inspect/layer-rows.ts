/** What the layers of a configuration cost and how much they are disturbed by quantization. */
import type { SensitivityView } from '../../../shared/contract/look.ts';
import { configurationCost, type LayerCost } from '../../../shared/domain/cost.ts';
import { formKey, type FormKey, MIN_BITS } from '../../../shared/domain/form.ts';
import type { LayerFacts } from '../../../shared/domain/layer-graph.ts';
import type { Configuration, LayerConfiguration } from '../../../shared/schema/configuration.ts';

/** Signal-to-quantization-noise ratios of one layer, dB; null where not known. */
export interface LayerSnr {
  weights: number | null;
  activations: number | null;
}

export interface LayerRow extends LayerSnr {
  /** place in the network, from 1 */
  number: number;
  name: string;
  facts: LayerFacts;
  layer: LayerConfiguration;
  form: FormKey;
  /** before the edits, where the layer was edited */
  was: LayerConfiguration | null;
  cost: LayerCost;
  /** share of the whole network, 0..1 */
  sizeShare: number;
  bitOpsShare: number;
  /** noise power for each unit of signal power: weights, and activations where they are measured; null where not known */
  noise: number | null;
  noiseShare: number | null;
}

/** Power of the noise for each unit of signal power. */
export const noiseOf = (decibels: number): number => 10 ** (-decibels / 10);

/** SQNR of a layer under its bits and form. */
export function layerSnr(view: SensitivityView | null, layer: LayerConfiguration): LayerSnr {
  const found = view?.layers.find(({ name }) => name === layer.name);
  const form = formKey(layer);
  const weights = found?.weights[form.slice(0, 2) as 'ts' | 'ta' | 'cs' | 'ca'][layer.weightBits - MIN_BITS];
  const activations = found?.activations?.[form[2] as 's' | 'a'][layer.activationBits - MIN_BITS];
  return { weights: weights ?? null, activations: activations ?? null };
}

/** Noise of weights and, where measured, activations together; null where the weights' is not known. */
export function layerNoise({ weights, activations }: LayerSnr): number | null {
  return weights === null ? null : noiseOf(weights) + (activations === null ? 0 : noiseOf(activations));
}

/** SQNR of the mean noise of some layers, dB; null where none or not all are known. */
export function meanSnr(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null);
  if (known.length === 0 || known.length < values.length) return null;
  return -10 * Math.log10(known.reduce((sum, value) => sum + noiseOf(value), 0) / known.length);
}

/** @param before the configuration before the edits; null without edits */
export function layerRows(
  configuration: Configuration,
  before: Configuration | null,
  facts: readonly LayerFacts[],
  view: SensitivityView | null,
): LayerRow[] {
  const { layers: costs, total } = configurationCost(configuration, facts);
  const rows = configuration.layers.map((layer, index): LayerRow => {
    const snr = layerSnr(view, layer);
    const old = before?.layers[index];
    const edited =
      old && (old.weightBits !== layer.weightBits || old.activationBits !== layer.activationBits || formKey(old) !== formKey(layer));
    return {
      ...snr,
      number: index + 1,
      name: layer.name,
      facts: facts[index],
      layer,
      form: formKey(layer),
      was: edited ? old : null,
      cost: costs[index],
      sizeShare: costs[index].sizeBytes / total.sizeBytes,
      bitOpsShare: costs[index].bitOps / total.bitOps,
      noise: layerNoise(snr),
      noiseShare: null,
    };
  });
  const whole = rows.reduce((sum, { noise }) => sum + (noise ?? 0), 0);
  return rows.map((row) => ({ ...row, noiseShare: row.noise === null || whole === 0 ? null : row.noise / whole }));
}

export const ROW_ORDERS = ['network', 'error', 'size'] as const;
export type RowOrder = (typeof ROW_ORDERS)[number];

/** Rows in network order, or largest share first. */
export function orderRows(rows: readonly LayerRow[], order: RowOrder): LayerRow[] {
  if (order === 'network') return [...rows];
  const share = (row: LayerRow): number => (order === 'size' ? row.sizeShare : (row.noiseShare ?? -1));
  return [...rows].sort((a, b) => share(b) - share(a) || a.number - b.number);
}

/** Longest name that is shown as it is. */
const LONGEST = 14;

/** A name for narrow columns: of a long one, the parts before the last are cut to a letter and their number, `s1.b2.conv1`. */
export function narrowName(name: string): string {
  if (name.length <= LONGEST) return name;
  const parts = name.split('.');
  return [...parts.slice(0, -1).map((part) => part.replace(/^([a-z])[a-z_-]*?(\d*)$/i, '$1$2')), parts.at(-1)].join('.');
}
