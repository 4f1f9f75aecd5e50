import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, isAbsolute, basename } from 'node:path';
import { eqnet } from '../../shared/contract/command-line.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { guardStorage } from '../storage-error.ts';

/** Links that lead to each other are followed no further. */
const MOST_LINKS = 40;

/** The path with every link in its existing part resolved, and also a link to something that is not there yet. */
export function realPath(path: string, links = 0): string {
  const whole = resolve(path);
  return guardStorage(whole, () => {
    if (existsSync(whole)) return realpathSync(whole);
    const parent = dirname(whole);
    const isLink = lstatSync(whole, { throwIfNoEntry: false })?.isSymbolicLink();
    if (isLink && links < MOST_LINKS) return realPath(resolve(realPath(parent, links), readlinkSync(whole)), links + 1);
    return parent === whole ? whole : join(realPath(parent, links), basename(whole));
  });
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}

/** Keeps the paths that come from the interface below the folders that a host serves. */
export class PathGuard {
  private readonly roots: readonly string[];

  /** @param roots empty = everywhere */
  constructor(roots: readonly string[]) {
    this.roots = roots.map(realPath);
  }

  get folders(): readonly string[] {
    return this.roots;
  }

  allows(path: string): boolean {
    if (!this.roots.length) return true;
    const real = realPath(path);
    return this.roots.some((root) => isInside(real, root));
  }

  /**
   * @returns the absolute path, links resolved
   * @throws WorkbenchError `usage` for a path outside of the served folders
   */
  check(path: string): string {
    const real = realPath(path);
    if (!this.roots.length || this.roots.some((root) => isInside(real, root))) return real;
    throw new WorkbenchError(
      'usage',
      `${path} does not lie in ${this.roots.join(' or ')}, the only folders that are served here: choose one there, or start '${eqnet('serve')}' with another --root.`,
    );
  }

  /**
   * What lies in a project has to lie there: links in a folder that somebody unpacked lead nowhere else.
   * @throws WorkbenchError `usage` naming the file or folder
   */
  checkInside(folder: string, names: readonly string[]): void {
    if (this.roots.length) for (const name of names) this.check(join(folder, name));
  }

  /** A recipe may name the folder of its images. */
  checkRecipe(recipe: Recipe): Recipe {
    if (recipe.data.root !== undefined) this.check(recipe.data.root);
    return recipe;
  }
}
