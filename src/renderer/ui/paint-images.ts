import type { DataPreview } from '../../shared/contract/look.ts';

/** Bytes of the images of a preview: uint8 [image, y, x, channel]. */
export function previewPixels(preview: Pick<DataPreview, 'pixels'>): Uint8Array {
  const text = atob(preview.pixels);
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Copies one image into RGBA, grey where it has one channel. */
export function toRgba(
  preview: Pick<DataPreview, 'width' | 'height' | 'channels'>,
  pixels: Uint8Array,
  index: number,
): Uint8ClampedArray<ArrayBuffer> {
  const { width, height, channels } = preview;
  const rgba = new Uint8ClampedArray(width * height * 4);
  const from = index * width * height * channels;
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      rgba[pixel * 4 + channel] = pixels[from + pixel * channels + (channels === 1 ? 0 : channel)];
    }
    rgba[pixel * 4 + 3] = 255;
  }
  return rgba;
}

/** Paints the images of a preview side by side, one pixel for each of theirs, with one pixel between them. */
export function paintImages(canvas: HTMLCanvasElement, preview: DataPreview, columns: number): void {
  const { width, height } = preview;
  const count = preview.labels.length;
  const rows = Math.ceil(count / columns);
  canvas.width = columns * (width + 1) - 1;
  canvas.height = rows * (height + 1) - 1;
  const context = canvas.getContext('2d');
  if (!context) return;
  const pixels = previewPixels(preview);
  for (let index = 0; index < count; index++) {
    const image = new ImageData(toRgba(preview, pixels, index), width, height);
    context.putImageData(image, (index % columns) * (width + 1), Math.floor(index / columns) * (height + 1));
  }
}
