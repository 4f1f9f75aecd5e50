import { readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { invalidData, numberedClasses, SPLIT_CODE, type DataFormat, type FileStamp, type ImageIndex } from './format.ts';
import { labelValues, readNpy, type NpyArray } from './npy.ts';
import { isFile, isFolder, namedClasses, stampOf } from './paths.ts';
import { readNpz } from './zip.ts';

/** Names of arrays: images, labels, split. Keras and MedMNIST write the first and the last ones. */
const PAIRS: readonly (readonly [images: string, labels: string, split: number])[] = [
  ['x_train', 'y_train', SPLIT_CODE.train],
  ['x_val', 'y_val', SPLIT_CODE.validation],
  ['x_test', 'y_test', SPLIT_CODE.test],
  ['x', 'y', SPLIT_CODE.none],
  ['train_images', 'train_labels', SPLIT_CODE.train],
  ['val_images', 'val_labels', SPLIT_CODE.validation],
  ['test_images', 'test_labels', SPLIT_CODE.test],
];
const NAMES = new Set(PAIRS.flatMap(([images, labels]) => [images, labels]));

const inFolder = (folder: string): string[] => [...NAMES].filter((name) => isFile(join(folder, `${name}.npy`)));

function detect(path: string): boolean {
  if (isFile(path)) return extname(path) === '.npz';
  return isFolder(path) && PAIRS.some(([images, labels]) => isFile(join(path, `${images}.npy`)) && isFile(join(path, `${labels}.npy`)));
}

async function readArrays(path: string): Promise<{ arrays: Map<string, NpyArray>; files: FileStamp[] }> {
  if (isFile(path)) return { arrays: await readNpz(path, (name) => NAMES.has(name)), files: [stampOf(dirname(path), path)] };
  const arrays = new Map<string, NpyArray>();
  const files: FileStamp[] = [];
  for (const name of inFolder(path)) {
    const file = join(path, `${name}.npy`);
    files.push(stampOf(path, file));
    arrays.set(name, readNpy(await readFile(file), file));
  }
  return { arrays, files };
}

interface Block {
  name: string;
  values: Uint8Array;
  height: number;
  width: number;
  channels: 1 | 3;
  /** planes of colours instead of pixels */
  planar: boolean;
  first: number;
  count: number;
}

function blockOf({ shape, type, values }: NpyArray, name: string, first: number): Block {
  if (type !== '|u1')
    throw invalidData(`${name} has the type ${type}: store pixels as uint8 0..255, e.g. (255 * x).round().astype('uint8').`, name);
  const [count, a, b, c] = shape;
  const base = { name, values, first, count };
  if (shape.length === 3) return { ...base, height: a, width: b, channels: 1, planar: false };
  if (shape.length === 4 && (c === 1 || c === 3)) return { ...base, height: a, width: b, channels: c, planar: false };
  if (shape.length === 4 && (a === 1 || a === 3)) return { ...base, height: b, width: c, channels: a, planar: true };
  throw invalidData(
    `${name} has the shape ${shape.join(' x ')}: images are [count, height, width] or [count, height, width, 1 or 3] (or channels first).`,
    name,
  );
}

function pixelsOf({ values, height, width, channels, planar }: Block, image: number): Uint8Array {
  const size = height * width * channels;
  const stored = values.subarray(image * size, (image + 1) * size);
  if (!planar || channels === 1) return stored;
  const plane = height * width;
  return Uint8Array.from({ length: size }, (_, i) => stored[(i % channels) * plane + Math.floor(i / channels)]);
}

async function open(path: string): Promise<ImageIndex> {
  const { arrays, files } = await readArrays(path);
  const blocks: Block[] = [];
  const labels: number[] = [];
  const splits: number[] = [];
  for (const [images, targets, split] of PAIRS) {
    const [x, y] = [arrays.get(images), arrays.get(targets)];
    if (!x || !y) continue;
    const block = blockOf(x, `'${images}' in ${path}`, labels.length);
    const own = labelValues(y, `'${targets}' in ${path}`);
    if (own.length !== block.count)
      throw invalidData(
        `'${images}' in ${path} holds ${block.count} images, but '${targets}' ${own.length} labels: save both from one set.`,
        path,
      );
    if (!block.count) throw invalidData(`'${images}' in ${path} is empty: it holds no image.`, path);
    blocks.push(block);
    for (const label of own) {
      labels.push(label);
      splits.push(split);
    }
  }
  if (!blocks.length) throw invalidData(`${path} has no arrays x_train and y_train (or x and y, or train_images and train_labels).`, path);
  const blockAt = (image: number) => blocks.findLast(({ first }) => first <= image)!;
  return {
    format: 'npz',
    count: labels.length,
    classNames: numberedClasses(labels, path, namedClasses(isFile(path) ? dirname(path) : path)),
    labels: Int32Array.from(labels),
    splits: Uint8Array.from(splits),
    files,
    name: (image) => `${blockAt(image).name.split("'")[1]} #${image - blockAt(image).first}`,
    read: async (image) => {
      const block = blockAt(image);
      const { height, width, channels } = block;
      return { kind: 'pixels', pixels: pixelsOf(block, image - block.first), height, width, channels };
    },
    close: async () => undefined,
  };
}

export const npzFormat: DataFormat = { name: 'npz', detect, open };
