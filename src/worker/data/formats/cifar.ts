import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readTarGz } from './tar.ts';
import { invalidData, SPLIT_CODE, type DataFormat, type FileStamp, type ImageIndex } from './format.ts';
import { isFile, isFolder, stampOf, unreadable } from './paths.ts';

/*
 * CIFAR binary version (https://www.cs.toronto.edu/~kriz/cifar.html): records of the label bytes (CIFAR-10: one;
 * CIFAR-100: coarse, fine) and 3,072 bytes of pixels: the red, green and blue plane of 32 x 32, row by row.
 */
const SIDE = 32;
const PLANE = SIDE * SIDE;

interface Variant {
  train: readonly string[];
  test: string;
  names: string;
  labelBytes: 1 | 2;
  /** folder inside the archive */
  folder: string;
}

const VARIANTS: readonly Variant[] = [
  {
    train: [1, 2, 3, 4, 5].map((part) => `data_batch_${part}.bin`),
    test: 'test_batch.bin',
    names: 'batches.meta.txt',
    labelBytes: 1,
    folder: 'cifar-10-batches-bin',
  },
  { train: ['train.bin'], test: 'test.bin', names: 'fine_label_names.txt', labelBytes: 2, folder: 'cifar-100-binary' },
];

/** Where the files are: in a folder, or in an archive that is held unpacked in memory. */
interface Place {
  variant: Variant;
  has(name: string): boolean;
  bytes(name: string): Promise<Uint8Array>;
  stamps: FileStamp[];
}

const isArchive = (path: string): boolean => /^cifar-100?-binary\.(tar\.gz|tgz)$/.test(basename(path)) && isFile(path);

function folderOf(path: string): { folder: string; variant: Variant } | undefined {
  if (!isFolder(path)) return undefined;
  for (const variant of VARIANTS)
    for (const folder of [path, join(path, variant.folder)])
      if (isFile(join(folder, variant.train[0])) && isFile(join(folder, variant.names))) return { folder, variant };
  return undefined;
}

function placeOf(path: string): Place | undefined {
  const found = folderOf(path);
  if (!found) return undefined;
  const { folder, variant } = found;
  const names = [...variant.train, variant.test, variant.names].filter((name) => isFile(join(folder, name)));
  return {
    variant,
    has: (name) => names.includes(name),
    bytes: async (name) => {
      try {
        return await readFile(join(folder, name));
      } catch (error) {
        throw unreadable(join(folder, name), error);
      }
    },
    stamps: names.map((name) => stampOf(path, join(folder, name))),
  };
}

async function placeInArchive(path: string): Promise<Place> {
  const wanted = new Set(VARIANTS.flatMap(({ train, test, names }) => [...train, test, names]));
  const files = await readTarGz(path, (name) => wanted.has(basename(name)));
  const byName = new Map([...files].map(([name, bytes]) => [basename(name), bytes]));
  const variant = VARIANTS.find(({ train, names }) => byName.has(train[0]) && byName.has(names));
  if (!variant) throw invalidData(`${path} holds neither the binary files of CIFAR-10 nor those of CIFAR-100: fetch it again.`, path);
  return { variant, has: (name) => byName.has(name), bytes: async (name) => byName.get(name)!, stamps: [stampOf(path, path)] };
}

function planesToPixels(record: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(3 * PLANE);
  for (let at = 0; at < PLANE; at++) for (let c = 0; c < 3; c++) pixels[3 * at + c] = record[c * PLANE + at];
  return pixels;
}

async function open(path: string): Promise<ImageIndex> {
  const place = isArchive(path) ? await placeInArchive(path) : placeOf(path);
  if (!place) throw invalidData(`${path} holds no CIFAR files (data_batch_1.bin or train.bin, with the names of the classes).`, path);
  const { variant } = place;
  const classNames = Buffer.from(await place.bytes(variant.names))
    .toString('utf8')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
  const record = variant.labelBytes + 3 * PLANE;
  const parts: { name: string; bytes: Uint8Array; first: number }[] = [];
  const labels: number[] = [];
  const splits: number[] = [];
  for (const name of [...variant.train, variant.test].filter(place.has)) {
    const bytes = await place.bytes(name);
    if (bytes.length === 0 || bytes.length % record !== 0)
      throw invalidData(
        `${name} of ${path} holds ${bytes.length} bytes, which is no whole number of records of ${record}: it is cut, fetch it again.`,
        path,
      );
    parts.push({ name, bytes, first: labels.length });
    for (let at = 0; at < bytes.length; at += record) {
      const label = bytes[at + variant.labelBytes - 1];
      if (label >= classNames.length)
        throw invalidData(
          `Record ${at / record} of ${name} in ${path} has label ${label}: ${classNames.length} classes have labels 0..${classNames.length - 1}. Fetch it again.`,
          path,
        );
      labels.push(label);
      splits.push(name === variant.test ? SPLIT_CODE.test : SPLIT_CODE.train);
    }
  }
  const partOf = (image: number) => parts.findLast(({ first }) => first <= image)!;
  return {
    format: 'cifar',
    count: labels.length,
    classNames,
    labels: Int32Array.from(labels),
    splits: Uint8Array.from(splits),
    files: place.stamps,
    name: (image) => `${partOf(image).name} #${image - partOf(image).first}`,
    read: async (image) => {
      const { bytes, first } = partOf(image);
      const from = (image - first) * record + variant.labelBytes;
      return { kind: 'pixels', pixels: planesToPixels(bytes.subarray(from, from + 3 * PLANE)), height: SIDE, width: SIDE, channels: 3 };
    },
    close: async () => undefined,
  };
}

export const cifarFormat: DataFormat = { name: 'cifar', detect: (path) => isArchive(path) || folderOf(path) !== undefined, open };
