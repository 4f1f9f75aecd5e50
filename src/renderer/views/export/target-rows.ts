/** What a target makes of one configuration, as rows of a table and as sentences. */
import { MAX_BITS, type Form } from '../../../shared/domain/form.ts';
import type { LayerGraph } from '../../../shared/domain/layer-graph.ts';
import { activationRule, weightRule, type Rule, type Support, type Target } from '../../../shared/domain/targets/target.ts';
import type { Configuration, LayerConfiguration } from '../../../shared/schema/configuration.ts';

/** A bit-width with the layers that have it; null = no layer. */
export interface BitRow {
  bits: number;
  weightLayers: number;
  activationLayers: number;
  weights: Rule | null;
  activations: Rule | null;
}

/** Layers with weights of one form. */
export interface FormRow {
  granularity: Form['granularity'];
  symmetry: Form['weightSymmetry'];
  layers: number;
  rule: Rule;
}

export interface TargetView {
  bits: BitRow[];
  forms: FormRow[];
  /** residual adds of the network; 0 = none */
  adds: number;
  /** some of it is refused: the file does not load there */
  refused: Rule | null;
  /** something has fewer than 8 bits */
  fewer: boolean;
  /** zero points differ between channels of a layer */
  mixedZeroPoints: boolean;
}

const count = (layers: readonly LayerConfiguration[], holds: (layer: LayerConfiguration) => boolean): number => layers.filter(holds).length;

export function viewTarget(target: Target, { layers }: Configuration, graph: LayerGraph | null): TargetView {
  const bits: BitRow[] = [];
  for (let width = MAX_BITS; width >= 2; width--) {
    const weightLayers = count(layers, ({ weightBits }) => weightBits === width);
    const activationLayers = count(layers, ({ activationBits }) => activationBits === width);
    if (weightLayers + activationLayers === 0) continue;
    bits.push({
      bits: width,
      weightLayers,
      activationLayers,
      weights: weightLayers > 0 ? weightRule(target, width) : null,
      activations: activationLayers > 0 ? activationRule(target, width) : null,
    });
  }
  const forms = (['channel', 'tensor'] as const).flatMap((granularity) =>
    (['symmetric', 'asymmetric'] as const).flatMap((symmetry): FormRow[] => {
      const found = count(layers, (layer) => layer.granularity === granularity && layer.weightSymmetry === symmetry);
      return found > 0 ? [{ granularity, symmetry, layers: found, rule: target.weights[granularity][symmetry] }] : [];
    }),
  );
  const rules = [...bits.flatMap((row) => [row.weights, row.activations]), ...forms.map(({ rule }) => rule)];
  return {
    bits,
    forms,
    adds: graph?.layers.filter(({ kind }) => kind === 'add').length ?? 0,
    refused: rules.find((rule) => rule?.support === 'none') ?? null,
    fewer: layers.some(({ weightBits, activationBits }) => weightBits < MAX_BITS || activationBits < MAX_BITS),
    mixedZeroPoints: layers.some((layer) => layer.granularity === 'channel' && layer.weightSymmetry === 'asymmetric'),
  };
}

/** The sentences of a row: one where weights and activations are taken alike, else both; what is refused stands alone. */
export function howOf({ weights, activations }: Pick<BitRow, 'weights' | 'activations'>): string[] {
  const rules = [weights, activations].filter((rule) => rule !== null);
  const refused = rules.filter(({ support }) => support === 'none');
  return [...new Set((refused.length > 0 ? refused : rules).map(({ how }) => how))];
}

const WORST: readonly Support[] = ['none', 'storage', 'emulated', 'native'];
const worst = (rules: readonly (Rule | null)[]): Rule | null => {
  const known = rules.filter((rule) => rule !== null);
  return known.sort((a, b) => WORST.indexOf(a.support) - WORST.indexOf(b.support))[0] ?? null;
};

/** A whole target in one row: how it takes the worst of the weights and of the activations. */
export function summaryOf(target: Target, configuration: Configuration): { weights: Rule | null; activations: Rule | null } {
  const { bits, forms } = viewTarget(target, configuration, null);
  // a form can cost more than a bit-width does
  return {
    weights: worst([...forms.map(({ rule }) => rule), ...bits.map(({ weights }) => weights)]),
    activations: worst(bits.map(({ activations }) => activations)),
  };
}
