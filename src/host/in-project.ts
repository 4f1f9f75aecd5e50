import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DRAFT_FILE } from './app/draft.ts';
import { isOwnFile, readProjectFile } from './project-file.ts';
import { ProjectStore } from './project-store.ts';

/** Folders on the way to a path that are not there yet, the innermost first. */
function missingFolders(path: string): string[] {
  const missing: string[] = [];
  for (let folder = path; !existsSync(folder) && folder !== dirname(folder); folder = dirname(folder)) missing.push(folder);
  return missing;
}

/** Removes folders that nobody has put anything into. */
function removeEmpty(folders: readonly string[]): void {
  for (const folder of folders) if (existsSync(folder) && !readdirSync(folder).length) rmdirSync(folder);
}

/**
 * Works on a project, which is made where there is none. Where the work fails, a project that was made for it goes again, with
 * the folders that were made on the way.
 * @throws WorkbenchError as `ProjectStore.open`, and what `action` throws
 */
export async function inProject<T>(path: string, action: (store: ProjectStore) => Promise<T>): Promise<T> {
  const folder = resolve(path);
  const made = missingFolders(folder);
  const isNew = readProjectFile(folder) === null;
  let store: ProjectStore | undefined;
  let done = false;
  try {
    store = await ProjectStore.open(path);
    const result = await action(store);
    done = true;
    return result;
  } finally {
    store?.close();
    // without a store the files may be those of another program that is just making this project
    if (!done && isNew && store)
      for (const name of readdirSync(folder)) if (isOwnFile(name) || name === DRAFT_FILE) rmSync(join(folder, name), { force: true });
    if (!done) removeEmpty([join(folder, 'models'), ...made]);
  }
}
