import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { WorkbenchError } from '../../../shared/contract/errors.ts';
import type { DataCacheView } from '../../../shared/contract/data-report.ts';
import { eqnet } from '../../../shared/contract/command-line.ts';
import type { ImageTarget } from '../image/decode.ts';
import { limitOf, storeLimit } from './cache-limit.ts';
import { valuesOf, type CorruptImage, type DecodedFacts, type SizeCount } from './decoded-set.ts';

/*
 * The cache of decoded images: a folder for each data set and target size, named by the digest of what it was made from.
 * It appears under its name by one rename, so that it is whole or absent.
 *   set.json     target, classes, corrupt images, counts; its time is that of the last use
 *   pixels.bin   uint8 NHWC of all usable images
 *   labels.bin, splits.bin, places.bin, hashes.bin, moments.bin   see DecodedFacts
 */
const VERSION = 1;
const UNFINISHED = '.unfinished-';

interface StoredSet {
  version: number;
  /** where it was made from, for people */
  source: string;
  target: ImageTarget;
  classNames: string[];
  count: number;
  corrupt: CorruptImage[];
  sizes: SizeCount[];
}

/** A data set in the cache. */
export interface CachedSet extends DecodedFacts {
  readonly pixelsPath: string;
}

/** The folder that the host of this worker gave it. @throws WorkbenchError `internal` without one */
function cacheFolder(): string {
  const folder = process.env.EQNET_DATA_CACHE;
  if (folder) return folder;
  throw new WorkbenchError('internal', 'The worker was started without a folder for decoded images (EQNET_DATA_CACHE).');
}

const bytesBelow = (folder: string): number =>
  readdirSync(folder).reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);

function readSet(folder: string): StoredSet | null {
  try {
    const stored = JSON.parse(readFileSync(join(folder, 'set.json'), 'utf8')) as StoredSet;
    return stored.version === VERSION ? stored : null;
  } catch {
    return null;
  }
}

/** What lies in the cache, the data set used last first. */
export function listCache(folder = cacheFolder()): DataCacheView {
  const entries = (existsSync(folder) ? readdirSync(folder) : []).flatMap((key) => {
    const place = join(folder, key);
    const stored = key.startsWith('.') ? null : readSet(place);
    if (!stored) return [];
    const { source, target, count } = stored;
    const usedAt = Math.round(statSync(join(place, 'set.json')).mtimeMs);
    return [
      {
        key,
        source,
        images: count,
        height: target.height,
        width: target.width,
        channels: target.channels,
        bytes: bytesBelow(place),
        usedAt,
      },
    ];
  });
  entries.sort((a, b) => b.usedAt - a.usedAt);
  return { folder, ...limitOf(folder), bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0), entries };
}

/** Takes a data set out of the cache, or all of them. A run that has it open keeps it until it ends, except on Windows. */
export function clearCache(key?: string): DataCacheView {
  const folder = cacheFolder();
  for (const entry of listCache(folder).entries)
    if (key === undefined || entry.key === key) rmSync(join(folder, entry.key), { recursive: true, force: true });
  sweep(folder);
  return listCache(folder);
}

/** The data sets used longest ago make way until `wanted` more bytes fit under the limit. */
function makeWay(folder: string, limit: number, wanted = 0): void {
  const { bytes, entries } = listCache(folder);
  let total = bytes;
  for (const { key, bytes: freed } of entries.reverse()) {
    if (total + wanted <= limit) break;
    rmSync(join(folder, key), { recursive: true, force: true });
    total -= freed;
  }
}

/**
 * Sets how much the cache may take; what was used longest ago goes where it holds more.
 * @param bytes null = the default again
 * @throws WorkbenchError where it cannot be stored
 */
