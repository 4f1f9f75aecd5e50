import { ClutterPainter, CLUTTER_CHANNELS, CLUTTER_SIDE } from './clutter-painter.ts';
import { TEST_FILE_SEED, TRAIN_FILE_SEED } from './cluttered-mnist.ts';
import { sliceSet, withDigest, type ImageSet } from './dataset.ts';
import { loadDigits } from './files/digits.ts';
import { openFiles, previewFiles } from './files/preview-files.ts';
import { MNIST_CLASS_NAMES, MNIST_SIDE, readMnistFiles } from './mnist.ts';
import type { DataPreviewSource, PreviewSplit } from './preview-source.ts';
import { planSplits, type DataRecipe } from './split-plan.ts';

/** What is known of a data set without reading it. */
export interface DataShape {
  height: number;
  width: number;
  channels: number;
  classNames: readonly string[];
}

const KNOWN_SHAPES: Readonly<Record<Exclude<DataRecipe['dataset'], 'digits' | 'files'>, DataShape>> = {
  mnist: { height: MNIST_SIDE, width: MNIST_SIDE, channels: 1, classNames: MNIST_CLASS_NAMES },
  'cluttered-mnist': { height: CLUTTER_SIDE, width: CLUTTER_SIDE, channels: CLUTTER_CHANNELS, classNames: MNIST_CLASS_NAMES },
};

/**
 * The shape of a data set. It reads nothing where the recipe says everything, as after `data add`.
 * @throws WorkbenchError `data-invalid` for files that cannot be read
 */
export async function dataShape(recipe: DataRecipe): Promise<DataShape> {
  if (recipe.dataset !== 'digits' && recipe.dataset !== 'files') return KNOWN_SHAPES[recipe.dataset];
  const { size, channels, classes } = recipe;
  if (recipe.dataset === 'files' && size && channels && classes) return { height: size[0], width: size[1], channels, classNames: classes };
  const { target, index } = await openFiles(recipe);
  return { height: target.height, width: target.width, channels: target.channels, classNames: index.classNames };
}

const inMemory = (set: ImageSet): PreviewSplit => ({ labels: set.labels, image: (index) => sliceSet(set, index, index + 1) });

function openMnist(recipe: DataRecipe): DataPreviewSource {
  const files = readMnistFiles(recipe.root);
  const plan = planSplits(files.train.count, files.test.count, recipe);
  const sets = {
    train: sliceSet(files.train, ...plan.train),
    validation: sliceSet(files.train, ...plan.validation),
    test: sliceSet(files.test, ...plan.test),
  };
  const { digest } = withDigest({ ...sets, classNames: [...MNIST_CLASS_NAMES] });
  return { splits: { train: inMemory(sets.train), validation: inMemory(sets.validation), test: inMemory(sets.test) }, digest };
}

function openClutteredMnist(recipe: DataRecipe): DataPreviewSource {
  const files = readMnistFiles(recipe.root);
  const plan = planSplits(files.train.count, files.test.count, recipe);
  const split = (source: ImageSet, painter: ClutterPainter, [from, to]: readonly [number, number]): PreviewSplit => ({
    labels: source.labels.subarray(from, to),
    image: (index) => {
      const images = new Uint8Array(CLUTTER_SIDE * CLUTTER_SIDE * CLUTTER_CHANNELS);
      painter.paint(from + index, images, 0);
      const labels = source.labels.subarray(from + index, from + index + 1);
      const size = { count: 1, height: CLUTTER_SIDE, width: CLUTTER_SIDE, channels: CLUTTER_CHANNELS };
      return { images, labels, ...size, classes: source.classes };
    },
  });
  const training = new ClutterPainter(files.train, recipe.clutter, TRAIN_FILE_SEED);
  return {
    splits: {
      train: split(files.train, training, plan.train),
      validation: split(files.train, training, plan.validation),
      test: split(files.test, new ClutterPainter(files.test, recipe.clutter, TEST_FILE_SEED), plan.test),
    },
    digest: '',
  };
}

async function openDigits(recipe: DataRecipe): Promise<DataPreviewSource> {
  const { train, validation, test, digest } = await loadDigits(recipe);
  return { splits: { train: inMemory(train), validation: inMemory(validation), test: inMemory(test) }, digest };
}

const OPENERS: Readonly<Record<DataRecipe['dataset'], (recipe: DataRecipe) => DataPreviewSource | Promise<DataPreviewSource>>> = {
  mnist: openMnist,
  'cluttered-mnist': openClutteredMnist,
  digits: openDigits,
  files: previewFiles,
};

let opened: { key: string; source: DataPreviewSource } | null = null;

/**
 * The data set of a recipe for looking at it. The last one stays open, since people turn pages.
 * @throws WorkbenchError `data-invalid` for files and split sizes, `recipe-invalid` for generator settings
 */
export async function openPreview(recipe: DataRecipe): Promise<DataPreviewSource> {
  const key = JSON.stringify(recipe);
  if (opened?.key !== key) opened = { key, source: await OPENERS[recipe.dataset](recipe) };
  return opened.source;
}
