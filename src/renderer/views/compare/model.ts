/** Configurations of any runs side by side, aligned by the names of their layers. */
import type { RunView, ShelfEntry } from '../../../shared/contract/api/views.ts';
import type { SensitivityView } from '../../../shared/contract/look.ts';
import { commonForm, configurationKey, layersInOrder } from '../../../shared/domain/configuration.ts';
import { configurationCost, type ConfigurationCost, type LayerCost } from '../../../shared/domain/cost.ts';
import { formKey, type FormKey } from '../../../shared/domain/form.ts';
import type { LayerFacts } from '../../../shared/domain/layer-graph.ts';
import { shortName } from '../../../shared/domain/short-name.ts';
import type { LayerConfiguration } from '../../../shared/schema/configuration.ts';
import { slotOfLetter, type Letter } from '../../stores/compare.ts';
import { layerNoise, layerSnr } from '../inspect/layer-rows.ts';
import { SIZE_UNIT, type CostUnit } from './units.ts';

export interface SideLayer {
  /** place in its network, from 1 */
  number: number;
  facts: LayerFacts;
  layer: LayerConfiguration;
  cost: LayerCost;
  /** noise for each unit of signal power; null where not known */
  noise: number | null;
}

/** One of the compared configurations. Accuracies are 0..1. */
export interface Side {
  entry: ShelfEntry;
  letter: Letter;
  /** its place in the palette */
  slot: number;
  /** null when its run was deleted */
  run: RunView | null;
  key: string;
  id: string;
  cost: ConfigurationCost | null;
  /** null where layers differ */
  form: FormKey | null;
  /** by name, in network order */
  layers: ReadonlyMap<string, SideLayer>;
  predicted: number | null;
  measured: {
    accuracy: number;
    images: number;
    interval: readonly [number, number];
    classes: { correct: number; images: number }[] | null;
  } | null;
}

/** What the run itself measured of a configuration; it does not count classes. */
function measuredInRun(run: RunView | null, key: string): Side['measured'] {
  const found = run?.candidates.find(({ measured, configuration }) => measured !== null && configurationKey(configuration) === key);
  if (!found || found.measured === null) return null;
  const { measured: accuracy, measuredImages, interval } = found;
  return { accuracy, images: measuredImages ?? 0, interval: interval ?? [accuracy, accuracy], classes: null };
}

/** @param view noise of the layers of its run, where it is known */
export function sideOf(
  entry: ShelfEntry & { compare: Letter },
  run: RunView | null,
  predicted: number | null,
  view: SensitivityView | null,
): Side {
  const facts = run?.network?.layers ?? null;
  const key = configurationKey(entry.configuration);
  const found = facts && facts.length === entry.configuration.layers.length ? facts : null;
  const cost = found && configurationCost(entry.configuration, found);
  const ordered = found ? layersInOrder(entry.configuration, found) : [];
  return {
    entry,
    letter: entry.compare,
    slot: slotOfLetter(entry.compare),
    run,
    key,
    id: shortName(key),
    cost,
    form: commonForm(entry.configuration),
    layers: new Map(
      ordered.map((layer, index) => [
        layer.name,
        { number: index + 1, facts: found![index], layer, cost: cost!.layers[index], noise: layerNoise(layerSnr(view, layer)) },
      ]),
    ),
    predicted: entry.predicted ?? predicted,
    measured: entry.measured ?? measuredInRun(run, key),
  };
}

/**
 * One order for the layers of several networks: that of the first, and what it lacks behind the layer that it follows in
 * its own network.
 */
export function alignLayers(lists: readonly (readonly string[])[]): string[] {
  const order: string[] = [];
  for (const list of lists) {
    let at = 0;
    for (const name of list) {
      const known = order.indexOf(name);
      if (known >= 0) at = known + 1;
      else order.splice(at++, 0, name);
    }
  }
  return order;
}

/** One column of the aligned layers. */
export interface AlignedLayer {
  name: string;
  /** place in the baseline's network, else in the first that has it */
  number: number;
  /** by side; null where a configuration lacks the layer */
  cells: (SideLayer | null)[];
  differs: boolean;
}

const sameBits = (a: LayerConfiguration, b: LayerConfiguration): boolean =>
  a.weightBits === b.weightBits && a.activationBits === b.activationBits;

/**
 * Layers of all sides; a layer differs when a side lacks it or has other bits than the baseline, or where its forms or the
 * baseline's vary by layer, another form.
 */
export function alignedLayers(sides: readonly Side[], baseline: Side | null): AlignedLayer[] {
  const first = baseline ? [baseline, ...sides.filter((side) => side !== baseline)] : sides;
  const names = alignLayers(first.map(({ layers }) => [...layers.keys()]));
  return names.map((name) => {
    const cells = sides.map(({ layers }) => layers.get(name) ?? null);
    const base = baseline?.layers.get(name) ?? null;
    const differs = cells.some((cell, index) => {
      if (sides[index] === baseline || sides[index].layers.size === 0) return false;
      if (!cell || !base) return cell !== base;
      // two forms of whole networks are told by the table, not by each of the layers
      const byLayer = sides[index].form === null || baseline?.form === null;
      return !sameBits(cell.layer, base.layer) || (byLayer && formKey(cell.layer) !== formKey(base.layer));
    });
    return { name, number: first.map(({ layers }) => layers.get(name)?.number).find((each) => each !== undefined) ?? 0, cells, differs };
  });
}

export const COST_KINDS = ['bitOps', 'size', 'error'] as const;
export type CostKind = (typeof COST_KINDS)[number];

/** Cost of one layer: BitOps, bytes, or noise for each unit of signal power; null where not known. */
export function layerCostOf(cell: SideLayer | null, kind: CostKind): number | null {
  if (!cell) return null;
  if (kind === 'error') return cell.noise;
  return kind === 'bitOps' ? cell.cost.bitOps : cell.cost.sizeBytes;
}

/** The same of the whole; for noise the sum over the layers, null where one is not known. */
export function wholeCostOf(side: Side, kind: CostKind): number | null {
  if (!side.cost) return null;
  if (kind === 'bitOps') return side.cost.total.bitOps;
  if (kind === 'size') return side.cost.total.sizeBytes;
  let sum = 0;
  for (const { noise } of side.layers.values()) {
    if (noise === null) return null;
    sum += noise;
  }
  return sum;
}

/**
 * Unit of what layers cost more or less: noise in percent of the signal, BitOps one prefix below those of the whole.
 * @param bitOps unit of the BitOps of the whole
 */
export function layerUnit(kind: CostKind, bitOps: CostUnit): CostUnit {
  if (kind === 'size') return SIZE_UNIT;
  if (kind === 'error') return { unit: '%', per: 0.01, digits: 1 };
  return bitOps.unit === 'G' ? { unit: 'M', per: 1e6, digits: 0 } : bitOps;
}

/** Top-1 of every class in percent; null where it was not counted. */
export function classAccuracies(side: Side): (number | null)[] | null {
  const classes = side.measured?.classes;
  return classes ? classes.map(({ correct, images }) => (images > 0 ? (correct / images) * 100 : null)) : null;
}
