/*
 * What the first bytes of an image file tell, so that images which shall not be decoded never are: a decoder first
 * allocates all pixels. PNG (W3C), JPEG (ITU T.81), WebP (RFC 9649), BMP, TIFF 6.0, GIF 89a.
 */

export interface ImageHeader {
  format: 'png' | 'jpeg' | 'webp' | 'bmp' | 'tiff' | 'gif';
  /** As stored, before EXIF turns it; 0 where only decoding tells. */
  width: number;
  height: number;
  /** Bits of a channel. */
  bits: number;
  /** More than one picture. */
  animated: boolean;
  colour: 'grey' | 'rgb' | 'cmyk';
  /** EXIF orientation, 1 = as stored. */
  orientation: number;
  /** Why the file cannot be whole; null when nothing speaks against it. */
  cut: string | null;
}

const ascii = (bytes: Uint8Array, from: number, length: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, length).toString('latin1');
const has = (bytes: Uint8Array, from: number, text: string): boolean =>
  bytes.length >= from + text.length && ascii(bytes, from, text.length) === text;
const header = (format: ImageHeader['format'], facts: Partial<ImageHeader>): ImageHeader => ({
  format,
  width: 0,
  height: 0,
  bits: 8,
  animated: false,
  colour: 'rgb',
  orientation: 1,
  cut: null,
  ...facts,
});

function readPng(bytes: Uint8Array, view: DataView): ImageHeader {
  if (bytes.length < 33) return header('png', { cut: 'its header is cut' });
  let animated = false;
  for (let at = 8; at + 8 <= bytes.length && !has(bytes, at + 4, 'IDAT'); at += 12 + view.getUint32(at))
    animated ||= has(bytes, at + 4, 'acTL');
  return header('png', {
    width: view.getUint32(16),
    height: view.getUint32(20),
    bits: bytes[24],
    animated,
    colour: bytes[25] === 0 || bytes[25] === 4 ? 'grey' : 'rgb',
  });
}

/** Orientation of an EXIF block (TIFF inside APP1): tag 0x0112 of the first directory. */
function exifOrientation(view: DataView, from: number, end: number): number {
  const little = view.getUint16(from) === 0x4949;
  const directory = from + view.getUint32(from + 4, little);
  if (directory + 2 > end) return 1;
  for (let entry = directory + 2, left = view.getUint16(directory, little); left > 0 && entry + 12 <= end; left--, entry += 12)
    if (view.getUint16(entry, little) === 0x0112) return view.getUint16(entry + 8, little);
  return 1;
}

function readJpeg(bytes: Uint8Array, view: DataView): ImageHeader {
  const facts: Partial<ImageHeader> = {};
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return header('jpeg', { ...facts, cut: 'its markers are damaged' });
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at++;
      continue;
    }
    const length = view.getUint16(at + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame && at + 10 <= bytes.length) {
      const components = bytes[at + 9];
      Object.assign(facts, {
        bits: bytes[at + 4],
        height: view.getUint16(at + 5),
        width: view.getUint16(at + 7),
        colour: components === 1 ? 'grey' : components === 4 ? 'cmyk' : 'rgb',
      });
    }
    if (marker === 0xe1 && has(bytes, at + 4, 'Exif\0\0') && at + 18 <= bytes.length)
      facts.orientation = exifOrientation(view, at + 10, Math.min(bytes.length, at + 2 + length));
    if (marker === 0xda) {
      // decoders fill what is missing with grey, so the end has to be looked for
      const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).lastIndexOf('\xff\xd9', undefined, 'latin1');
      return header('jpeg', { ...facts, cut: end > at ? null : 'its end is missing' });
    }
    at += 2 + length;
  }
  return header('jpeg', { ...facts, cut: 'it ends before its pixels begin' });
}

function readWebp(bytes: Uint8Array, view: DataView): ImageHeader {
  if (bytes.length < 30) return header('webp', { cut: 'its header is cut' });
  const cut = view.getUint32(4, true) + 8 > bytes.length ? 'its end is missing' : null;
  if (has(bytes, 12, 'VP8X')) {
    const at = (place: number) => 1 + bytes[place] + (bytes[place + 1] << 8) + (bytes[place + 2] << 16);
    return header('webp', { width: at(24), height: at(27), animated: (bytes[20] & 2) !== 0, cut });
  }
  if (has(bytes, 12, 'VP8L')) {
    const packed = view.getUint32(21, true);
    return header('webp', { width: (packed & 0x3fff) + 1, height: ((packed >>> 14) & 0x3fff) + 1, cut });
  }
  return header('webp', { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff, cut });
}

function readTiff(bytes: Uint8Array, view: DataView): ImageHeader {
  const little = bytes[0] === 0x49;
  const directory = view.getUint32(4, little);
  if (directory + 2 > bytes.length) return header('tiff', { cut: 'its directory is missing' });
  const entries = view.getUint16(directory, little);
  const end = directory + 2 + 12 * entries;
  if (end + 4 > bytes.length) return header('tiff', { cut: 'its directory is cut' });
  const tags = new Map<number, number>();
  for (let entry = directory + 2; entry < end; entry += 12) {
    const isShort = view.getUint16(entry + 2, little) === 3;
    const count = view.getUint32(entry + 4, little);
    const inPlace = count * (isShort ? 2 : 4) <= 4 ? entry + 8 : view.getUint32(entry + 8, little);
    if (inPlace + 4 > bytes.length) continue;
    tags.set(view.getUint16(entry, little), isShort ? view.getUint16(inPlace, little) : view.getUint32(inPlace, little));
  }
  const photometric = tags.get(262) ?? 2;
  return header('tiff', {
    width: tags.get(256) ?? 0,
    height: tags.get(257) ?? 0,
    bits: tags.get(258) ?? 1,
    colour: photometric === 5 ? 'cmyk' : photometric <= 1 ? 'grey' : 'rgb',
    orientation: tags.get(274) ?? 1,
    animated: view.getUint32(end, little) !== 0,
  });
}

/**
 * Reads the header of an image file by its content, whatever its name says.
 * @returns null for what is no image of a known kind
 */
export function readHeader(bytes: Uint8Array): ImageHeader | null {
  if (bytes.length < 12) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (has(bytes, 0, '\x89PNG\r\n\x1a\n')) return readPng(bytes, view);
  if (has(bytes, 0, '\xff\xd8\xff')) return readJpeg(bytes, view);
  if (has(bytes, 0, 'RIFF') && has(bytes, 8, 'WEBP')) return readWebp(bytes, view);
  if (has(bytes, 0, 'GIF8')) return header('gif', { width: view.getUint16(6, true), height: view.getUint16(8, true) });
  if (has(bytes, 0, 'BM') && bytes.length >= 26)
    return header('bmp', { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) });
  if (has(bytes, 0, 'II*\0') || has(bytes, 0, 'MM\0*')) return readTiff(bytes, view);
  return null;
}
