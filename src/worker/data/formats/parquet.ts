import { basename, dirname, extname, join } from 'node:path';
import * as zlib from 'node:zlib';
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
} from 'hyparquet';
import { invalidData, numberedClasses, SPLIT_CODE, type DataFormat, type ImageIndex } from './format.ts';
import { isFile, namesIn, splitOf, stampOf } from './paths.ts';

/** Columns as the Hugging Face hub writes them: an image is a group of its encoded bytes and a path. */
const IMAGES = ['image', 'img'];
const LABELS = ['label', 'labels', 'fine_label', 'class'];
/** Rows of images held at a time. */
const PAGE = 256;

const isParquet = (name: string): boolean => extname(name).toLowerCase() === '.parquet';

/** The files of a data set: one, those of a folder, or those of its folder `data`. */
function filesOf(path: string): string[] {
  if (isFile(path)) return isParquet(path) ? [path] : [];
  for (const folder of [path, join(path, 'data')]) {
    const found = namesIn(folder).filter(isParquet);
    if (found.length) return found.map((name) => join(folder, name));
  }
  return [];
}

/** `train-00000-of-00002.parquet` is of the split train. */
const splitOfFile = (file: string): number => splitOf(/^[a-z]+/i.exec(basename(file))?.[0] ?? '') ?? SPLIT_CODE.none;

/** Only newer versions of Node unpack Zstandard: 22.15, 23.8. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (input: Uint8Array) => Uint8Array };

const compressors: Compressors = {
  GZIP: (input) => zlib.gunzipSync(input),
  BROTLI: (input) => zlib.brotliDecompressSync(input),
  ...(zstdDecompressSync && { ZSTD: (input: Uint8Array) => zstdDecompressSync(input) }),
};
/** Those above and what the parquet reader unpacks by itself. */
const READ = new Set(['UNCOMPRESSED', 'SNAPPY', ...Object.keys(compressors)]);

interface Part {
  file: string;
  buffer: AsyncBuffer;
  metadata: FileMetaData;
  first: number;
  rows: number;
  image: string;
}

interface Columns {
  image: string;
  label: string;
}

/** @throws WorkbenchError `data-invalid` for a parquet file of another layout */
function columnsOf({ schema }: FileMetaData, file: string): Columns {
  const tops: string[] = [];
  for (let at = 1; at < schema.length; at++) {
    tops.push(schema[at].name);
    // the fields of a group follow it
    for (let left = schema[at].num_children ?? 0; left > 0; left--) left += schema[++at].num_children ?? 0;
  }
  const image = tops.find((name) => IMAGES.includes(name));
  const label = tops.find((name) => LABELS.includes(name));
  const group = schema.findIndex(({ name }) => name === image);
  const hasBytes =
    group >= 0 && schema.slice(group + 1, group + 1 + (schema[group].num_children ?? 0)).some(({ name }) => name === 'bytes');
  if (image && label && hasBytes) return { image, label };
  throw invalidData(
    `${file} has the columns ${tops.join(', ')}: it needs 'image' (a group with the encoded 'bytes') and 'label', as the Hugging Face hub writes image data.`,
    file,
  );
}

/** @throws WorkbenchError `data-invalid` naming a packing that is not read */
function requireReadable({ row_groups: groups }: FileMetaData, file: string): void {
  const codecs = groups.flatMap(({ columns }) => columns.map(({ meta_data: facts }) => facts?.codec ?? 'UNCOMPRESSED'));
  const unknown = codecs.find((codec) => !READ.has(codec));
  if (unknown === undefined) return;
  const newer = unknown === 'ZSTD' ? ', or run this program on Node 22.15 or newer' : '';
  throw invalidData(
    `${file} is packed with ${unknown}, which is not read here: write it again with compression snappy or gzip${newer}.`,
    file,
  );
}

