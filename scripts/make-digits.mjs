/**
 * Writes resources/digits, two IDX files, from the copy of the UCI digits that scikit-learn brings. Run it only to check or
 * renew them:
 *   pip download --no-deps scikit-learn==1.9.1, unpack sklearn/datasets/data/digits.csv.gz, then
 *   node scripts/make-digits.mjs digits.csv.gz
 * Each line is an 8 x 8 image of values 0..16 and its digit; the values become 0..255, rounded.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { root } from './lib/tools.mjs';

const SHA256 = '09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22';
const SIDE = 8;
const LARGEST = 16;

const [source] = process.argv.slice(2);
if (!source) throw new Error('Name the file: node scripts/make-digits.mjs digits.csv.gz');
const packed = readFileSync(source);
const found = createHash('sha256').update(packed).digest('hex');
if (found !== SHA256) throw new Error(`${source} is another file than expected: its SHA-256 is ${found} instead of ${SHA256}.`);

const rows = gunzipSync(packed)
  .toString('ascii')
  .trim()
  .split('\n')
  .map((line) => line.split(',').map(Number));
const pixels = rows.flatMap((row) => row.slice(0, SIDE * SIDE).map((value) => Math.round((value * 255) / LARGEST)));
const labels = rows.map((row) => row[SIDE * SIDE]);

/** An IDX file of unsigned bytes. */
function idx(shape, values) {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(0x0800 + shape.length, 0);
  shape.forEach((length, axis) => header.writeUInt32BE(length, 4 + 4 * axis));
  return Buffer.concat([header, Buffer.from(values)]);
}

const folder = join(root, 'resources', 'digits');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'images-idx3-ubyte'), idx([rows.length, SIDE, SIDE], pixels));
writeFileSync(join(folder, 'labels-idx1-ubyte'), idx([rows.length], labels));
console.log(`Wrote ${rows.length} digits to ${folder}.`);
