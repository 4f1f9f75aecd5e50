/** Spaces that people often want, as changes of the present one. */
import { ALL_BITS, GRANULARITIES, SYMMETRIES } from '../../../shared/domain/form.ts';
import type { LayerOverride } from '../../../shared/domain/layer-space.ts';
import type { Field, Space } from './space-edits.ts';

export const PRESETS = [
  'paper',
  'small',
  'high',
  'powers',
  'weightsOnly',
  'symmetric',
  'symmetricWeights',
  'channel',
  'tensor',
  'allForms',
] as const;
export type Preset = (typeof PRESETS)[number];

const from = (low: number): number[] => ALL_BITS.filter((bits) => bits >= low);
const bits = (weightBits: number[], activationBits = weightBits): Partial<Space> => ({ weightBits, activationBits });
const forms = { granularities: [...GRANULARITIES], weightSymmetries: [...SYMMETRIES], activationSymmetries: [...SYMMETRIES] };

/** What each sets; all else stays. */
const SETS: Readonly<Record<Preset, Partial<Space>>> = {
  paper: { ...bits(from(2)), ...forms },
  small: bits(from(3)),
  high: bits(from(4)),
  powers: bits([2, 4, 8]),
  weightsOnly: bits(from(2), [8]),
  symmetric: { weightSymmetries: ['symmetric'], activationSymmetries: ['symmetric'] },
  symmetricWeights: { weightSymmetries: ['symmetric'] },
  channel: { granularities: ['channel'] },
  tensor: { granularities: ['tensor'] },
  allForms: forms,
};

/** The space with a preset; layers lose their own sets of what it states. */
export function applyPreset(space: Space, preset: Preset): Space {
  const sets = SETS[preset];
  const stated = Object.keys(sets) as Field[];
  const layers = Object.entries(space.layers)
    .map(([name, own]) => [name, Object.fromEntries(Object.entries(own).filter(([field]) => !stated.includes(field as Field)))] as const)
    .filter(([, own]) => Object.keys(own).length > 0);
  return JSON.parse(JSON.stringify({ ...space, ...sets, layers: Object.fromEntries(layers) as Record<string, LayerOverride> })) as Space;
}
