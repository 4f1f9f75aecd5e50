/** How the Data & model screen is set. */
import type { SplitName } from '../../../shared/contract/look.ts';

export const SPLITS: readonly SplitName[] = ['train', 'validation', 'test'];
/** Screen pixels for each pixel of an image. */
export const ZOOMS = [1, 2, 3, 4] as const;

export interface DataSettings {
  split: SplitName;
  /** only images of this class; null = all */
  label: number | null;
  /** with the random shift of training */
  augmented: boolean;
  zoom: number;
  /** what the lower panel shows where there is no room for both */
  part: 'network' | 'recipe';
  /** every operation of the network, not only those with weights */
  operations: boolean;
  /** text of the recipe that is being typed and is no recipe yet; null = none */
  text: string | null;
}

/** Stored facts as settings; what is missing or unknown gets its default. */
export function readDataSettings(stored: unknown): DataSettings {
  const found = (typeof stored === 'object' && stored !== null ? stored : {}) as Partial<Record<keyof DataSettings, unknown>>;
  const { label, text, zoom } = found;
  return {
    split: SPLITS.find((split) => split === found.split) ?? 'train',
    label: typeof label === 'number' && Number.isInteger(label) && label >= 0 ? label : null,
    augmented: found.augmented === true,
    zoom: ZOOMS.find((each) => each === zoom) ?? 2,
    part: found.part === 'recipe' ? 'recipe' : 'network',
    operations: found.operations === true,
    text: typeof text === 'string' ? text : null,
  };
}
