import { statSync } from 'node:fs';
import { extname, resolve } from 'node:path';

/**
 * The project that a command line names: its last argument that is a `.eqnet` folder. File managers also pass the
 * project.json inside it.
 *
 * @param directory folder that relative arguments start from
 */
export function projectArgument(argv: readonly string[], directory: string): string | null {
  for (const argument of argv.toReversed()) {
    if (argument.startsWith('-')) continue;
    const folder = projectFolder(resolve(directory, argument));
    if (folder) return folder;
  }
  return null;
}

/** The project folder that a path of the system means; null when it means none. */
export function projectFolder(path: string): string | null {
  const folder = /[\\/]project\.json$/.test(path) ? resolve(path, '..') : path;
  if (extname(folder) !== '.eqnet') return null;
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? folder : null;
}
