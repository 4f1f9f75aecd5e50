import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataProgress, DataSplits } from '../dataset.ts';
import { invalidData } from '../formats/format.ts';
import { openImages } from '../formats/registry.ts';
import type { DataRecipe } from '../split-plan.ts';
import { decodeAll } from './decoded-set.ts';
import { recipeSplits, splitsOf } from './load-files.ts';
import { findTarget } from './target.ts';

/** The bundled IDX files of the digits, found upwards from here: sources and bundles lie at different depths. */
export function digitsFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const place = join(folder, 'resources', 'digits');
    if (existsSync(place)) return place;
    if (folder === dirname(folder)) throw invalidData('The digits that come with the program are missing: install it again.', folder);
  }
}

/** 1,797 handwritten digits of 8 x 8 pixels, one channel; they come with the program and are split by data.split. */
export async function loadDigits(recipe: DataRecipe, onProgress?: DataProgress): Promise<DataSplits> {
  const folder = digitsFolder();
  const index = await openImages(folder, 'idx');
  const pixels: Uint8Array[] = [];
  const target = await findTarget(index, recipe, folder);
  const facts = await decodeAll(index, target, folder, (image) => pixels.push(image), onProgress);
  return splitsOf(facts, recipeSplits(facts, recipe, folder), Buffer.concat(pixels));
}
