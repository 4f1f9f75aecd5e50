import type { SplitName } from '../../shared/contract/look.ts';
import { ClutterPainter, CLUTTER_CHANNELS, CLUTTER_SIDE } from './clutter-painter.ts';
import { TEST_FILE_SEED, TRAIN_FILE_SEED } from './cluttered-mnist.ts';
import { sliceSet, withDigest, type ImageSet } from './dataset.ts';
import { MNIST_CLASS_NAMES, MNIST_SIDE, readMnistFiles } from './mnist.ts';
import { planSplits, type DataRecipe } from './split-plan.ts';

/** What is known of a data set without reading it. */
export interface DataShape {
  height: number;
  width: number;
  channels: number;
  classNames: readonly string[];
}

export const DATA_SHAPES: Readonly<Record<DataRecipe['dataset'], DataShape>> = {
  mnist: { height: MNIST_SIDE, width: MNIST_SIDE, channels: 1, classNames: MNIST_CLASS_NAMES },
  'cluttered-mnist': { height: CLUTTER_SIDE, width: CLUTTER_SIDE, channels: CLUTTER_CHANNELS, classNames: MNIST_CLASS_NAMES },
};

/** Labels of a split, and its images one by one. */
interface PreviewSplit {
  labels: ImageSet['labels'];
  /** a set of one image */
  image(index: number): ImageSet;
}

/** A data set of which only the images that are looked at are made. */
export interface DataPreviewSource {
  splits: Readonly<Record<SplitName, PreviewSplit>>;
  /** as `DataSplits.digest`; empty where it would take all images */
  digest: string;
}

function openMnist(recipe: DataRecipe): DataPreviewSource {
  const files = readMnistFiles(recipe.root);
  const plan = planSplits(files.train.count, files.test.count, recipe);
  const sets = {
    train: sliceSet(files.train, ...plan.train),
    validation: sliceSet(files.train, ...plan.validation),
    test: sliceSet(files.test, ...plan.test),
  };
  const { digest } = withDigest({ ...sets, classNames: [...MNIST_CLASS_NAMES] });
  const split = (set: ImageSet): PreviewSplit => ({ labels: set.labels, image: (index) => sliceSet(set, index, index + 1) });
  return { splits: { train: split(sets.train), validation: split(sets.validation), test: split(sets.test) }, digest };
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

const OPENERS: Readonly<Record<DataRecipe['dataset'], (recipe: DataRecipe) => DataPreviewSource>> = {
  mnist: openMnist,
  'cluttered-mnist': openClutteredMnist,
};

let opened: { key: string; source: DataPreviewSource } | null = null;

/**
 * The data set of a recipe for looking at it. The last one stays open, since people turn pages.
 * @throws WorkbenchError `data-invalid` for files and split sizes, `recipe-invalid` for generator settings
 */
export function openPreview(recipe: DataRecipe): DataPreviewSource {
  const key = JSON.stringify(recipe);
  if (opened?.key !== key) opened = { key, source: OPENERS[recipe.dataset](recipe) };
  return opened.source;
}
