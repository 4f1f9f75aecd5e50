import { ClutterPainter, CLUTTER_CHANNELS, CLUTTER_SIDE } from './clutter-painter.ts';
import { sharedBytes, withDigest, type DataProgress, type DataSplits, type ImageSet } from './dataset.ts';
import { MNIST_CLASS_NAMES, readMnistFiles } from './mnist.ts';
import { planSplits, type DataRecipe } from './split-plan.ts';

/** Seeds of the generator. They belong to the data set, not to the run: every recipe sees the same images. */
export const TRAIN_FILE_SEED = 7;
export const TEST_FILE_SEED = 8;
const IMAGES_PER_TURN = 1000;

async function paintSet(
  source: ImageSet,
  painter: ClutterPainter,
  [from, to]: readonly [number, number],
  painted: (images: number) => void,
): Promise<ImageSet> {
  const size = CLUTTER_SIDE * CLUTTER_SIDE * CLUTTER_CHANNELS;
  const count = to - from;
  const images = sharedBytes(count * size);
  for (let start = 0; start < count; start += IMAGES_PER_TURN) {
    const end = Math.min(start + IMAGES_PER_TURN, count);
    for (let at = start; at < end; at++) painter.paint(from + at, images, at * size);
    painted(end - start);
    // Messages to this process (pause, stop) are heard between turns.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const labels = source.labels.subarray(from, to);
  return { images, labels, count, height: CLUTTER_SIDE, width: CLUTTER_SIDE, channels: CLUTTER_CHANNELS, classes: source.classes };
}

/**
 * Cluttered MNIST, 32 x 32 x 3: a rotated, scaled, sheared and shifted digit in a light colour on dark coloured ground,
 * with fragments of other digits behind it and pixel noise. Splits as in MNIST; an image does not change with the
 * number of images asked for.
 * @throws WorkbenchError `data-invalid` for the files and splits, `recipe-invalid` for clutter that cannot be painted
 */
export async function loadClutteredMnist(recipe: DataRecipe, onProgress?: DataProgress): Promise<DataSplits> {
  const files = readMnistFiles(recipe.root);
  const plan = planSplits(files.train.count, files.test.count, recipe);
  const total = [plan.train, plan.validation, plan.test].reduce((sum, [from, to]) => sum + to - from, 0);
  let done = 0;
  const painted = (images: number) => onProgress?.((done += images), total);
  const trainPainter = new ClutterPainter(files.train, recipe.clutter, TRAIN_FILE_SEED);
  const testPainter = new ClutterPainter(files.test, recipe.clutter, TEST_FILE_SEED);
  return withDigest({
    train: await paintSet(files.train, trainPainter, plan.train, painted),
    validation: await paintSet(files.train, trainPainter, plan.validation, painted),
    test: await paintSet(files.test, testPainter, plan.test, painted),
    classNames: [...MNIST_CLASS_NAMES],
  });
}
