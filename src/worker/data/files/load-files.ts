import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { totalmem } from 'node:os';
import { WorkbenchError } from '../../../shared/contract/errors.ts';
import type { SplitName } from '../../../shared/contract/look.ts';
import { sharedBytes, type DataProgress, type DataSplits, type ImageSet } from '../dataset.ts';
import { invalidData, type ImageIndex } from '../formats/format.ts';
import { openImages } from '../formats/registry.ts';
import type { DataRecipe } from '../split-plan.ts';
import { openCached, writeCached, type CachedSet } from './cache.ts';
import { decodeAll, HASH_BYTES, requireWhole, valuesOf, type DecodedFacts } from './decoded-set.ts';
import { splitRows, type SplitRows } from './splits.ts';
import { findTarget, type FoundTarget } from './target.ts';

/** Decoded images up to this share of the memory, and up to this many bytes, are kept in memory; more stay in their file. */
const MEMORY_SHARE = 1 / 8;
const MEMORY_BYTES = 2 ** 31;

/** Called now and then while images are decoded; what it throws ends the work and leaves nothing behind. */
export type DecodeProgress = (done: number, total: number) => void | Promise<void>;

/** The folder or file of the recipe. @throws WorkbenchError `recipe-invalid` without one */
export function rootOf(recipe: DataRecipe): string {
  if (recipe.root) return recipe.root;
  throw new WorkbenchError('recipe-invalid', "data.dataset is 'files', but data.root names no folder or file: say where the images are.");
}

/** Everything that decides what lies in the cache; where the images lie does not. */
export function cacheKey(index: ImageIndex, target: FoundTarget): string {
  const { height, width, channels, resize } = target;
  const made = { format: index.format, classes: index.classNames, files: index.files, height, width, channels, resize };
  return createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 32);
}

/** @throws WorkbenchError `data-invalid` when a file came, went or changed since the index was made */
async function requireUnchanged(before: ImageIndex, path: string): Promise<void> {
  const after = await openImages(path, before.format);
  await after.close();
  const now = new Map(after.files.map((file) => [file.name, file]));
  const known = new Set(before.files.map(({ name }) => name));
  const changed =
    before.files.find((file) => {
      const found = now.get(file.name);
      return !found || found.bytes !== file.bytes || found.modified !== file.modified;
    }) ?? after.files.find(({ name }) => !known.has(name));
  if (changed) throw invalidData(`${path} changed while it was read (${changed.name}): try again when it is at rest.`, path);
}

/**
 * The decoded images of a data set: from the cache, or decoded into it now.
 * @throws WorkbenchError `data-invalid`, `disk-full`
 */
export async function decodedOf(index: ImageIndex, target: FoundTarget, path: string, onProgress?: DecodeProgress): Promise<CachedSet> {
  const key = cacheKey(index, target);
  const known = openCached(key);
  if (known) return known;
  return writeCached(key, path, index.count * valuesOf(target), async (keep) => {
    const facts = await decodeAll(index, target, path, keep, onProgress);
    await requireUnchanged(index, path);
    return facts;
  });
}

/** The splits that a recipe makes of decoded images. @throws WorkbenchError `data-invalid` */
export function recipeSplits(facts: DecodedFacts, recipe: DataRecipe, path: string): SplitRows {
  requireWhole(facts, recipe.skipCorrupt, path);
  const { classes } = recipe;
  if (classes && JSON.stringify(classes) !== JSON.stringify(facts.classNames)) {
    const name = (list: readonly string[]) => (list.length > 8 ? `${list.slice(0, 8).join(', ')}, ...` : list.join(', '));
    throw invalidData(
      `${path} has the ${facts.classNames.length} classes ${name(facts.classNames)}, but data.classes names ${classes.length} (${name(classes)}): add the data set again, or leave data.classes out.`,
      path,
    );
  }
  if (facts.classNames.length < 2)
    throw invalidData(
      `${path} has one class ('${facts.classNames[0]}'), and a classifier tells two at least apart: add another one.`,
      path,
    );
  const all = Uint32Array.from({ length: facts.count }, (_, row) => row);
  const rows = splitRows(all, facts.labels, facts.splits, recipe.split, path);
  return { ...rows, train: firstOf(rows.train, recipe, 'trainImages'), test: firstOf(rows.test, recipe, 'testImages') };
}

