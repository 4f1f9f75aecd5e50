import type { RandomStream } from '../../../shared/domain/random.ts';

/** Height, width and channels of an image. */
export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * Changes one image in place.
 * @param image   HWC, float32 in [0, 1]
 * @param scratch another image's memory, to work in
 */
export type ImageChange<S> = (image: Float32Array, shape: ImageShape, settings: S, random: RandomStream, scratch: Float32Array) => void;
