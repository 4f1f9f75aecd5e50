import { lstatSync, readdirSync, readFileSync, realpathSync, statSync, type Dirent, type Stats } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { invalidData, SPLIT_CODE, type FileStamp } from './format.ts';

/** Folders (and beginnings of file names) that stand for a split. */
const SPLIT_NAMES: Readonly<Record<string, number>> = {
  train: SPLIT_CODE.train,
  training: SPLIT_CODE.train,
  val: SPLIT_CODE.validation,
  valid: SPLIT_CODE.validation,
  validation: SPLIT_CODE.validation,
  dev: SPLIT_CODE.validation,
  test: SPLIT_CODE.test,
  testing: SPLIT_CODE.test,
};

/** The split that a name stands for, or undefined. */
export const splitOf = (name: string): number | undefined => SPLIT_NAMES[name.toLowerCase()];

/** Facts of a path, or undefined where there is nothing. @throws WorkbenchError `data-invalid` for a link to itself */
export function factsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unreadable(path, error);
  }
}

export const isFolder = (path: string): boolean => factsOf(path)?.isDirectory() ?? false;
export const isFile = (path: string): boolean => factsOf(path)?.isFile() ?? false;

/** Why a path cannot be read, in words. */
export function unreadable(path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const reasons: Record<string, string> = {
    ENOENT: 'is gone: did the folder change while it was read? Try again when it is at rest',
    EACCES: 'may not be read by you: change its permissions',
    ELOOP: 'is a symbolic link that leads back to itself: remove it',
    ENOTDIR: 'lies below a file, not a folder: name another place',
  };
  return invalidData(`${path} ${reasons[code] ?? `cannot be read (${code}): check the disk`}.`, path, error);
}

/** Entries of a folder without hidden ones, by name. @throws WorkbenchError `data-invalid` */
export function listEntries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith('.'))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw unreadable(folder, error);
  }
}

/** Names in a folder, or none where it is no folder. */
export const namesIn = (path: string): string[] => (isFolder(path) ? listEntries(path).map(({ name }) => name) : []);

/** Follows links. @throws WorkbenchError `data-invalid` for a link that leads nowhere */
function requireFacts(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
      throw invalidData(`${path} is a symbolic link that leads nowhere: remove it or mend it.`, path, error);
    throw unreadable(path, error);
  }
}

/** @param root what names are relative to */
export function stampOf(root: string, path: string, facts = requireFacts(path)): FileStamp {
  return { name: relative(root, path).split(sep).join('/'), bytes: facts.size, modified: Math.floor(facts.mtimeMs) };
}

/**
 * All files below a folder, links followed.
 * @param above real paths of the folders that contain this one; a link back to one of them is a loop
 * @throws WorkbenchError `data-invalid`
 */
export function* walkFiles(folder: string, above: readonly string[] = []): Generator<{ path: string; facts: Stats }> {
  const real = realpathSync(folder);
  if (above.includes(real)) throw invalidData(`${folder} is a symbolic link back to ${real}, which contains it: remove the link.`, folder);
  for (const { name } of listEntries(folder)) {
    const path = join(folder, name);
    const facts = requireFacts(path);
    if (facts.isDirectory()) yield* walkFiles(path, [...above, real]);
    else if (facts.isFile()) yield { path, facts };
  }
}

/** Names of classes from a file `classes.txt` beside the data, one a line; undefined without one. */
export function namedClasses(folder: string): string[] | undefined {
  const path = join(folder, 'classes.txt');
  if (!isFile(path)) return undefined;
  const names = readFileSync(path, 'utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw invalidData(`${path} names the class '${twice}' twice: every class needs a name of its own.`, path);
  return names;
}