function firstOf(rows: Uint32Array, recipe: DataRecipe, field: 'trainImages' | 'testImages'): Uint32Array {
  const wanted = recipe[field];
  if (wanted === undefined) return rows;
  if (wanted <= rows.length) return rows.subarray(0, wanted);
  throw new WorkbenchError(
    'data-invalid',
    `data.${field} is ${wanted}, but there are ${rows.length}: ask for fewer or leave the field out.`,
  );
}

/** SHA-256 of shapes, classes, labels and pixel hashes of all splits: it does not need the pixels. */
export function digestOf(facts: DecodedFacts, rows: SplitRows): string {
  const { height, width, channels } = facts.target;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([facts.classNames, height, width, channels]));
  for (const name of ['train', 'validation', 'test'] as const) {
    hash.update(JSON.stringify([name, rows[name].length]));
    for (const row of rows[name]) {
      hash.update(Int32Array.of(facts.labels[row]));
      hash.update(facts.hashes.subarray(row * HASH_BYTES, (row + 1) * HASH_BYTES));
    }
  }
  return hash.digest('hex');
}

function labelsOf(facts: DecodedFacts, rows: Uint32Array): Int32Array {
  const labels = new Int32Array(new SharedArrayBuffer(rows.length * Int32Array.BYTES_PER_ELEMENT));
  rows.forEach((row, i) => (labels[i] = facts.labels[row]));
  return labels;
}

/**
 * One split of decoded images.
 * @param source the pixels of all images in memory, or the file that holds them
 */
function imageSet(facts: DecodedFacts, rows: Uint32Array, source: Uint8Array | { path: string; inMemory: boolean }): ImageSet {
  const { height, width, channels } = facts.target;
  const size = valuesOf(facts.target);
  const shape = { labels: labelsOf(facts, rows), count: rows.length, height, width, channels, classes: facts.classNames.length };
  if (!(source instanceof Uint8Array) && !source.inMemory) {
    const shared = new Uint32Array(new SharedArrayBuffer(rows.byteLength));
    shared.set(rows);
    return { ...shape, images: new Uint8Array(0), stored: { path: source.path, rows: shared } };
  }
  const images = sharedBytes(rows.length * size);
  if (source instanceof Uint8Array) rows.forEach((row, i) => images.set(source.subarray(row * size, (row + 1) * size), i * size));
  else {
    const file = openSync(source.path, 'r');
    try {
      rows.forEach((row, i) => readSync(file, images, i * size, size, row * size));
    } finally {
      closeSync(file);
    }
  }
  return { ...shape, images };
}

/** Splits of decoded images as a run uses them. */
export function splitsOf(facts: DecodedFacts, rows: SplitRows, source: Parameters<typeof imageSet>[2]): DataSplits {
  const set = (name: SplitName) => imageSet(facts, rows[name], source);
  return {
    train: set('train'),
    validation: set('validation'),
    test: set('test'),
    classNames: [...facts.classNames],
    digest: digestOf(facts, rows),
  };
}

/**
 * Images of the user's own. They are decoded once; what fits is kept in memory, the rest is read from the cache batch by batch.
 * @throws WorkbenchError `data-invalid` with one sentence, `recipe-invalid`, `disk-full`
 */
export async function loadFiles(recipe: DataRecipe, onProgress?: DataProgress, between?: () => Promise<void>): Promise<DataSplits> {
  const path = rootOf(recipe);
  const index = await openImages(path, recipe.format);
  try {
    const target = await findTarget(index, recipe, path);
    const cached = await decodedOf(index, target, path, async (done, total) => {
      onProgress?.(done, total);
      await between?.();
    });
    const rows = recipeSplits(cached, recipe, path);
    const bytes = cached.count * valuesOf(cached.target);
    const inMemory = bytes <= Math.min(MEMORY_BYTES, totalmem() * MEMORY_SHARE);
    return splitsOf(cached, rows, { path: cached.pixelsPath, inMemory });
  } finally {
    await index.close();
  }
}
