import { dirname, join } from 'node:path';
import { readIdxPair } from '../idx.ts';
import type { ImageSet } from '../dataset.ts';
import { invalidData, numberedClasses, SPLIT_CODE, type DataFormat, type ImageIndex } from './format.ts';
import { isFile, namedClasses, namesIn, stampOf } from './paths.ts';

const IMAGES = /^(.*?)[-.]?images[-.]idx3-ubyte(\.gz)?$/;
const ANY_LABEL = 256;

interface Pair {
  images: string;
  labels: string;
  split: number;
}

function splitOfPrefix(prefix: string): number {
  if (/^train/i.test(prefix)) return SPLIT_CODE.train;
  if (/^(t10k|test)/i.test(prefix)) return SPLIT_CODE.test;
  return /^val/i.test(prefix) ? SPLIT_CODE.validation : SPLIT_CODE.none;
}

/** The files of images with the labels that belong to them. */
function pairsIn(folder: string): Pair[] {
  const names = namesIn(folder);
  return names.flatMap((name) => {
    const found = IMAGES.exec(name);
    if (!found) return [];
    const wanted = name.replace('images', 'labels').replace('idx3', 'idx1');
    const labels = [wanted, wanted.replace(/\.gz$/, ''), `${wanted}.gz`].find((other) => names.includes(other));
    // a file that lies there packed and unpacked counts once
    if (!labels || (found[2] && names.includes(name.replace(/\.gz$/, '')))) return [];
    return [{ images: join(folder, name), labels: join(folder, labels), split: splitOfPrefix(found[1]) }];
  });
}

const folderOf = (path: string): string => (isFile(path) ? dirname(path) : path);

async function open(path: string): Promise<ImageIndex> {
  const folder = folderOf(path);
  const pairs = pairsIn(folder);
  if (!pairs.length)
    throw invalidData(`${folder} has no pair of IDX files such as train-images-idx3-ubyte and train-labels-idx1-ubyte (or .gz).`, folder);
  const parts: { set: ImageSet; pair: Pair; first: number }[] = [];
  let count = 0;
  for (const pair of pairs) {
    const set = readIdxPair(pair.images, pair.labels, ANY_LABEL);
    parts.push({ set, pair, first: count });
    count += set.count;
  }
  const labels = new Int32Array(count);
  const splits = new Uint8Array(count);
  for (const { set, pair, first } of parts) {
    labels.set(set.labels, first);
    splits.fill(pair.split, first, first + set.count);
  }
  const partOf = (image: number) => parts.findLast(({ first }) => first <= image)!;
  return {
    format: 'idx',
    count,
    classNames: numberedClasses(labels, folder, namedClasses(folder)),
    labels,
    splits,
    files: pairs.flatMap((pair) => [pair.images, pair.labels]).map((file) => stampOf(folder, file)),
    name: (image) => {
      const { pair, first } = partOf(image);
      return `${stampOf(folder, pair.images).name} #${image - first}`;
    },
    read: async (image) => {
      const { set, first } = partOf(image);
      const size = set.height * set.width;
      const from = (image - first) * size;
      return { kind: 'pixels', pixels: set.images.subarray(from, from + size), height: set.height, width: set.width, channels: 1 };
    },
    close: async () => undefined,
  };
}

export const idxFormat: DataFormat = { name: 'idx', detect: (path) => pairsIn(folderOf(path)).length > 0, open };
