import { readFileSync } from 'node:fs';
import { constants as buffers } from 'node:buffer';
import { constants, gunzipSync } from 'node:zlib';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { sharedBytes, type ImageSet } from './dataset.ts';

/*
 * IDX (http://yann.lecun.com/exdb/mnist): two zero bytes, the type of the values, the number of dimensions, one
 * big-endian 32-bit size for each dimension, the values. MNIST uses unsigned bytes: 0x00000803 images, 0x00000801 labels.
 */
const UNSIGNED_BYTE = 0x08;
const hex = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;
const invalid = (message: string, path: string, cause?: unknown) => new WorkbenchError('data-invalid', message, { path }, cause);

/** Values of an IDX file of unsigned bytes, on a SharedArrayBuffer. */
export interface IdxArray {
  readonly shape: number[];
  readonly values: Uint8Array;
}

/** Packed bytes that hold any header. */
const GZIP_BEGIN = 1024;

/**
 * Bytes of a whole file by its first ones, and some more, so that more than it states are noticed.
 * @returns null for what does not begin as an IDX file
 */
function statedBytes(begin: Buffer): number | null {
  const dimensions = begin[3] ?? 0;
  if (begin[0] !== 0 || begin[1] !== 0 || begin.length < 4 + 4 * dimensions) return null;
  let size = 1;
  for (let axis = 0; axis < dimensions; axis++) size *= begin.readUInt32BE(4 + 4 * axis);
  return Math.min(4 + 4 * dimensions + size + GZIP_BEGIN, buffers.MAX_LENGTH);
}

/** The bytes of a file, unpacked when it begins with the gzip signature (whatever its name says). */
function readBytes(path: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw invalid(`The IDX file ${path} does not exist: name the folder that holds it in data.root.`, path, error);
    throw invalid(`The IDX file ${path} cannot be read (${code ?? String(error)}): check its permissions.`, path, error);
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  let begin = Buffer.alloc(0);
  try {
    begin = gunzipSync(bytes.subarray(0, GZIP_BEGIN), { finishFlush: constants.Z_SYNC_FLUSH });
    return gunzipSync(bytes, { maxOutputLength: statedBytes(begin) ?? GZIP_BEGIN });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      if (statedBytes(begin) === null) return begin;
      throw invalid(`The gzip file ${path} unpacks to more than its header states: fetch it again.`, path, error);
    }
    throw invalid(
      `The gzip file ${path} is damaged (${error instanceof Error ? error.message : String(error)}): fetch it again.`,
      path,
      error,
    );
  }
}

/**
 * Reads one IDX file of unsigned bytes, plain or gzip.
 * @param dimensions how many dimensions it must have: 1 labels, 3 images
 * @throws WorkbenchError `data-invalid` when it is missing, of another kind, truncated, too long or empty
 */
export function readIdx(path: string, dimensions: number): IdxArray {
  const bytes = readBytes(path);
  const headerSize = 4 + 4 * dimensions;
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const expected = (UNSIGNED_BYTE << 8) | dimensions;
  if (bytes.byteLength >= 4 && header.getUint32(0) !== expected) {
    const found = hex(header.getUint32(0));
    throw invalid(
      `${path} is not an IDX file of ${dimensions === 1 ? 'labels' : 'images'}: it begins with ${found} instead of ${hex(expected)}. Were two files swapped?`,
      path,
    );
  }
  if (bytes.byteLength < headerSize) {
    throw invalid(
      `${path} is truncated: ${bytes.byteLength} bytes do not hold the IDX header of ${headerSize} bytes. Fetch it again.`,
      path,
    );
  }
  const shape = Array.from({ length: dimensions }, (_, axis) => header.getUint32(4 + 4 * axis));
  const size = shape.reduce((product, length) => product * length, 1);
  if (size === 0) throw invalid(`${path} is empty: its header states ${shape.join(' x ')} values. Fetch it again.`, path);
  const present = bytes.byteLength - headerSize;
  if (present < size) {
    throw invalid(
      `${path} is truncated: its header states ${shape.join(' x ')} = ${size} bytes, but ${present} follow. Fetch it again.`,
      path,
    );
  }
  if (present > size) {
    throw invalid(
      `${path} has ${present - size} trailing bytes after the ${shape.join(' x ')} = ${size} its header states: fetch it again.`,
      path,
    );
  }
  const values = sharedBytes(size);
  values.set(bytes.subarray(headerSize));
  return { shape, values };
}

/**
 * Reads a pair of IDX files as grey images with one channel.
 * @throws WorkbenchError `data-invalid` also when the counts differ or a label is not below `classes`
 */
export function readIdxPair(imagesPath: string, labelsPath: string, classes: number): ImageSet {
  const { shape, values } = readIdx(imagesPath, 3);
  const labels = readIdx(labelsPath, 1).values;
  const [count, height, width] = shape;
  if (labels.length !== count) {
    throw invalid(
      `${imagesPath} holds ${count} images but ${labelsPath} holds ${labels.length} labels: take both from the same split.`,
      labelsPath,
    );
  }
  const wrong = labels.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw invalid(
      `Label ${wrong} in ${labelsPath} is ${labels[wrong]}: a data set of ${classes} classes has labels 0..${classes - 1}.`,
      labelsPath,
    );
  }
  return { images: values, labels, count, height, width, channels: 1, classes };
}
