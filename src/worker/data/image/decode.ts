import { FastResizeFilter, ResizeFit, Transformer } from '@napi-rs/image';
import type { StoredImage } from '../formats/format.ts';
import { readHeader } from './header.ts';

/** Largest image that is decoded, pixels. Decoders allocate all of them, four bytes each and more than once. */
const MOST_PIXELS = 80e6;

/** What every image becomes. */
export interface ImageTarget {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  /** `crop`: scaled until it covers the target, its centre kept; `stretch`: both sides scaled on their own. */
  readonly resize: 'crop' | 'stretch';
}

/** Size and colour of an image before it is fitted, as people see it (EXIF orientation applied). */
export interface ImageSize {
  height: number;
  width: number;
  channels: 1 | 3;
}

/** Why an image cannot be used; the reason ends no sentence: it stands in lists. */
export class UnusableImage extends Error {}

/**
 * The size of an image, from its header alone.
 * @throws UnusableImage for what is not decoded: no image, cut, animated, CMYK, GIF, too large
 */
export function sizeOf(image: StoredImage): ImageSize {
  if (image.kind === 'pixels') return { height: image.height, width: image.width, channels: image.channels };
  const header = readHeader(image.bytes);
  if (!header) throw new UnusableImage(image.bytes.length ? 'is no JPEG, PNG, WebP, BMP or TIFF image' : 'is an empty file');
  if (header.cut) throw new UnusableImage(`is truncated: ${header.cut}`);
  if (header.format === 'gif') throw new UnusableImage('is a GIF, which is not read: convert it to PNG');
  if (header.animated) throw new UnusableImage('holds several pictures (animated or multi-page): keep one of them');
  if (header.colour === 'cmyk') throw new UnusableImage('is in CMYK, whose colours depend on a printer: convert it to RGB');
  if (header.width * header.height > MOST_PIXELS)
    throw new UnusableImage(`has ${header.width} x ${header.height} pixels, more than ${MOST_PIXELS / 1e6} million: make it smaller`);
  if (!header.width || !header.height) throw new UnusableImage('states a width or height of 0');
  const turned = header.orientation >= 5 && header.orientation <= 8;
  const [height, width] = turned ? [header.width, header.height] : [header.height, header.width];
  return { height, width, channels: header.colour === 'grey' ? 1 : 3 };
}

interface Pixels {
  bytes: Uint8Array;
  /** of `bytes`: grey, grey + alpha, RGB, RGBA */
  channels: 1 | 2 | 3 | 4;
}

/** 16-bit values become 8-bit ones, rounded: 65,535 is 257 x 255. */
function toEightBits(bytes: Uint8Array): Uint8Array {
  const values = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return Uint8Array.from(values, (value) => Math.round(value / 257));
}

/** As RGBA; a grey value three times, no alpha as opaque. */
function toRgba({ bytes, channels }: Pixels): Uint8Array {
  if (channels === 4) return bytes;
  const count = bytes.length / channels;
  const out = new Uint8Array(4 * count).fill(255);
  const colours = channels === 3 ? 3 : 1;
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) out[4 * i + c] = bytes[i * channels + (colours === 3 ? c : 0)];
    if (channels === 2) out[4 * i + 3] = bytes[i * channels + 1];
  }
  return out;
}

/**
 * Grey (ITU-R BT.601 luma) or RGB without alpha. Transparent pixels are blended onto black, which is also what
 * augmentation fills uncovered pixels with.
 */
function toTarget({ bytes, channels }: Pixels, wanted: 1 | 3): Uint8Array {
  if (channels === wanted) return bytes;
  const count = bytes.length / channels;
  const out = new Uint8Array(wanted * count);
  const hasAlpha = channels === 2 || channels === 4;
  const colours = channels - (hasAlpha ? 1 : 0);
  for (let i = 0; i < count; i++) {
    const from = i * channels;
    const alpha = hasAlpha ? bytes[from + colours] / 255 : 1;
    const [red, green, blue] = colours === 3 ? [bytes[from], bytes[from + 1], bytes[from + 2]] : [bytes[from], bytes[from], bytes[from]];
    if (wanted === 1) out[i] = Math.round(alpha * (colours === 3 ? 0.299 * red + 0.587 * green + 0.114 * blue : red));
    else {
      out[3 * i] = Math.round(alpha * red);
      out[3 * i + 1] = Math.round(alpha * green);
      out[3 * i + 2] = Math.round(alpha * blue);
    }
  }
  return out;
}

