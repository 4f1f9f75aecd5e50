import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { Transformer } from '@napi-rs/image';

/** Files of a data set that a test makes: names below a folder, and what they hold. */
export function writeFiles(root: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return root;
}

/** An RGB picture whose pixels differ by `shade`, so that no two shades are duplicates. */
export function rgba(height: number, width: number, shade: number): Uint8Array {
  return Uint8Array.from({ length: height * width * 4 }, (_, i) => (i % 4 === 3 ? 255 : (shade * 37 + (i >> 2) * (3 + (i % 4))) % 256));
}

export const pngOf = (height: number, width: number, shade = 0): Uint8Array =>
  Transformer.fromRgbaPixels(rgba(height, width, shade), width, height).pngSync();
export const jpegOf = (height: number, width: number, shade = 0): Uint8Array =>
  Transformer.fromRgbaPixels(rgba(height, width, shade), width, height).jpegSync(92);

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(8 + body.length);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), 4 + body.length);
  return out;
}

/**
 * A PNG of raw rows, in any colour type and depth.
 * @param type  colour type: 0 grey, 2 RGB, 4 grey + alpha, 6 RGBA
 * @param rows  bytes of each row, without filter byte
 * @param extra chunks before the pixels
 */
export function rawPng(
  width: number,
  height: number,
  { depth = 8, type = 0, rows = [] as Uint8Array[], extra = [] as [string, Uint8Array][] },
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  header[9] = type;
  const pixels = deflateSync(Buffer.concat(rows.map((row) => Buffer.concat([Buffer.from([0]), row]))));
  const parts = [
    chunk('IHDR', header),
    ...extra.map(([name, data]) => chunk(name, data)),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts]);
}

/** A JPEG whose frame header states four components, as those of printers do; its pixels are those of a grey one. */
export function cmykJpeg(): Buffer {
  const jpeg = Buffer.from(jpegOf(8, 8));
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  const start = frame < 0 ? jpeg.indexOf(Buffer.from([0xff, 0xc2])) : frame;
  jpeg[start + 9] = 4;
  return jpeg;
}

/** IDX file of unsigned bytes. */
export function idxOf(shape: readonly number[], values: ArrayLike<number>): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(0x0800 + shape.length, 0);
  shape.forEach((length, axis) => header.writeUInt32BE(length, 4 + 4 * axis));
  return Buffer.concat([header, Uint8Array.from(values)]);
}

/** Records of CIFAR's binary version; image i is filled with i, and its red plane with 255. */
export function cifarRecords(labels: readonly (readonly number[])[], first = 0): Buffer {
  const record = (own: readonly number[], i: number) =>
    Buffer.concat([Buffer.from(own), Buffer.alloc(1024, 255), Buffer.alloc(2048, (first + i) % 256)]);
  return Buffer.concat(labels.map(record));
}

/** The header and padding of one file of a tar archive. */
export function tarEntry(name: string, content: Uint8Array, type = '0'): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 'utf8');
  header.write('0000644\0', 100);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
