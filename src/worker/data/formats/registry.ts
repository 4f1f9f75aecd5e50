import type { DataFormatName } from '../../../shared/schema/data-formats.ts';
import { isAbsolute } from 'node:path';
import { cifarFormat } from './cifar.ts';
import { csvFormat } from './csv.ts';
import { folderFormat } from './folder.ts';
import { invalidData, type DataFormat, type ImageIndex } from './format.ts';
import { idxFormat } from './idx-pairs.ts';
import { npzFormat } from './npz.ts';
import { parquetFormat } from './parquet.ts';
import { factsOf } from './paths.ts';

/** Every format; a path is of the first one that recognises it, so special ones come first. */
const FORMATS: readonly DataFormat[] = [cifarFormat, idxFormat, npzFormat, csvFormat, parquetFormat, folderFormat];

/**
 * Opens a data set: the list of its images with their classes; nothing is decoded.
 * @param format which reader; the one that recognises the path for `auto`
 * @throws WorkbenchError `data-invalid` for a path that is relative, missing, or not in a known format
 */
export async function openImages(path: string, format: DataFormatName | 'auto' = 'auto'): Promise<ImageIndex> {
  if (!isAbsolute(path))
    throw invalidData(
      `data.root is '${path}', a relative path: give the whole path, which does not depend on where the program is started.`,
      path,
    );
  if (!factsOf(path))
    throw invalidData(
      `The images were expected in ${path}, which does not exist here: put the data set back, or name its new place in data.root. A copy with the same images gives the same results.`,
      path,
    );
  const reader = FORMATS.find((known) => (format === 'auto' ? known.detect(path) : known.name === format));
  if (!reader)
    throw invalidData(
      `${path} is not a data set in a known way: a folder for each class, CIFAR binary files, IDX files, .npz or .npy, a CSV file with path and label, or parquet files with an image column.`,
      path,
    );
  return reader.open(path);
}
