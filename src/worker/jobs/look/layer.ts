import { WorkbenchError } from '../../../shared/contract/errors.ts';
import type { LookRequest } from '../../../shared/contract/job-protocol.ts';
import type { LayerView } from '../../../shared/contract/look.ts';
import { TableLayout } from '../../quant/table-layout.ts';
import { snapQuantizers, type IntegerQuantizer } from '../../quant/tables.ts';
import { layerWeights, newestState, quantizerTables, readCheckpointState } from './checkpoint-state.ts';
import { networkOf } from './network.ts';
import { codesOf, sameForAll } from './quantize.ts';

type LayerRequest = Extract<LookRequest, { kind: 'layer' }>;

/** Standardized third and fourth moment (not excess); standard deviation unbiased, as WDR computes them. 0 for equal values. */
export function moments(values: Float32Array): { skewness: number; kurtosis: number } {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1));
  if (!(deviation > 1e-12)) return { skewness: 0, kurtosis: 0 };
  let [third, fourth] = [0, 0];
  for (const value of values) {
    const d = (value - mean) / deviation;
    third += d ** 3;
    fourth += d ** 4;
  }
  return { skewness: third / count, kurtosis: fourth / count };
}

/** Counts of equal bins from `low` to `high`, both included. */
export function histogram(values: Float32Array, low: number, high: number, bins: number): number[] {
  const counts = Array<number>(bins).fill(0);
  const scale = high > low ? bins / (high - low) : 0;
  for (const value of values) counts[Math.min(bins - 1, Math.floor((value - low) * scale))]++;
  return counts;
}

/** The levels of the first channel, how many values lie on each level of their channel, and the share that is clipped. */
function onGrid(values: Float32Array, quantizer: IntegerQuantizer) {
  const { steps, zeroPoints, low, high } = quantizer;
  const levels = Array.from({ length: high - low + 1 }, (_, place) => steps[0] * (low + place - zeroPoints[0]));
  const levelCounts = Array<number>(levels.length).fill(0);
  let clipped = 0;
  codesOf(values, quantizer).forEach((code, i) => {
    const c = i % steps.length;
    levelCounts[code - low]++;
    const position = values[i] / steps[c] + zeroPoints[c];
    if (position < low - 0.5 || position > high + 0.5) clipped++;
  });
  return { levels, levelCounts, clipped: clipped / values.length };
}

function range(sets: readonly Float32Array[]): { minimum: number; maximum: number } {
  let [minimum, maximum] = [Infinity, -Infinity];
  for (const set of sets)
    for (const value of set) {
      if (value < minimum) minimum = value;
      if (value > maximum) maximum = value;
    }
  return { minimum, maximum };
}

/**
 * Weights of one layer at the newest checkpoint of a run, and the grid that the asked choice puts them on: snapped, as it
 * is measured and exported.
 * @throws WorkbenchError `config-invalid` for a layer that the network has not, `checkpoint-invalid` for a missing or damaged checkpoint
 */
export async function lookAtLayer({
  recipe,
  runDirectory,
  models,
  layer: name,
  bits,
  granularity,
  symmetry,
  bins,
}: LayerRequest): Promise<LayerView> {
  const layout = new TableLayout(await networkOf(recipe, models));
  const layer = layout.facts.findIndex((facts) => facts.name === name);
  if (layer < 0) {
    const names = layout.facts.map((facts) => facts.name).join(', ');
    throw new WorkbenchError('config-invalid', `The network has no quantized layer '${name}': name one of ${names}.`);
  }
  const state = newestState(runDirectory);
  const values = layerWeights(layout, state, layer);
  const trained = state.phase === 'pretrain' ? state : readCheckpointState(runDirectory, 'pretrain');
  const before = trained && layerWeights(layout, trained, layer);
  const { minimum, maximum } = range(before ? [values, before] : [values]);
  const tables = quantizerTables(layout, recipe, state, [layer]);
  const quantizer = snapQuantizers(layout, tables, sameForAll(layout, bits, granularity, symmetry)).weights[layer];
  return {
    layer: name,
    phase: state.phase,
    step: state.phase === 'supernet' && state.done ? null : state.step,
    values: values.length,
    ...moments(values),
    minimum,
    maximum,
    counts: histogram(values, minimum, maximum, bins),
    floatCounts: before && histogram(before, minimum, maximum, bins),
    ...onGrid(values, quantizer),
    stepSize: quantizer.steps[0],
    zeroPoint: quantizer.zeroPoints[0],
    channels: layout.facts[layer].outputChannels,
  };
}