export function limitCache(bytes: number | null): DataCacheView {
  const folder = cacheFolder();
  storeLimit(folder, bytes);
  makeWay(folder, limitOf(folder).limit);
  return listCache(folder);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes what died processes have left. */
function sweep(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (!name.startsWith(UNFINISHED)) continue;
    const pid = Number(name.slice(UNFINISHED.length).split('-')[0]);
    if (pid !== process.pid && !isAlive(pid)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** A copy, so that its memory starts where typed arrays of any kind may. */
const readBytes = (path: string): ArrayBuffer => new Uint8Array(readFileSync(path)).buffer;

/** @returns null when it is not there, or not whole */
export function openCached(key: string): CachedSet | null {
  const place = join(cacheFolder(), key);
  const stored = readSet(place);
  if (!stored) return null;
  const { target, classNames, count, corrupt, sizes } = stored;
  const pixelsPath = join(place, 'pixels.bin');
  if (statSync(pixelsPath, { throwIfNoEntry: false })?.size !== count * valuesOf(target)) return null;
  const now = new Date();
  try {
    utimesSync(join(place, 'set.json'), now, now);
  } catch {
    // a cache that may only be read still serves
  }
  return {
    target,
    classNames,
    count,
    corrupt,
    sizes,
    pixelsPath,
    labels: new Int32Array(readBytes(join(place, 'labels.bin'))),
    splits: new Uint8Array(readBytes(join(place, 'splits.bin'))),
    places: new Uint32Array(readBytes(join(place, 'places.bin'))),
    hashes: new Uint8Array(readBytes(join(place, 'hashes.bin'))),
    moments: new Float32Array(readBytes(join(place, 'moments.bin'))),
  };
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 0)} GB`;

/** Makes room under the limit and looks at the disk. @throws WorkbenchError `disk-full` before anything is written */
function makeRoom(folder: string, wanted: number): void {
  const { limit } = limitOf(folder);
  if (wanted > limit)
    throw new WorkbenchError(
      'disk-full',
      `The decoded images need ${gigabytes(wanted)}, more than the ${gigabytes(limit)} that the cache in ${folder} may take: choose a smaller data.size, or let it take more (Data & model, or '${eqnet('data cache --limit')}').`,
    );
  makeWay(folder, limit, wanted);
  const { bavail, bsize } = statfsSync(folder);
  if (wanted > bavail * bsize)
    throw new WorkbenchError(
      'disk-full',
      `The decoded images need ${gigabytes(wanted)}, but the disk of ${folder} has ${gigabytes(bavail * bsize)} left: free some space, choose a smaller data.size, or set EQNET_CACHE to a folder on a larger disk.`,
    );
}

/**
 * Writes a data set into the cache.
 * @param wanted bytes of pixels if every image can be used
 * @param fill   hands over the pixels of each usable image in order, and returns what is known of them
 * @throws WorkbenchError `disk-full`, and what `fill` throws; then nothing is left behind
 */
export async function writeCached(
  key: string,
  source: string,
  wanted: number,
  fill: (keep: (pixels: Uint8Array) => void) => Promise<DecodedFacts>,
): Promise<CachedSet> {
  const folder = cacheFolder();
  mkdirSync(folder, { recursive: true });
  sweep(folder);
  makeRoom(folder, wanted);
  const place = join(folder, key);
  const temporary = join(folder, `${UNFINISHED}${process.pid}-${randomBytes(4).toString('hex')}`);
  mkdirSync(temporary);
  try {
    const file = openSync(join(temporary, 'pixels.bin'), 'wx');
    let facts: DecodedFacts;
    try {
      facts = await fill((pixels) => {
        for (let from = 0; from < pixels.length;) from += writeSync(file, pixels, from);
      });
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    for (const name of ['labels', 'splits', 'places', 'hashes', 'moments'] as const)
      writeFileSync(join(temporary, `${name}.bin`), bytesOf(facts[name]), { flush: true });
    const { target, classNames, count, corrupt, sizes } = facts;
    const { height, width, channels, resize } = target;
    const stored: StoredSet = {
      version: VERSION,
      source,
      target: { height, width, channels, resize },
      classNames: [...classNames],
      count,
      corrupt: [...corrupt],
      sizes: [...sizes],
    };
    writeFileSync(join(temporary, 'set.json'), JSON.stringify(stored), { flush: true });
    rmSync(place, { recursive: true, force: true });
    try {
      renameSync(temporary, place);
    } catch (error) {
      // another process has put the same images there in the meantime
      if (!openCached(key)) throw error;
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  const cached = openCached(key);
  if (cached) return cached;
  throw new WorkbenchError('internal', `The decoded images in ${place} cannot be read back: try again.`);
}
