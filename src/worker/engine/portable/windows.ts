import type { Convolution, Shape } from '../graph.ts';

/**
 * Calls `visit` with the places (element indices, NHWC) of every pair of an output pixel and an input pixel of its window,
 * padding left out, and with the pixel's number within the window. Channels are the innermost axis of both.
 */
export function forEachTap(
  x: Shape,
  y: Shape,
  [kh, kw]: readonly [number, number],
  { stride, padding }: Convolution,
  visit: (xAt: number, yAt: number, tap: number) => void,
): void {
  const [batch, height, width, channels] = x;
  const [, rows, columns, outputs] = y;
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const yAt = ((n * rows + i) * columns + j) * outputs;
        const [top, left] = [i * stride[0] - padding[0], j * stride[1] - padding[2]];
        for (let p = Math.max(0, -top); p < kh && top + p < height; p++) {
          for (let q = Math.max(0, -left); q < kw && left + q < width; q++)
            visit(((n * height + top + p) * width + left + q) * channels, yAt, p * kw + q);
        }
      }
    }
  }
}
