import { heldActivations } from '../../shared/domain/configuration.ts';
import { MAX_BITS, type Form } from '../../shared/domain/form.ts';
import { layerForm, layerSpace, layerSpaces, type ElasticSpace, type LayerSpace } from '../../shared/domain/layer-space.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import type { Configuration, LayerConfiguration } from '../../shared/schema/configuration.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import type { TableLayout } from '../quant/table-layout.ts';

/** Which subnet of a step: highest bits, random bits, lowest bits (sandwich rule, EQ-Net section 3.3). */
export type SubnetRole = 'highest' | 'random' | 'lowest';

/** The roles of one step in the order of their passes: H, R (as many as asked), L. */
export function stepRoles(randomSubnets: number): SubnetRole[] {
  return ['highest', ...Array<SubnetRole>(randomSubnets).fill('random'), 'lowest'];
}

/**
 * Draws the subnet of pass `pass` in training step `step`: forms for each layer (or once for the network), bits by role
 * (the highest, any or the lowest of what each layer allows), first and last layer (and what shares their input) at 8 bits.
 * Layers that read one tensor share its activation choice. Which numbers are drawn depends on the network's layers alone,
 * so the choices of one layer do not change those of another.
 */
export function drawSubnet(
  layout: TableLayout,
  space: ElasticSpace,
  scope: Recipe['supernet']['forms'],
  role: SubnetRole,
  seed: number,
  step: number,
  pass: number,
): Configuration {
  const random = new RandomStream(seed, `supernet/pass-${pass}`, step);
  const drawForm = (sets: LayerSpace): Form => ({
    granularity: random.pick(sets.granularities),
    weightSymmetry: random.pick(sets.weightSymmetries),
    activationSymmetry: random.pick(sets.activationSymmetries),
  });
  const drawBits = (candidates: readonly number[]) =>
    role === 'highest' ? Math.max(...candidates) : role === 'lowest' ? Math.min(...candidates) : random.pick(candidates);
  const shared = drawForm(space);
  const sets = layerSpaces(space, layout.facts, layout.points);
  const held = heldActivations(layout.facts, layout.points);
  const layers = layout.facts.map((facts, index): LayerConfiguration => {
    const form = scope === 'layer' ? drawForm(sets[index]) : layerForm(shared, sets[index]);
    // What readers of a held tensor do not agree on is not used; they need not have bits in common.
    const bits = held[index] ? layerSpace(space, facts.name) : sets[index];
    const [weightBits, activationBits] = [drawBits(bits.weightBits), drawBits(bits.activationBits)];
    return {
      name: facts.name,
      weightBits: facts.pinned ? MAX_BITS : weightBits,
      activationBits: held[index] ? MAX_BITS : activationBits,
      ...form,
    };
  });
  for (const { readers } of layout.points) {
    for (const reader of readers.slice(1)) {
      const { activationBits, activationSymmetry } = layers[readers[0]];
      layers[reader] = { ...layers[reader], activationBits, activationSymmetry };
    }
  }
  return { layers };
}
