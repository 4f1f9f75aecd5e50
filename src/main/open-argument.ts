import { statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The project that a command line names: its last argument that is a `.eqnet` folder. File managers also pass the
 * project.json inside it.
 *
 * @param directory folder that relative arguments start from
 */
export function projectArgument(argv: readonly string[], directory: string): string | null {
  for (const argument of argv.toReversed()) {
    if (argument.startsWith('-')) continue;
    const path = pathOf(argument);
    const folder = path && projectFolder(resolve(directory, path));
    if (folder) return folder;
  }
  return null;
}

/** Desktops hand over addresses of files as well as paths; null for an address that is no file here. */
function pathOf(argument: string): string | null {
  if (!argument.startsWith('file:')) return argument;
  try {
    return fileURLToPath(argument);
  } catch {
    return null;
  }
}

/** The project folder that a path of the system means; null when it means none. */
export function projectFolder(path: string): string | null {
  const folder = /[\\/]project\.json$/.test(path) ? resolve(path, '..') : path;
  if (extname(folder) !== '.eqnet') return null;
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? folder : null;
}
