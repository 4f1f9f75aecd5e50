import { WorkbenchError } from '../../../shared/contract/errors.ts';
import type { SplitName } from '../../../shared/contract/look.ts';
import type { ImageSet } from '../dataset.ts';
import type { ImageIndex } from '../formats/format.ts';
import { openImages } from '../formats/registry.ts';
import { decodeImage, UnusableImage } from '../image/decode.ts';
import type { DataPreviewSource } from '../preview-source.ts';
import { locatePixels } from '../stored-pixels.ts';
import type { DataRecipe } from '../split-plan.ts';
import { openCached } from './cache.ts';
import { digitsFolder } from './digits.ts';
import { valuesOf } from './decoded-set.ts';
import { cacheKey, recipeSplits, rootOf, splitsOf } from './load-files.ts';
import { splitRows } from './splits.ts';
import { findTarget, type FoundTarget } from './target.ts';

export interface OpenedFiles {
  path: string;
  index: ImageIndex;
  target: FoundTarget;
}

/** The images of a recipe with the size that training sees; nothing is decoded. @throws WorkbenchError `data-invalid` */
export async function openFiles(recipe: DataRecipe): Promise<OpenedFiles> {
  const path = recipe.dataset === 'digits' ? digitsFolder() : rootOf(recipe);
  const index = await openImages(path, recipe.dataset === 'digits' ? 'idx' : recipe.format);
  return { path, index, target: await findTarget(index, recipe, path) };
}

async function oneImage(index: ImageIndex, place: number, target: FoundTarget): Promise<ImageSet> {
  const { height, width, channels } = target;
  const labels = index.labels.subarray(place, place + 1);
  try {
    const images = await decodeImage(await index.read(place), target);
    return { images, labels, count: 1, height, width, channels, classes: index.classNames.length };
  } catch (error) {
    if (!(error instanceof UnusableImage)) throw error;
    throw new WorkbenchError('data-invalid', `${index.name(place)} ${error.message}: check the data set for all such images.`);
  }
}

/** Images of the user's own to look at: those in the cache as a run sees them, or each decoded when it is wanted. */
export async function previewFiles(recipe: DataRecipe): Promise<DataPreviewSource> {
  const { path, index, target } = await openFiles(recipe);
  const cached = openCached(cacheKey(index, target));
  if (cached) {
    const sets = splitsOf(cached, recipeSplits(cached, recipe, path), { path: cached.pixelsPath, inMemory: false });
    const one = (set: ImageSet, at: number): ImageSet => {
      const { bytes, at: from } = locatePixels(set, at);
      const { stored: _stored, ...shape } = set;
      return { ...shape, images: bytes.slice(from, from + valuesOf(target)), labels: set.labels.subarray(at, at + 1), count: 1 };
    };
    const split = (name: SplitName) => ({ labels: sets[name].labels, image: (at: number) => one(sets[name], at) });
    return { splits: { train: split('train'), validation: split('validation'), test: split('test') }, digest: sets.digest };
  }
  const all = Uint32Array.from({ length: index.count }, (_, place) => place);
  const rows = splitRows(all, index.labels, index.splits, recipe.split, path);
  const split = (name: SplitName) => ({
    labels: Int32Array.from(rows[name], (row) => index.labels[row]),
    image: (at: number) => oneImage(index, rows[name][at], target),
  });
  return { splits: { train: split('train'), validation: split('validation'), test: split('test') }, digest: '' };
}
