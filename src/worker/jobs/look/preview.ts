import type { LookRequest } from '../../../shared/contract/job-protocol.ts';
import type { DataPreview, SplitName } from '../../../shared/contract/look.ts';
import { deriveSeed, RandomStream } from '../../../shared/domain/random.ts';
import type { Recipe } from '../../../shared/schema/recipe.ts';
import { augmentImage } from '../../data/augmentations/apply.ts';
import { fillBatch } from '../../data/batch.ts';
import type { ImageSet } from '../../data/dataset.ts';
import { dataShape, openPreview } from '../../data/preview.ts';

type PreviewRequest = Extract<LookRequest, { kind: 'preview' }>;

const SPLITS: readonly SplitName[] = ['train', 'validation', 'test'];

function countClasses(labels: ImageSet['labels'], classes: number): number[] {
  const perClass = Array<number>(classes).fill(0);
  for (const label of labels) perClass[label]++;
  return perClass;
}

/** The places in a split of images `offset` .. `offset + count - 1` of those with the label (of all without one). */
function chooseImages(labels: ImageSet['labels'], { offset, count, label }: PreviewRequest): number[] {
  if (label === undefined)
    return Array.from({ length: Math.max(0, Math.min(count, labels.length - offset)) }, (_, position) => offset + position);
  const chosen: number[] = [];
  for (let index = 0, seen = 0; index < labels.length && chosen.length < count; index++)
    if (labels[index] === label && seen++ >= offset) chosen.push(index);
  return chosen;
}

/** One image as training sees it: randomly changed, the same way whenever it is looked at. Blends of two images are not shown. */
function changed(image: ImageSet, { shift, augment }: Recipe['data'], seed: number, index: number): Uint8Array {
  const values = new Float32Array(image.images.length);
  fillBatch(image, [0], values, new Int32Array(1), { shift, seed, step: index });
  augmentImage(values, image, augment, new RandomStream(seed, 'data/augment', index));
  return Uint8Array.from(values, (value) => Math.round(255 * value));
}

/**
 * Images of a split and the class balance of all splits. Past the last image there are none.
 * @throws WorkbenchError `data-invalid` for files and split sizes, `recipe-invalid` for generator settings
 */
export async function lookAtData(request: PreviewRequest): Promise<DataPreview> {
  const { recipe, split, offset, augmented } = request;
  const { height, width, channels, classNames } = await dataShape(recipe.data);
  const source = await openPreview(recipe.data);
  const { labels, image } = source.splits[split];
  const chosen = chooseImages(labels, request);
  const seed = deriveSeed(recipe.seed, 'preview');
  const changes = recipe.data.shift > 0 || recipe.data.augment.length > 0;
  const pixels: Uint8Array[] = [];
  for (const index of chosen) {
    const seen = await image(index);
    pixels.push(augmented && changes ? changed(seen, recipe.data, seed, index) : seen.images);
  }
  const facts = (name: SplitName) => {
    const { labels: all } = source.splits[name];
    return [name, { images: all.length, perClass: countClasses(all, classNames.length) }] as const;
  };
  return {
    width,
    height,
    channels,
    classes: [...classNames],
    splits: Object.fromEntries(SPLITS.map(facts)) as DataPreview['splits'],
    split,
    offset,
    pixels: Buffer.concat(pixels).toString('base64'),
    labels: chosen.map((index) => labels[index]),
    digest: source.digest,
  };
}
