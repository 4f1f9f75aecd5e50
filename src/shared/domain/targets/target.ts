/**
 * What a runtime on a device makes of an exported file. Every entry states a fact that was measured with files of the
 * workbench or read in the vendor's documents; what is not known is null.
 */
import { MAX_BITS, type Form } from '../form.ts';
import type { ExportFormatId } from '../export-formats.ts';

/** `emulated`: correct, but no faster and no smaller than 8 bits or floating point. */
export type Support = 'native' | 'emulated' | 'storage' | 'none';

export interface Rule {
  support: Support;
  /** key of the sentence that says how, below `export.how` */
  how: string;
}

/** Weights of one form, by granularity and symmetry. */
export type WeightRules = Readonly<Record<Form['granularity'], Readonly<Record<Form['weightSymmetry'], Rule>>>>;

export interface Target {
  id: string;
  /** name and version as their makers write them */
  name: string;
  /** the format that it loads */
  format: ExportFormatId;
  /** oldest version that runs asymmetric weights whose zero points differ between channels; null = no version is special */
  mixedZeroPointsFrom: string | null;
  /** symmetric weights of 8 bits, and of fewer */
  weightBits: { full: Rule; fewer: Rule };
  activationBits: { full: Rule; fewer: Rule };
  weights: WeightRules;
  /** a residual add of two quantized tensors */
  residualAdd: Rule | null;
  /** the linear layer at the end, whose output is not quantized */
  lastLinear: Rule | null;
  /** key of where the facts come from, below `export.source` */
  source: 'measured' | 'documents';
}

/** How a target takes weights of so many bits. */
export const weightRule = (target: Target, bits: number): Rule => (bits < MAX_BITS ? target.weightBits.fewer : target.weightBits.full);

export const activationRule = (target: Target, bits: number): Rule =>
  bits < MAX_BITS ? target.activationBits.fewer : target.activationBits.full;

/** What a target has to run: its fewest bits, and the forms of its weights. */
export interface TargetDemand {
  weightBits: number;
  activationBits: number;
  forms: readonly Pick<Form, 'granularity' | 'weightSymmetry'>[];
}

/** The rules that decide how a target takes it, each once: activations where they are refused, bits below 8, and forms. */
export function rulesFor(target: Target, { weightBits, activationBits, forms }: TargetDemand): Rule[] {
  const activations = activationRule(target, activationBits);
  const rules = [
    ...(activations.support === 'none' ? [activations] : []),
    ...(weightBits < MAX_BITS || activationBits < MAX_BITS ? [weightRule(target, Math.min(weightBits, activationBits))] : []),
    ...forms.map(({ granularity, weightSymmetry }) => target.weights[granularity][weightSymmetry]),
  ];
  return rules.filter((rule, index) => rules.findIndex(({ how }) => how === rule.how) === index);
}
