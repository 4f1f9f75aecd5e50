import type { RunView } from '../../../shared/contract/api/views.ts';
import { uniformConfiguration } from '../../../shared/domain/configuration.ts';
import { costsOf } from '../../../shared/domain/cost.ts';
import { parseForm } from '../../../shared/domain/form.ts';
import type { LayerFacts } from '../../../shared/domain/layer-graph.ts';
import type { UniformPoint } from '../../charts/front-model.ts';
import { LOOKS, type Axis } from './measures.ts';

/** Costs of uniform configurations may lie this many times beyond those of the points and are still drawn. */
const BEYOND = 1.3;

/**
 * Uniform configurations as they were measured for the grid, for each pair of bit-widths the most accurate form; those far
 * from all other points are left out.
 * @param xs costs of the points on the chart, in its unit
 */
export function uniformPoints(
  run: Pick<RunView, 'grid'>,
  layers: readonly LayerFacts[],
  axis: Axis,
  xs: readonly number[],
): UniformPoint[] {
  if (layers.length === 0 || xs.length === 0) return [];
  let low = Infinity;
  let high = -Infinity;
  for (const x of xs) {
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  const best = new Map<string, RunView['grid'][number]>();
  for (const cell of run.grid) {
    const label = `${cell.weightBits}/${cell.activationBits}`;
    const known = best.get(label);
    if (!known || cell.accuracy > known.accuracy) best.set(label, cell);
  }
  return [...best].flatMap(([label, { weightBits, activationBits, form, accuracy }]) => {
    const costs = costsOf(uniformConfiguration(layers, { weightBits, activationBits }, parseForm(form)), layers);
    const x = LOOKS[axis].value({ ...costs, predicted: null });
    return x >= low / BEYOND && x <= high * BEYOND ? [{ label, x, y: accuracy * 100 }] : [];
  });
}