/** Names of the classes in the description that the hub's library puts into a file. */
function classNamesIn({ key_value_metadata: pairs = [] }: FileMetaData, label: string): string[] | undefined {
  const text = pairs.find(({ key }) => key === 'huggingface')?.value;
  if (!text) return undefined;
  try {
    const found = JSON.parse(text) as { info?: { features?: Record<string, { names?: string[] }> } };
    return found.info?.features?.[label]?.names;
  } catch {
    return undefined;
  }
}

async function read<T>(
  part: Pick<Part, 'file' | 'buffer' | 'metadata'>,
  columns: string[],
  rowStart: number,
  rowEnd: number,
): Promise<T[]> {
  try {
    const { buffer: file, metadata } = part;
    return (await parquetReadObjects({ file, metadata, columns, rowStart, rowEnd, compressors, utf8: false })) as T[];
  } catch (error) {
    throw invalidData(
      `${part.file} cannot be read (${(error as Error).message}): it is damaged; fetch it or write it again.`,
      part.file,
      error,
    );
  }
}

async function openPart(file: string): Promise<Pick<Part, 'file' | 'buffer' | 'metadata'>> {
  try {
    const buffer = await asyncBufferFromFile(file);
    return { file, buffer, metadata: await parquetMetadataAsync(buffer) };
  } catch (error) {
    throw invalidData(`${file} is not a parquet file, or a cut one (${(error as Error).message}): fetch it again.`, file, error);
  }
}

async function open(path: string): Promise<ImageIndex> {
  const root = isFile(path) ? dirname(path) : path;
  const parts: Part[] = [];
  const labels: number[] = [];
  const splits: number[] = [];
  let names: string[] | undefined;
  for (const file of filesOf(path)) {
    const opened = await openPart(file);
    const { image, label } = columnsOf(opened.metadata, file);
    requireReadable(opened.metadata, file);
    const rows = Number(opened.metadata.num_rows);
    names ??= classNamesIn(opened.metadata, label);
    parts.push({ ...opened, first: labels.length, rows, image });
    for (const row of await read<Record<string, unknown>>(opened, [label], 0, rows)) {
      const value = row[label];
      if (typeof value !== 'bigint' && !Number.isInteger(value))
        throw invalidData(
          `Label ${labels.length} of ${path} is '${String(value)}' and no whole number: number the classes 0, 1, 2, ... (ClassLabel of the Hugging Face library).`,
          path,
        );
      labels.push(Number(value));
      splits.push(splitOfFile(file));
    }
  }
  if (!labels.length) throw invalidData(`${path} holds no rows: fetch it again.`, path);
  const pages = new Map<string, Promise<{ bytes?: Uint8Array }[]>>();
  const partOf = (image: number) => parts.findLast(({ first }) => first <= image)!;
  const pageOf = (part: Part, start: number): Promise<{ bytes?: Uint8Array }[]> => {
    const key = `${part.file} ${start}`;
    const known = pages.get(key);
    if (known) return known;
    const rows = read<Record<string, { bytes?: Uint8Array }>>(part, [part.image], start, Math.min(start + PAGE, part.rows));
    const page = rows.then((found) => found.map((row) => row[part.image] ?? {}));
    pages.set(key, page);
    if (pages.size > 2) pages.delete(pages.keys().next().value!);
    return page;
  };
  return {
    format: 'parquet',
    count: labels.length,
    classNames: numberedClasses(labels, path, names),
    labels: Int32Array.from(labels),
    splits: Uint8Array.from(splits),
    files: parts.map(({ file }) => stampOf(root, file)),
    name: (image) => `${basename(partOf(image).file)} row ${image - partOf(image).first}`,
    read: async (image) => {
      const part = partOf(image);
      const row = image - part.first;
      const page = await pageOf(part, row - (row % PAGE));
      return { kind: 'encoded', bytes: page[row % PAGE].bytes ?? new Uint8Array(0) };
    },
    close: async () => undefined,
  };
}

export const parquetFormat: DataFormat = { name: 'parquet', detect: (path) => filesOf(path).length > 0, open };
