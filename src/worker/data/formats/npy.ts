import { invalidData } from './format.ts';

/*
 * NumPy's format: magic, version, length of the header, a Python dictionary as text, the values
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
 */

/** An array of a .npy file; `values` reads the little-endian bytes behind the header. */
export interface NpyArray {
  readonly shape: readonly number[];
  /** e.g. `|u1`, `<i8` */
  readonly type: string;
  readonly values: Uint8Array;
}

/** What the beginning of a .npy file states. */
export interface NpyHeader {
  readonly shape: readonly number[];
  readonly type: string;
  /** where the values begin */
  readonly offset: number;
  /** bytes of the values */
  readonly bytes: number;
}

/** Bytes that hold any header: that of an array of images is about 100 long. */
export const HEADER_BYTES = 1024;

/** Bytes of one value: `<U5` is text of 5 characters of 4 bytes. */
function itemBytes(type: string): number {
  const [, letter, size] = /([a-zA-Z])(\d+)$/.exec(type)!;
  return Number(size) * (letter === 'U' ? 4 : 1);
}

/** @throws WorkbenchError `data-invalid` */
export function npyHeader(bytes: Uint8Array, name: string): NpyHeader {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, HEADER_BYTES));
  if (text.length < 12 || text.toString('latin1', 0, 6) !== '\x93NUMPY') throw invalidData(`${name} is not an array of NumPy.`, name);
  const wide = text[6] >= 2;
  const offset = wide ? 12 + text.readUInt32LE(8) : 10 + text.readUInt16LE(8);
  const facts = text.toString('latin1', wide ? 12 : 10, Math.min(offset, text.length));
  const type = /'descr':\s*'([<>|=]?[a-zA-Z]\d+)'/.exec(facts)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(facts)?.[1];
  if (!type || shape === undefined || offset > text.length)
    throw invalidData(`${name} holds something else than plain numbers: store pixels and labels as arrays.`, name);
  if (/'fortran_order':\s*True/.test(facts))
    throw invalidData(`${name} is stored column by column: save it with numpy.ascontiguousarray.`, name);
  const lengths = shape
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
    .map(Number);
  return { shape: lengths, type, offset, bytes: lengths.reduce((product, length) => product * length, 1) * itemBytes(type) };
}

/** @throws WorkbenchError `data-invalid` also for an array that is cut */
export function readNpy(bytes: Uint8Array, name: string): NpyArray {
  const { shape, type, offset, bytes: wanted } = npyHeader(bytes, name);
  if (bytes.length - offset !== wanted)
    throw invalidData(
      `${name} states ${shape.join(' x ')} values of ${type} (${wanted} bytes), but ${bytes.length - offset} bytes follow: save it again.`,
      name,
    );
  return { shape, type, values: bytes.subarray(offset) };
}

/** Whole numbers of any integer type as labels. @throws WorkbenchError `data-invalid` */
export function labelValues({ shape, type, values }: NpyArray, name: string): number[] {
  const count = shape[0] ?? 0;
  if (!(shape.length === 1 || (shape.length === 2 && shape[1] === 1)))
    throw invalidData(`${name} has the shape ${shape.join(' x ')}: labels are one whole number for each image.`, name);
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const readers: Record<string, (i: number) => number> = {
    u1: (i) => view.getUint8(i),
    i1: (i) => view.getInt8(i),
    u2: (i) => view.getUint16(2 * i, true),
    i2: (i) => view.getInt16(2 * i, true),
    u4: (i) => view.getUint32(4 * i, true),
    i4: (i) => view.getInt32(4 * i, true),
    u8: (i) => Number(view.getBigUint64(8 * i, true)),
    i8: (i) => Number(view.getBigInt64(8 * i, true)),
  };
  const read = type.startsWith('>') ? undefined : readers[type.slice(-2)];
  if (!read)
    throw invalidData(
      `${name} has the type ${type}: labels are whole numbers; names become such with numpy.unique(y, return_inverse=True)[1].`,
      name,
    );
  return Array.from({ length: count }, (_, i) => read(i));
}
