import { RandomStream } from '../../../shared/domain/random.ts';

type Size = readonly [height: number, width: number, channels: number];

/** Every pixel drawn by itself from [0, 1]. */
export function randomImage([height, width, channels]: Size, index: number): Float32Array {
  const random = new RandomStream(0, `import/image-${index}`);
  return Float32Array.from({ length: height * width * channels }, () => random.uniform());
}

/**
 * A gray image of another size, scaled bilinearly and given a colour of its own on a ground of its own.
 * @param gray rows of pixels, 0..255
 */
export function paintedImage(gray: Uint8Array, side: number, [height, width, channels]: Size, index: number): Float32Array {
  const random = new RandomStream(0, `import/colours-${index}`);
  const [paper, ink] = [0, 1].map(() => Float32Array.from({ length: channels }, () => random.uniform()));
  const image = new Float32Array(height * width * channels);
  const at = (y: number, x: number) => gray[Math.min(y, side - 1) * side + Math.min(x, side - 1)] / 255;
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const [y, x] = [((side - 1) * row) / Math.max(1, height - 1), ((side - 1) * column) / Math.max(1, width - 1)];
      const [y0, x0] = [Math.floor(y), Math.floor(x)];
      const [fy, fx] = [y - y0, x - x0];
      const above = at(y0, x0) * (1 - fx) + at(y0, x0 + 1) * fx;
      const below = at(y0 + 1, x0) * (1 - fx) + at(y0 + 1, x0 + 1) * fx;
      const share = above * (1 - fy) + below * fy;
      for (let c = 0; c < channels; c++) image[(row * width + column) * channels + c] = paper[c] + (ink[c] - paper[c]) * share;
    }
  return image;
}
