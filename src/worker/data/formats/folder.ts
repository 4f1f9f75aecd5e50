import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { invalidData, SPLIT_CODE, type DataFormat, type FileStamp, type ImageIndex } from './format.ts';
import { isFolder, listEntries, splitOf, stampOf, unreadable, walkFiles } from './paths.ts';

/** Extensions of files that are taken for images; others beside them are passed over. */
const EXTENSIONS = new Set(['.jpg', '.jpeg', '.png', '.webp', '.bmp', '.tif', '.tiff', '.gif']);

const looksLikeImage = (name: string): boolean => EXTENSIONS.has(extname(name).toLowerCase());

interface Part {
  folder: string;
  split: number;
}

/** The folders that hold class folders: one for each split, or the root itself. */
function partsOf(root: string): Part[] {
  const found = listEntries(root)
    .map(({ name }) => ({ folder: join(root, name), split: splitOf(name) }))
    .filter((part): part is Part => part.split !== undefined && isFolder(part.folder));
  if (!found.some(({ split }) => split === SPLIT_CODE.train)) return [{ folder: root, split: SPLIT_CODE.none }];
  const twice = found.find(({ split }, i) => found.findIndex((other) => other.split === split) !== i);
  if (twice) {
    const first = found.find(({ split }) => split === twice.split)!;
    throw invalidData(`${first.folder} and ${twice.folder} stand for the same split: keep one of them.`, twice.folder);
  }
  return found;
}

const classFolders = (part: Part): string[] =>
  listEntries(part.folder)
    .map(({ name }) => name)
    .filter((name) => isFolder(join(part.folder, name)));

function detect(path: string): boolean {
  return isFolder(path) && partsOf(path).some((part) => classFolders(part).length > 0);
}

/**
 * A folder for each class, optionally below `train`, `val` (`valid`, `validation`) and `test`. Images may lie in deeper
 * folders of a class. Classes are sorted by name (code units), as torchvision's ImageFolder does.
 */
async function open(root: string): Promise<ImageIndex> {
  const parts = partsOf(root);
  const classNames = [...new Set(parts.flatMap(classFolders))].sort();
  if (!classNames.length)
    throw invalidData(`${root} has no folders of classes: put the images of each class into a folder of its own.`, root);
  const paths: string[] = [];
  const labels: number[] = [];
  const splits: number[] = [];
  const files: FileStamp[] = [];
  for (const part of parts) {
    const start = paths.length;
    for (const [label, name] of classNames.entries()) {
      const folder = join(part.folder, name);
      const before = paths.length;
      if (isFolder(folder)) {
        for (const { path, facts } of walkFiles(folder)) {
          if (!looksLikeImage(path)) continue;
          paths.push(path);
          labels.push(label);
          splits.push(part.split);
          files.push(stampOf(root, path, facts));
        }
      }
      const trains = part.split === SPLIT_CODE.train || part.split === SPLIT_CODE.none;
      if (trains && paths.length === before) {
        const state = isFolder(folder) ? 'holds no image' : 'is missing, though another split has that class';
        throw invalidData(`The class folder ${folder} ${state}: put images into it, or remove the class '${name}'.`, folder);
      }
    }
    if (paths.length === start)
      throw invalidData(
        `The folder ${part.folder} of a split holds no image: put images into it, or remove it; then images of the training split are held out.`,
        part.folder,
      );
  }
  return {
    format: 'folder',
    count: paths.length,
    classNames,
    labels: Int32Array.from(labels),
    splits: Uint8Array.from(splits),
    files,
    name: (image) => files[image].name,
    read: async (image) => {
      try {
        return { kind: 'encoded', bytes: await readFile(paths[image]) };
      } catch (error) {
        throw unreadable(paths[image], error);
      }
    },
    close: async () => undefined,
  };
}

export const folderFormat: DataFormat = { name: 'folder', detect, open };
