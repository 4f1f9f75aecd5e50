import type { StepDrift } from '../../shared/contract/job-protocol.ts';
import { heldActivations, PINNED_BITS } from '../../shared/domain/configuration.ts';
import { ALL_BITS } from '../../shared/domain/form.ts';
import { layerSpaces, type ElasticSpace } from '../../shared/domain/layer-space.ts';
import type { TableLayout } from '../quant/table-layout.ts';

/** Quantile of ascending values, linear between neighbours. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

function summary(granularity: StepDrift['granularity'], bits: number, logRatios: number[]): StepDrift[] {
  if (!logRatios.length) return [];
  const octaves = logRatios.map((value) => value / Math.LN2).sort((a, b) => a - b);
  const sizes = octaves.map(Math.abs).sort((a, b) => a - b);
  return [
    { granularity, bits, ratio: 2 ** quantile(octaves, 0.5), medianOctaves: quantile(sizes, 0.5), upperOctaves: quantile(sizes, 0.9) },
  ];
}

/**
 * How far the step sizes of weights and activations moved: Adam can blow up small steps (eqnet-spec 1.4). Only those that
 * training can draw count, since all others stay where calibration put them: forms and bits that the layer allows, and of
 * the layers and activations that are held at 8 bits only those 8.
 * @param before log step sizes at the start, [layout.size]
 * @param after  log step sizes at the end, [layout.size]
 */
export function stepDrift(layout: TableLayout, space: ElasticSpace, before: ArrayLike<number>, after: ArrayLike<number>): StepDrift[] {
  const { facts, points } = layout;
  const change = (entry: number) => after[entry] - before[entry];
  const drawn = (held: boolean, bits: number, choices: readonly number[]) => (held ? bits === PINNED_BITS : choices.includes(bits));
  const held = heldActivations(facts, points);
  const sets = layerSpaces(space, facts, points);
  const granularities = [...new Set([...space.granularities, ...sets.flatMap((layer) => layer.granularities)])];
  const weights = granularities.flatMap((granularity) =>
    ALL_BITS.flatMap((bits) =>
      summary(
        granularity,
        bits,
        facts.flatMap(({ pinned, outputChannels }, layer) => {
          const { weightBits, weightSymmetries, granularities: own } = sets[layer];
          if (!own.includes(granularity) || !drawn(pinned, bits, weightBits)) return [];
          return weightSymmetries.flatMap((symmetry) => {
            const entry = layout.weightEntry(layer, granularity, symmetry, bits);
            return Array.from({ length: granularity === 'channel' ? outputChannels : 1 }, (_, c) => change(entry + c));
          });
        }),
      ),
    ),
  );
  const activations = ALL_BITS.flatMap((bits) =>
    summary(
      'activation',
      bits,
      points.flatMap(({ readers }, point) => {
        const { activationBits, activationSymmetries } = readers.length ? sets[readers[0]] : space;
        return drawn(
          readers.some((reader) => held[reader]),
          bits,
          activationBits,
        )
          ? activationSymmetries.map((symmetry) => change(layout.activationEntry(point, symmetry, bits)))
          : [];
      }),
    ),
  );
  return [...weights, ...activations];
}
