import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { WorkbenchError } from '../../shared/contract/errors.ts';

export type TensorArray = Float32Array | Int32Array;

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

type Header = Record<string, unknown>;

/** Name of the metadata entry that holds a digest of everything else in the file. */
const DIGEST = 'sha256';

/** sha256 of the header, without its own entry, and the data: hexadecimal. */
function digestOf(header: Header, metadata: Record<string, unknown>, data: Uint8Array): string {
  const { [DIGEST]: _own, ...rest } = metadata;
  return createHash('sha256')
    .update(JSON.stringify({ ...header, __metadata__: rest }))
    .update(data)
    .digest('hex');
}

/** @param path its name without `.safetensors` is that of the phase */
export function damagedCheckpoint(path: string, why: string): WorkbenchError {
  const phase = basename(path, '.safetensors');
  return new WorkbenchError('checkpoint-invalid', `Checkpoint ${path} ${why}: do phase '${phase}' again (--from ${phase}).`, {
    path,
    phase,
  });
}

/**
 * Writes the safetensors format: 8 bytes header length (little end), a JSON header, then the data. The metadata gets a
 * sha256 of header and data, which reading checks.
 * @param shapes shape of each tensor, one dimension when left out
 * @param metadata strings, kept under `__metadata__`
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, TensorArray>,
  metadata: Record<string, string>,
  shapes: ReadonlyMap<string, readonly number[]> = new Map(),
): Uint8Array {
  const header: Record<string, HeaderEntry | Record<string, string>> = { __metadata__: metadata };
  const chunks: Buffer[] = [];
  let at = 0;
  for (const [name, data] of tensors) {
    const dtype = data instanceof Float32Array ? 'F32' : 'I32';
    header[name] = { dtype, shape: [...(shapes.get(name) ?? [data.length])], data_offsets: [at, at + data.byteLength] };
    at += data.byteLength;
    chunks.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  }
  const content = Buffer.concat(chunks);
  header.__metadata__ = { ...metadata, [DIGEST]: digestOf(header, metadata, content) };
  const text = Buffer.from(JSON.stringify(header));
  // The data starts at a multiple of 8, so that it can be mapped.
  const length = Math.ceil(text.length / 8) * 8;
  const out = Buffer.alloc(8 + length + at, 0x20);
  out.writeBigUInt64LE(BigInt(length), 0);
  text.copy(out, 8);
  content.copy(out, 8 + length);
  return out;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const areSizes = (value: unknown): value is number[] => Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

/** Whether a header entry has the right types and its bytes lie in order. */
function isEntry(value: unknown): value is HeaderEntry {
  if (!isObject(value) || typeof value.dtype !== 'string' || !areSizes(value.shape) || !areSizes(value.data_offsets)) return false;
  const [from, to] = value.data_offsets;
  return value.data_offsets.length === 2 && from <= to;
}

/**
 * Reads the safetensors format. Files without a sha256 of ours are taken as they are.
 * @param source path of the file, for the error
 * @param refuse makes the error; that of a checkpoint when left out
 * @throws WorkbenchError `checkpoint-invalid` when the bytes are cut, changed, or no safetensors
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  source: string,
  refuse: (path: string, why: string) => WorkbenchError = damagedCheckpoint,
): { tensors: Map<string, TensorArray>; metadata: Record<string, string> } {
  const invalid = (why: string): never => {
    throw refuse(source, why);
  };
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 8) invalid(`holds only ${view.length} bytes`);
  const length = Number(view.readBigUInt64LE(0));
  if (length > view.length - 8) invalid('is cut short');
  let header: unknown;
  try {
    header = JSON.parse(view.toString('utf8', 8, 8 + length));
  } catch {
    return invalid('has an unreadable header');
  }
  if (!isObject(header)) return invalid('has an unreadable header');
  const start = 8 + length;
  const tensors = new Map<string, TensorArray>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    if (!isEntry(entry)) return invalid(`has a broken header for tensor '${name}'`);
    if (entry.dtype !== 'F32' && entry.dtype !== 'I32') invalid(`holds tensor '${name}' of type ${entry.dtype}, which is not supported`);
    const [from, to] = entry.data_offsets;
    if (start + to > view.length) invalid(`is cut short at tensor '${name}'`);
    const size = entry.shape.reduce((a, n) => a * n, 4);
    if (to - from !== size) invalid(`holds ${to - from} bytes for tensor '${name}' instead of ${size}`);
    const copy = new Uint8Array(view.subarray(start + from, start + to)).buffer;
    tensors.set(name, entry.dtype === 'F32' ? new Float32Array(copy) : new Int32Array(copy));
  }
  const metadata = isObject(header.__metadata__) ? header.__metadata__ : {};
  const { [DIGEST]: digest, ...own } = metadata;
  if (digest !== undefined && digest !== digestOf(header, metadata, view.subarray(start))) {
    invalid('was changed since it was written (its sha256 differs)');
  }
  return { tensors, metadata: own as Record<string, string> };
}
