import { Transformer } from '@napi-rs/image';
import { describe, expect, it } from 'vitest';
import { cmykJpeg, jpegOf, pngOf, rawPng, rgba } from '../testing/image-files.ts';
import { decodeImage, sizeOf, UnusableImage, type ImageTarget } from './decode.ts';

const encoded = (bytes: Uint8Array) => ({ kind: 'encoded' as const, bytes });
const target = (height: number, width: number, channels: 1 | 3, resize: 'crop' | 'stretch' = 'crop'): ImageTarget => ({
  height,
  width,
  channels,
  resize,
});
const sixteen = (...values: number[]) => Uint8Array.from(values.flatMap((value) => [value >> 8, value & 255]));
const rgbOf = (pixels: Uint8Array) => pixels.filter((_, i) => i % 4 < 3);
const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

describe('decodeImage', () => {
  it.each([
    ['png', (image: Transformer) => image.pngSync()],
    ['webp', (image: Transformer) => image.webpLosslessSync()],
    ['bmp', (image: Transformer) => image.bmpSync()],
    ['tiff', (image: Transformer) => image.tiffSync()],
  ])('gives exactly the pixels of a %s file', async (_, encode) => {
    const pixels = rgba(6, 5, 3);
    const bytes = encode(Transformer.fromRgbaPixels(pixels, 5, 6));
    expect(sizeOf(encoded(bytes))).toEqual({ height: 6, width: 5, channels: 3 });
    expect([...(await decodeImage(encoded(bytes), target(6, 5, 3)))]).toEqual([...rgbOf(pixels)]);
  });

  it.each<[string, Uint8Array, ImageTarget, number[]]>([
    ['16-bit grey, rounded', rawPng(3, 1, { depth: 16, rows: [sixteen(0, 385, 65535)] }), target(1, 3, 1), [0, 1, 255]],
    ['16-bit RGB', rawPng(1, 1, { depth: 16, type: 2, rows: [sixteen(257, 514, 65535)] }), target(1, 1, 3), [1, 2, 255]],
    ['grey to RGB', rawPng(2, 1, { rows: [Uint8Array.of(7, 200)] }), target(1, 2, 3), [7, 7, 7, 200, 200, 200]],
    ['RGB to grey by luma', rawPng(2, 1, { type: 2, rows: [Uint8Array.of(255, 0, 0, 10, 20, 30)] }), target(1, 2, 1), [76, 18]],
    [
      'alpha onto black',
      rawPng(2, 1, { type: 6, rows: [Uint8Array.of(200, 100, 50, 255, 200, 100, 50, 51)] }),
      target(1, 2, 3),
      [200, 100, 50, 40, 20, 10],
    ],
    ['grey with alpha', rawPng(2, 1, { type: 4, rows: [Uint8Array.of(200, 255, 200, 0)] }), target(1, 2, 1), [200, 0]],
    // halves of a picture twice as wide as high: cropping keeps its middle, stretching all of it
    [
      'cropped to the centre',
      rawPng(4, 2, { rows: [Uint8Array.of(0, 50, 50, 255), Uint8Array.of(0, 50, 50, 255)] }),
      target(2, 2, 1),
      [50, 50, 50, 50],
    ],
    ['stretched', rawPng(4, 2, { rows: [Uint8Array.of(0, 0, 100, 100), Uint8Array.of(0, 0, 100, 100)] }), target(1, 1, 1, 'stretch'), [50]],
    ['16-bit, scaled', rawPng(2, 2, { depth: 16, rows: [sixteen(25700, 25700), sixteen(25700, 25700)] }), target(1, 1, 1), [100]],
  ])('%s', async (_, bytes, wanted, expected) => {
    expect([...(await decodeImage(encoded(bytes), wanted))]).toEqual(expected);
  });

  it('turns a JPEG as its EXIF orientation says', async () => {
    const jpeg = Buffer.from(jpegOf(16, 8, 1));
    const exif = Buffer.concat([
      Buffer.from([0xff, 0xe1, 0, 34]),
      Buffer.from('Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0', 'latin1'),
    ]);
    const turned = Buffer.concat([jpeg.subarray(0, 2), exif, jpeg.subarray(2)]);
    expect(sizeOf(encoded(turned))).toEqual({ height: 8, width: 16, channels: 3 });
    const plain = await decodeImage(encoded(jpeg), target(16, 8, 3));
    const seen = await decodeImage(encoded(turned), target(8, 16, 3));
    // a quarter turn clockwise: the left column, from below, becomes the first row
    for (let x = 0; x < 16; x++) expect(seen[3 * x]).toBe(plain[(15 - x) * 8 * 3]);
  });

  it('scales raw pixels too', async () => {
    const pixels = Uint8Array.from({ length: 16 }, () => 90);
    expect([...(await decodeImage({ kind: 'pixels', pixels, height: 4, width: 4, channels: 1 }, target(2, 2, 3)))]).toEqual(
      Array(12).fill(90),
    );
  });

  const jpeg = jpegOf(40, 40);
  it.each<[string, Uint8Array, RegExp]>([
    ['a truncated JPEG', jpeg.subarray(0, jpeg.length - 40), /^is truncated: its end is missing$/],
    ['the beginning of a JPEG', jpeg.subarray(0, 30), /^is truncated/],
    ['a truncated PNG', pngOf(40, 40).subarray(0, 200), /^cannot be decoded/],
    ['text', Buffer.from('this is no image at all'), /^is no JPEG, PNG, WebP, BMP or TIFF image$/],
    ['an empty file', Buffer.alloc(0), /^is an empty file$/],
    ['a CMYK JPEG', cmykJpeg(), /^is in CMYK/],
    ['a GIF', gif, /^is a GIF/],
    [
      'an animated PNG',
      rawPng(2, 1, { rows: [Uint8Array.of(1, 2)], extra: [['acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0])]] }),
      /^holds several pictures/,
    ],
    ['144 megapixels, by the header alone', rawPng(12_000, 12_000, {}), /^has 12000 x 12000 pixels, more than 80 million/],
  ])('refuses %s', async (_, bytes, reason) => {
    const started = performance.now();
    const refused = await decodeImage(encoded(bytes), target(8, 8, 3)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UnusableImage);
    expect((refused as Error).message).toMatch(reason);
    // nothing of the size that the header states was allocated or decoded
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
