import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { readIdx, readIdxPair } from './idx.ts';

const folder = mkdtempSync(join(tmpdir(), 'eqnet-idx-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function idx(shape: number[], values: number[], magic = 0x0800 + shape.length): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(magic, 0);
  shape.forEach((length, axis) => header.writeUInt32BE(length, 4 + 4 * axis));
  return Buffer.concat([header, Buffer.from(values)]);
}
let files = 0;
function write(content: Buffer): string {
  const path = join(folder, `file-${files++}`);
  writeFileSync(path, content);
  return path;
}
const images = idx([2, 2, 3], [0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255]);
const labels = idx([2], [9, 0]);
const damaged = gzipSync(images).subarray(0, 20);

describe('readIdxPair', () => {
  it.each([
    ['plain', images, labels],
    ['gzip, whatever the name', gzipSync(images), gzipSync(labels)],
  ])('reads %s files onto shared memory', (_, imageFile, labelFile) => {
    const set = readIdxPair(write(imageFile), write(labelFile), 10);
    expect(set).toMatchObject({ count: 2, height: 2, width: 3, channels: 1, classes: 10 });
    expect([...set.images]).toEqual([0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255]);
    expect([...set.labels]).toEqual([9, 0]);
    expect(set.images.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(set.labels.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it.each<[string, Buffer, Buffer, RegExp]>([
    ['fewer labels', images, idx([1], [9]), /holds 2 images but .* holds 1 labels/],
    ['a label out of range', images, idx([2], [3, 10]), /Label 1 in .* is 10: .* labels 0\.\.9/],
    ['swapped files', labels, images, /not an IDX file of images: it begins with 0x00000801 instead of 0x00000803/],
  ])('refuses %s', (_, imageFile, labelFile, sentence) => {
    expect(() => readIdxPair(write(imageFile), write(labelFile), 10)).toThrow(
      expect.objectContaining({ code: 'data-invalid', message: expect.stringMatching(sentence) }),
    );
  });
});

describe('readIdx', () => {
  it.each<[string, Buffer, RegExp]>([
    ['a wrong magic number', idx([1, 1, 1], [0], 0x0d03), /begins with 0x00000d03/],
    ['text', Buffer.from('<html>not found</html>'), /begins with 0x3c68746d/],
    ['an empty file', Buffer.alloc(0), /truncated: 0 bytes do not hold the IDX header of 16/],
    ['half a header', images.subarray(0, 10), /truncated: 10 bytes/],
    ['a truncated body', images.subarray(0, images.length - 1), /truncated: its header states 2 x 2 x 3 = 12 bytes, but 11 follow/],
    ['trailing bytes', Buffer.concat([images, Buffer.from([0, 0])]), /has 2 trailing bytes/],
    ['no images', idx([0, 28, 28], []), /is empty: its header states 0 x 28 x 28/],
    ['a size beyond any file', idx([0xffffffff, 0xffffffff, 2], [0]), /truncated/],
    ['a gzip bomb', gzipSync(Buffer.concat([images, Buffer.alloc(2 ** 26)])), /unpacks to more than its header states: fetch it again/],
    ['gzip of something else', gzipSync(Buffer.from('<html>not found</html>'.repeat(500))), /begins with 0x3c68746d/],
    ['damaged gzip', damaged, /gzip file .* is damaged \(unexpected end of file\)/],
  ])('refuses %s with a sentence', (_, content, sentence) => {
    const path = write(content);
    expect(() => readIdx(path, 3)).toThrow(
      expect.objectContaining({ code: 'data-invalid', message: expect.stringMatching(sentence), details: { path } }),
    );
  });

  it.each([
    ['a missing file', join(folder, 'absent'), /does not exist: name the folder/],
    ['a folder', folder, /cannot be read \(EISDIR\)/],
  ])('refuses %s', (_, path, sentence) => {
    expect(() => readIdx(path, 3)).toThrow(expect.objectContaining({ code: 'data-invalid', message: expect.stringMatching(sentence) }));
  });
});
