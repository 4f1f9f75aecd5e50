import { describe, expect, test } from 'vitest';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { decodeSafetensors, encodeSafetensors, type TensorArray } from './safetensors.ts';

const TENSORS = new Map<string, TensorArray>([
  ['conv/weights', Float32Array.of(1.5, -0, Number.NaN, Infinity, 1e-42, -3)],
  ['empty', new Float32Array(0)],
  ['counts', Int32Array.of(-1, 2 ** 31 - 1, -(2 ** 31))],
  ['name with "quotes" and Umlaut \u00fc', Float32Array.of(7)],
]);
const METADATA = { fingerprint: 'abc', step: '12', done: 'false' };
const BYTES = encodeSafetensors(TENSORS, METADATA, new Map([['conv/weights', [2, 3]]]));
const headerOf = (bytes: Uint8Array) => {
  const buffer = Buffer.from(bytes);
  const length = Number(buffer.readBigUInt64LE(0));
  return {
    length,
    header: JSON.parse(buffer.toString('utf8', 8, 8 + length)) as Record<
      string,
      { shape: number[]; dtype: string; data_offsets: number[] }
    >,
  };
};

/** A file with this header and `data` bytes behind it. */
function file(header: unknown, data = 16): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(data)]);
}

describe('round trip', () => {
  test('keeps every bit, the types and the metadata', () => {
    const { tensors, metadata } = decodeSafetensors(BYTES, 'x');
    expect([...tensors.keys()]).toEqual([...TENSORS.keys()]);
    for (const [name, data] of TENSORS) {
      expect(tensors.get(name)!.constructor).toBe(data.constructor);
      expect(Buffer.from(tensors.get(name)!.buffer)).toEqual(Buffer.from(data.buffer));
    }
    expect(metadata).toEqual(METADATA);
  });

  test('takes views into larger arrays, and bytes at any address', () => {
    const whole = Float32Array.from({ length: 10 }, (_, i) => i);
    const bytes = encodeSafetensors(new Map([['view', whole.subarray(3, 6)]]), {});
    const shifted = new Uint8Array(bytes.length + 1).fill(255);
    shifted.set(bytes, 1);
    expect([...decodeSafetensors(shifted.subarray(1), 'x').tensors.get('view')!]).toEqual([3, 4, 5]);
  });

  test('is the published format: aligned data, shapes, dtypes, offsets', () => {
    const { length, header } = headerOf(BYTES);
    expect((8 + length) % 8).toBe(0);
    expect(header['conv/weights']).toEqual({ dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] });
    expect(header.counts).toEqual({ dtype: 'I32', shape: [3], data_offsets: [24, 36] });
    expect(header.empty).toEqual({ dtype: 'F32', shape: [0], data_offsets: [24, 24] });
  });
});

const refused = (bytes: Uint8Array, message: RegExp | string) => {
  let caught: unknown;
  try {
    decodeSafetensors(bytes, '/run/supernet.safetensors');
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(WorkbenchError);
  const error = caught as WorkbenchError;
  expect(error.code).toBe('checkpoint-invalid');
  expect(error.message).toMatch(/^Checkpoint \/run\/supernet\.safetensors .*: do phase 'supernet' again \(--from supernet\)\.$/);
  expect(error.message).toMatch(message);
};

describe('a damaged file is refused in one sentence', () => {
  test('cut at any length', () => {
    for (let length = 0; length < BYTES.length; length++) refused(BYTES.subarray(0, length), /holds only|is cut short|unreadable/);
  });

  const entry = { dtype: 'F32', shape: [4], data_offsets: [0, 16] };
  test.each([
    ['no JSON', '{"a": ', /unreadable header/],
    ['null', null, /unreadable header/],
    ['a list', [entry], /unreadable header/],
    ['a number', 7, /unreadable header/],
    ['an entry that is null', { a: null }, /tensor 'a'/],
    ['an entry without offsets', { a: { dtype: 'F32', shape: [4] } }, /tensor 'a'/],
    ['one offset', { a: { ...entry, data_offsets: [0] } }, /tensor 'a'/],
    ['offsets that are text', { a: { ...entry, data_offsets: ['0', '16'] } }, /tensor 'a'/],
    ['a negative offset', { a: { ...entry, data_offsets: [-16, 0] } }, /tensor 'a'/],
    ['offsets in the wrong order', { a: { ...entry, data_offsets: [16, 0] } }, /tensor 'a'/],
    ['a broken offset', { a: { ...entry, data_offsets: [0.5, 16.5] } }, /tensor 'a'/],
    ['bytes that are no whole numbers', { a: { ...entry, data_offsets: [0, 15] } }, /tensor 'a'/],
    ['a shape of another size', { a: { ...entry, shape: [5] } }, /tensor 'a'/],
    ['no shape', { a: { dtype: 'F32', data_offsets: [0, 16] } }, /tensor 'a'/],
    ['data beyond the end', { a: { ...entry, shape: [8], data_offsets: [0, 32] } }, /cut short at tensor 'a'/],
    ['an unknown type', { a: { ...entry, dtype: 'F64', shape: [2] } }, /tensor 'a' of type F64/],
  ])('%s', (_, header, message) => refused(file(header), message));

  test('a header longer than any file', () => {
    const bytes = Buffer.alloc(64);
    bytes.writeBigUInt64LE(2n ** 64n - 1n);
    refused(bytes, /cut short/);
  });

  test('any one byte of the header changed: readable, or a sentence, but no other error', () => {
    const random = new RandomStream(1, 'test/fuzz');
    const { length } = headerOf(BYTES);
    let refusals = 0;
    for (let at = 0; at < 8 + length; at++) {
      const bytes = Uint8Array.from(BYTES);
      bytes[at] ^= 1 + random.integer(255);
      try {
        decodeSafetensors(bytes, 'x');
      } catch (error) {
        expect(error).toBeInstanceOf(WorkbenchError);
        refusals++;
      }
    }
    expect(refusals).toBeGreaterThan(length / 2);
  });
});
