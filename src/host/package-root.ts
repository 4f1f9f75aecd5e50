import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'eqnet-workbench') return folder;
    if (folder === dirname(folder))
      throw new Error('The files of EQ-Net Workbench are incomplete: package.json is missing. Install it again.');
  }
}

/** Folder of the installed program: the same from the sources and from a bundle, however deep it lies. */
export const packageRoot = findRoot();

const packageJson = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
  version: string;
  dependencies: Record<string, string>;
};

export const programVersion = packageJson.version;

/** Exact version of a package that we depend on. */
export function dependencyVersion(name: string): string {
  return packageJson.dependencies[name];
}

/**
 * The same file where every program can read it. The desktop app lies in an archive that only it can look into; what
 * others need, such as the worker and the sources of the addon, is kept beside the archive (electron-builder.yml).
 */
export const outsideArchive = (path: string): string => path.replace(/([\\/])app\.asar([\\/])/, '$1app.asar.unpacked$2');
