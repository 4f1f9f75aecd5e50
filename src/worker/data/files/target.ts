import { invalidData, type ImageIndex } from '../formats/format.ts';
import { sizeOf, UnusableImage, type ImageSize, type ImageTarget } from '../image/decode.ts';
import type { DataRecipe } from '../split-plan.ts';

/** Images looked at to find a size and the number of channels. */
const LOOKED_AT = 100;

type Wish = Pick<DataRecipe, 'size' | 'channels' | 'resize'>;

/** What images will become, and whether that was found by looking at some of them. */
export interface FoundTarget extends ImageTarget {
  /** no size was asked for, so all images must have this one */
  readonly exact: boolean;
}

/** A size for images of many: that of most of them, else their median in steps of 32; at most 224. */
function proposedSide(sizes: readonly ImageSize[]): number {
  const squares = new Map<number, number>();
  for (const { height, width } of sizes) if (height === width) squares.set(height, (squares.get(height) ?? 0) + 1);
  const most = [...squares].find(([, images]) => 2 * images > sizes.length);
  if (most) return Math.min(224, most[0]);
  const sides = sizes.map(({ height, width }) => Math.min(height, width)).sort((a, b) => a - b);
  const median = sides[sides.length >> 1];
  return Math.min(224, Math.max(32, Math.floor(median / 32) * 32));
}

/** Sizes of some images spread over the data set; what cannot be used is left out. @throws WorkbenchError `data-invalid` when all are */
async function sampleSizes(index: ImageIndex, path: string): Promise<ImageSize[]> {
  const step = Math.max(1, Math.floor(index.count / LOOKED_AT));
  const sizes: ImageSize[] = [];
  let first: string | undefined;
  for (let image = 0; image < index.count; image += step) {
    try {
      sizes.push(sizeOf(await index.read(image)));
    } catch (error) {
      if (!(error instanceof UnusableImage)) throw error;
      first ??= `${index.name(image)}, ${error.message}`;
    }
  }
  if (sizes.length) return sizes;
  throw invalidData(`None of the images looked at in ${path} can be used; the first, ${first}: put usable images there.`, path);
}

/**
 * The size and channels that training sees: those of the recipe; without them, those that the images share.
 * @param propose takes a fitting size where images have different ones, in place of the error
 * @throws WorkbenchError `data-invalid` when no size is asked for and the images have different ones, or none can be used
 */
export async function findTarget(index: ImageIndex, wish: Wish, path: string, propose = false): Promise<FoundTarget> {
  if (wish.size && wish.channels)
    return { height: wish.size[0], width: wish.size[1], channels: wish.channels, resize: wish.resize, exact: false };
  const sizes = await sampleSizes(index, path);
  const channels = wish.channels ?? (sizes.every((size) => size.channels === 1) ? 1 : 3);
  if (wish.size) return { height: wish.size[0], width: wish.size[1], channels, resize: wish.resize, exact: false };
  const [first] = sizes;
  const other = sizes.find(({ height, width }) => height !== first.height || width !== first.width);
  if (!other) return { height: first.height, width: first.width, channels, resize: wish.resize, exact: true };
  const side = proposedSide(sizes);
  if (propose) return { height: side, width: side, channels, resize: wish.resize, exact: false };
  throw mixedSizes(path, first, other, side);
}

/** The error of images of different sizes where no size is asked for. */
export function mixedSizes(path: string, first: ImageSize, other: ImageSize, side = proposedSide([first, other])): Error {
  return invalidData(
    `The images in ${path} have different sizes (${first.height} x ${first.width} and ${other.height} x ${other.width}): set data.size to the [height, width] that training shall see, e.g. [${side}, ${side}].`,
    path,
  );
}
