import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RandomStream } from '../../src/shared/domain/random.ts';

const SIDE = 28;

function idx(path: string, sizes: readonly number[], values: Uint8Array): void {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(0x0800 + sizes.length, 0);
  for (const [axis, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * axis);
  writeFileSync(path, Buffer.concat([header, values]));
}

/** Writes the four MNIST files, with noise instead of digits. @returns the folder */
export function writeImages(root: string, counts: { train: number; test: number }): string {
  mkdirSync(root, { recursive: true });
  for (const [prefix, count] of [
    ['train', counts.train],
    ['t10k', counts.test],
  ] as const) {
    const random = new RandomStream(0, prefix);
    const values = (length: number, below: number) => Uint8Array.from({ length }, () => random.integer(below));
    idx(join(root, `${prefix}-images-idx3-ubyte`), [count, SIDE, SIDE], values(count * SIDE * SIDE, 256));
    idx(join(root, `${prefix}-labels-idx1-ubyte`), [count], values(count, 10));
  }
  return root;
}
