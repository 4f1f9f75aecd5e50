import { homedir } from 'node:os';
import { join, posix, win32 } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The folder that all checkouts of one user share.
 *
 * `EQNET_CACHE` wins; otherwise `$XDG_CACHE_HOME/eqnet` or `~/.cache/eqnet`, `~/Library/Caches/eqnet` on macOS and
 * `%LOCALAPPDATA%\eqnet` on Windows. As the XDG base directory specification asks, a relative XDG_CACHE_HOME is ignored.
 */
export function cacheDirectory(env: Environment = process.env, os: NodeJS.Platform = process.platform, home: string = homedir()): string {
  const path = os === 'win32' ? win32 : posix;
  if (env.EQNET_CACHE) return path.resolve(env.EQNET_CACHE);
  if (os === 'win32') return path.join(env.LOCALAPPDATA || path.join(home, 'AppData', 'Local'), 'eqnet');
  if (os === 'darwin') return path.join(home, 'Library', 'Caches', 'eqnet');
  const xdg = env.XDG_CACHE_HOME;
  return path.join(xdg && path.isAbsolute(xdg) ? xdg : path.join(home, '.cache'), 'eqnet');
}

/** Folder of the installed engines, one sub-folder per engine id. */
export const enginesDirectory = (cacheDir: string): string => join(cacheDir, 'engine');

/** Folder of finished wheels; a wheel put here by hand is used when its sha256 is the pinned one. */
export const downloadsDirectory = (cacheDir: string): string => join(cacheDir, 'downloads');

/** Folder of decoded images; a worker gets it as `EQNET_DATA_CACHE`. */
export const dataCacheDirectory = (cacheDir: string): string => join(cacheDir, 'data');

/** Folder of data sets that were downloaded. */
export const dataSetsDirectory = (cacheDir: string): string => join(cacheDir, 'datasets');
