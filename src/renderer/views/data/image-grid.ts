/** Where the images of a preview stand on a canvas, and drawing them there. All lengths are px of the page. */
import type { DataPreview } from '../../../shared/contract/look.ts';
import { previewPixels, toRgba } from '../../ui/paint-images.ts';

export const LABEL_HEIGHT = 16;
const GAP = 8;
/** most images that a host gives in one answer */
const MOST = 512;

/** Images with their labels. */
export type GridImages = Pick<DataPreview, 'width' | 'height' | 'channels' | 'classes' | 'pixels' | 'labels'>;

export interface GridLayout {
  columns: number;
  rows: number;
  /** of one image */
  width: number;
  height: number;
  /** from one image to the next */
  stepX: number;
  stepY: number;
}

/** As many whole images as fit into the box; at least one. */
export function layoutGrid(box: { width: number; height: number }, image: { width: number; height: number }, zoom: number): GridLayout {
  const [width, height] = [image.width * zoom, image.height * zoom];
  const columns = Math.max(1, Math.floor((box.width + GAP) / (width + GAP)));
  const low = height + LABEL_HEIGHT;
  const rows = Math.max(1, Math.min(Math.floor((box.height + GAP / 2) / (low + GAP / 2)), Math.floor(MOST / columns)));
  // what is left over goes between them
  const stepX = columns > 1 ? Math.min(width + 2 * GAP, (box.width - width) / (columns - 1)) : width + GAP;
  const stepY = rows > 1 ? Math.max(low, Math.min(low + 1.5 * GAP, (box.height - low) / (rows - 1))) : low + GAP / 2;
  return { columns, rows, width, height, stepX, stepY };
}

/** The image under a point; null between images and past the last one. */
export function imageAt(layout: GridLayout, count: number, x: number, y: number): number | null {
  const [column, row] = [Math.floor(x / layout.stepX), Math.floor(y / layout.stepY)];
  if (x < 0 || y < 0 || column >= layout.columns || x - column * layout.stepX > layout.width) return null;
  const index = row * layout.columns + column;
  return index < count && y - row * layout.stepY <= layout.height + LABEL_HEIGHT ? index : null;
}

/**
 * Screen pixels for each pixel of an image at a zoom of 1 to 4: large images are scaled down, tiny ones up.
 */
export function scaleFor({ width, height }: { width: number; height: number }, zoom: number): number {
  const side = Math.max(width, height);
  return (zoom * (side > 128 ? 1 : side > 48 ? 2 : side > 16 ? 4 : 12)) / 4;
}

export interface GridColors {
  label: string;
  /** of the marked image */
  strong: string;
  font: string;
}

/** Draws the images with their labels; pixels stay sharp. `marked` gets a frame. */
export function paintGrid(
  canvas: HTMLCanvasElement,
  preview: GridImages,
  layout: GridLayout,
  box: { width: number; height: number },
  colors: GridColors,
  marked: number | null,
): void {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(box.width * ratio);
  canvas.height = Math.round(box.height * ratio);
  const context = canvas.getContext('2d');
  if (!context) return;
  const source = document.createElement('canvas');
  source.width = preview.width;
  source.height = preview.height;
  const image = source.getContext('2d');
  if (!image) return;
  context.scale(ratio, ratio);
  // a pixel is shown as one; only what is made smaller is averaged
  context.imageSmoothingEnabled = layout.width < preview.width;
  context.font = `11px ${colors.font}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const pixels = previewPixels(preview);
  for (let index = 0; index < Math.min(preview.labels.length, layout.columns * layout.rows); index++) {
    const x = Math.round((index % layout.columns) * layout.stepX);
    const y = Math.round(Math.floor(index / layout.columns) * layout.stepY);
    image.putImageData(new ImageData(toRgba(preview, pixels, index), preview.width, preview.height), 0, 0);
    context.drawImage(source, x, y, layout.width, layout.height);
    context.fillStyle = index === marked ? colors.strong : colors.label;
    context.fillText(preview.classes[preview.labels[index]] ?? '', x + layout.width / 2, y + layout.height + LABEL_HEIGHT / 2);
    if (index !== marked) continue;
    context.strokeStyle = colors.strong;
    context.lineWidth = 2;
    context.strokeRect(x - 1, y - 1, layout.width + 2, layout.height + 2);
  }
}

/** Colours of the theme that is shown. */
export function gridColors(): GridColors {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return { label: read('--text-3'), strong: read('--accent'), font: read('--font') };
}
