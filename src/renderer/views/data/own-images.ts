/** Images of the user's own: what a person chooses about them, and what is asked of the host. */
import type { DataReport } from '../../../shared/contract/data-report.ts';
import { canonicalJson } from '../../../shared/domain/canonical-json.ts';
import type { Recipe } from '../../../shared/schema/recipe.ts';

type Data = Recipe['data'];

/** What training is to see of the images. */
export interface ImagesForm {
  /** null = as the images are, or as the check proposes */
  height: number | null;
  width: number | null;
  /** 0 = grey where all images are */
  channels: 0 | 1 | 3;
  resize: Data['resize'];
  /** shares of each class, 0..0.5; they count only where the data set has no such split */
  validation: number;
  test: number;
  seed: number;
  skipCorrupt: boolean;
}
export type ImagesWish = Pick<Data, 'root' | 'size' | 'channels' | 'resize' | 'split' | 'skipCorrupt'> & { root: string };

/** The form as a data section states it; that of other images has the defaults of its splits. */
export const formOf = ({ dataset, size, channels, resize, split, skipCorrupt }: Data): ImagesForm => {
  const own = dataset === 'files';
  return {
    height: own ? (size?.[0] ?? null) : null,
    width: own ? (size?.[1] ?? null) : null,
    channels: own ? (channels ?? 0) : 0,
    resize,
    ...split,
    skipCorrupt: own && skipCorrupt,
  };
};

/** What the host is asked to look at. A size needs both sides: one alone is taken for both. */
export function wishOf(root: string, { height, width, channels, resize, validation, test, seed, skipCorrupt }: ImagesForm): ImagesWish {
  const [high, wide] = [height ?? width, width ?? height];
  return {
    root,
    ...(high !== null && wide !== null && { size: [high, wide] }),
    ...(channels !== 0 && { channels }),
    resize,
    split: { validation, test, seed },
    skipCorrupt,
  };
}

/** Whether a report still says what the images will be like. */
export function reportFits({ target, corrupt }: DataReport, checked: ImagesWish, now: ImagesWish): boolean {
  const settled = (wish: ImagesWish): unknown => [
    wish.root,
    wish.size ?? [target.height, target.width],
    wish.channels ?? target.channels,
    wish.resize,
    wish.split,
    corrupt.length > 0 && wish.skipCorrupt,
  ];
  return canonicalJson(settled(checked)) === canonicalJson(settled(now));
}

/** Width and height as people say them, with the channels where there are several: `320×240×3`. */
export const sizeText = (height: number, width: number, channels: number): string =>
  [width, height, ...(channels === 1 ? [] : [channels])].join('×');

export const DATASETS: readonly Data['dataset'][] = ['mnist', 'cluttered-mnist', 'digits', 'files'];

/** The fields of a data section that describe one place with images, and no other. */
const OWN_FIELDS = ['root', 'format', 'size', 'channels', 'classes', 'skipCorrupt'] as const;
export type OwnPart = Partial<Pick<Data, (typeof OWN_FIELDS)[number]>>;
export const ownPart = (data: Data): OwnPart => Object.fromEntries(OWN_FIELDS.map((field) => [field, data[field]]));

/**
 * A data section for another data set: what belongs to the images before goes, and `own` (images that were added before) comes
 * back with `files`.
 */
export function withDataset(data: Data, dataset: Data['dataset'], own: OwnPart | null): Data {
  const next: Data = { ...data, dataset };
  const cut = data.dataset === 'files' || dataset === 'files';
  if (cut) {
    for (const field of ['root', 'size', 'channels', 'classes'] as const) delete next[field];
    Object.assign(next, { format: 'auto', skipCorrupt: false });
  }
  return dataset === 'files' ? { ...next, ...own } : next;
}