const sameSize = (size: ImageSize, target: ImageTarget) => size.height === target.height && size.width === target.width;

/** The size to scale to before the centre is cut out: the smallest of the image's shape that covers the target. */
function scaledSize(size: ImageSize, { height, width, resize }: ImageTarget): { height: number; width: number } {
  if (resize === 'stretch') return { height, width };
  const scale = Math.max(height / size.height, width / size.width);
  return { height: Math.max(height, Math.round(size.height * scale)), width: Math.max(width, Math.round(size.width * scale)) };
}

// The library's own way of covering keeps the end of the longer side, not its centre.
const resizing = (to: { height: number; width: number }) => ({ ...to, filter: FastResizeFilter.Bilinear, fit: ResizeFit.Fill });

/** The middle of scaled pixels. */
function centreOf({ bytes, channels }: Pixels, from: { height: number; width: number }, { height, width }: ImageTarget): Pixels {
  if (from.height === height && from.width === width) return { bytes, channels };
  const top = (from.height - height) >> 1;
  const left = (from.width - width) >> 1;
  const out = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const at = ((top + y) * from.width + left) * channels;
    out.set(bytes.subarray(at, at + width * channels), y * width * channels);
  }
  return { bytes: out, channels };
}

/** Pixels of the target's size. 16-bit images are scaled after they are rounded: the library would scale them in its own way. */
async function decodePixels(bytes: Uint8Array, size: ImageSize, target: ImageTarget): Promise<Pixels> {
  const { orientation, bits } = readHeader(bytes)!;
  const decoder = new Transformer(bytes);
  if (orientation > 1 && orientation <= 8) decoder.rotate(orientation);
  const scales = bits <= 8 && !sameSize(size, target);
  const to = scales ? scaledSize(size, target) : size;
  if (scales) decoder.fastResize(resizing(to));
  const raw = await decoder.rawPixels();
  const count = to.height * to.width;
  const values = bits > 8 ? toEightBits(raw) : raw;
  const channels = values.length / count;
  if (channels !== 1 && channels !== 2 && channels !== 3 && channels !== 4)
    throw new UnusableImage(`holds ${values.length} values where its header states ${count} pixels`);
  const pixels: Pixels = { bytes: values, channels };
  if (scales) return centreOf(pixels, to, target);
  return sameSize(size, target) ? pixels : resized(pixels, size, target);
}

async function resized(pixels: Pixels, size: ImageSize, target: ImageTarget): Promise<Pixels> {
  const image = Transformer.fromRgbaPixels(toRgba(pixels), size.width, size.height);
  const to = scaledSize(size, target);
  return centreOf({ bytes: await image.fastResize(resizing(to)).rawPixels(), channels: 4 }, to, target);
}

async function fitted(image: StoredImage, size: ImageSize, target: ImageTarget): Promise<Pixels> {
  if (image.kind === 'encoded') return decodePixels(image.bytes, size, target);
  const pixels: Pixels = { bytes: image.pixels, channels: image.channels };
  return sameSize(size, target) ? pixels : resized(pixels, size, target);
}

/**
 * Decodes an image and fits it to the target. Rules: 16 bits are rounded to 8; EXIF orientation is applied; alpha is
 * blended onto black; grey <-> RGB by luma or by repeating; scaling is bilinear over the covered area.
 * @returns uint8 HWC of the target's size
 * @throws UnusableImage with the reason, for images that are refused or damaged
 */
export async function decodeImage(image: StoredImage, target: ImageTarget): Promise<Uint8Array> {
  const size = sizeOf(image);
  try {
    return toTarget(await fitted(image, size, target), target.channels);
  } catch (error) {
    if (error instanceof UnusableImage) throw error;
    throw new UnusableImage(`cannot be decoded (${error instanceof Error ? error.message : String(error)})`);
  }
}
