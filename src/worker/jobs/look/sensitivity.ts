import type { SensitivityView } from '../../../shared/contract/look.ts';
import { ALL_BITS, GRANULARITIES, SYMMETRIES } from '../../../shared/domain/form.ts';
import type { Recipe } from '../../../shared/schema/recipe.ts';
import { TableLayout } from '../../quant/table-layout.ts';
import { snapQuantizers } from '../../quant/tables.ts';
import { layerWeights, newestState, quantizerTables, type CheckpointState } from './checkpoint-state.ts';
import { networkOf } from './network.ts';
import { quantizationSnr, sameForAll } from './quantize.ts';

type WeightSnr = SensitivityView['layers'][number]['weights'];

const everyLayer = (layout: TableLayout) => layout.facts.map((_, layer) => layer);

/** Weight SQNR of every layer, form and bit-width, dB, on the grids that would be exported. */
export function weightSensitivity(layout: TableLayout, recipe: Recipe, state: CheckpointState): WeightSnr[] {
  const tables = quantizerTables(layout, recipe, state, everyLayer(layout));
  const result = layout.facts.map((): WeightSnr => ({ ts: [], ta: [], cs: [], ca: [] }));
  for (const granularity of GRANULARITIES)
    for (const symmetry of SYMMETRIES)
      for (const bits of ALL_BITS) {
        const { weights } = snapQuantizers(layout, tables, sameForAll(layout, bits, granularity, symmetry));
        const form = `${granularity[0]}${symmetry[0]}` as keyof WeightSnr;
        result.forEach((snr, layer) => snr[form].push(quantizationSnr(layerWeights(layout, state, layer), weights[layer])));
      }
  return result;
}

/** Weight SQNR at the newest checkpoint of a run. @throws WorkbenchError `checkpoint-invalid` */
export async function lookAtSensitivity(recipe: Recipe, runDirectory: string, models?: string): Promise<SensitivityView> {
  const layout = new TableLayout(await networkOf(recipe, models));
  const weights = weightSensitivity(layout, recipe, newestState(runDirectory));
  return { layers: layout.facts.map(({ name }, layer) => ({ name, weights: weights[layer], activations: null })) };
}
