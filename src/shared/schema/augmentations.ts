import { z } from 'zod';

/*
 * Random changes of training images, in the order of the list. Sides are those of the images as training sees them.
 * Defaults are the usual ones of CIFAR and ImageNet training.
 */
const share = (description: string, value: number) => z.number().min(0).max(1).default(value).describe(description);

const padCrop = z
  .strictObject({
    kind: z.literal('padCrop'),
    pixels: z
      .number()
      .int()
      .min(1)
      .max(64)
      .default(4)
      .describe('black border added on every side before a window of the old size is cut out'),
  })
  .describe('a border of black pixels, and a window of the old size at a random place');
const randomResizedCrop = z
  .strictObject({
    kind: z.literal('randomResizedCrop'),
    scaleMin: z.number().min(0.01).max(1).default(0.08).describe('smallest share of the area that is cut out and scaled up again'),
    ratioMax: z
      .number()
      .min(1)
      .max(4)
      .default(4 / 3)
      .describe('largest ratio of the sides of the cut, either way round'),
  })
  .describe(
    'a window of random area and shape, scaled up to the whole image; it is cut from images that have the size of training already, so a window of a quarter of the area has half their resolution: a larger data.size, or scaleMin 0.25 and more, keeps them sharp',
  );
const flip = z
  .strictObject({
    kind: z.literal('flip'),
    share: share('share of images that are mirrored left to right', 0.5),
  })
  .describe('left becomes right');
const colourJitter = z
  .strictObject({
    kind: z.literal('colourJitter'),
    brightness: share('largest relative change of brightness, to either side', 0.2),
    contrast: share('the same for contrast, about the mean of the image', 0.2),
    saturation: share('the same for saturation; no effect on grey images', 0.2),
  })
  .describe('random brightness, contrast and saturation');
const cutout = z
  .strictObject({
    kind: z.literal('cutout'),
    size: z
      .number()
      .int()
      .min(1)
      .max(512)
      .default(8)
      .describe('side of a square that is set to black, pixels; its centre lies anywhere in the image'),
  })
  .describe('a black square at a random place');
const mixup = z
  .strictObject({
    kind: z.literal('mixup'),
    alpha: z
      .number()
      .min(0.01)
      .max(4)
      .default(0.2)
      .describe('images are blended in pairs, labels alike; the share is drawn from Beta(alpha, alpha)'),
  })
  .describe('every image blended with another one of its batch');

export const augmentationSchema = z.discriminatedUnion('kind', [padCrop, randomResizedCrop, flip, colourJitter, cutout, mixup]);
export type AugmentationStep = z.infer<typeof augmentationSchema>;
export type AugmentationKind = AugmentationStep['kind'];
/** The settings of one kind. */
export type StepOf<K extends AugmentationKind> = Extract<AugmentationStep, { kind: K }>;
