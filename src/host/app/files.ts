import { accessSync, constants, existsSync, readdirSync, statSync, type Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FolderListing } from '../../shared/contract/api/views.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { PathGuard } from './path-guard.ts';

/** Entries of a folder that are told; more are no help in a picker. */
const MOST_ENTRIES = 2000;

type Entry = FolderListing['entries'][number];

async function entryOf(folder: string, found: Dirent, guard: PathGuard): Promise<Entry | null> {
  const path = join(folder, found.name);
  if (found.isSymbolicLink() && !guard.allows(path)) return null;
  const facts = await stat(path).catch(() => null);
  if (!facts || (!facts.isDirectory() && !facts.isFile())) return null;
  const kind = facts.isFile() ? 'file' : existsSync(join(path, 'project.json')) ? 'project' : 'folder';
  return { name: found.name, kind, bytes: facts.isFile() ? facts.size : null, modifiedAt: Math.round(facts.mtimeMs) };
}

/**
 * What lies in a folder: folders and projects first, by name; hidden files are left out.
 * @throws WorkbenchError `usage` for a folder that is not served, is none or cannot be read
 */
export async function listFolder(guard: PathGuard, path?: string): Promise<FolderListing> {
  const folder = guard.check(path ?? guard.folders[0] ?? homedir());
  let found: Dirent[];
  try {
    found = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const reasons: Record<string, string> = { ENOENT: 'does not exist', ENOTDIR: 'is a file', EACCES: 'may not be read by you' };
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new WorkbenchError('usage', `${folder} ${reasons[code] ?? `cannot be read (${code})`}: choose another folder.`, {}, error);
  }
  const visible = found.filter(({ name }) => !name.startsWith('.')).sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const told = await Promise.all(visible.slice(0, MOST_ENTRIES).map((entry) => entryOf(folder, entry, guard)));
  const entries = told.filter((entry) => entry !== null);
  const parent = dirname(folder);
  return {
    path: folder,
    parent: parent === folder || !guard.allows(parent) ? null : parent,
    entries: [...entries.filter(({ kind }) => kind !== 'file'), ...entries.filter(({ kind }) => kind === 'file')],
    truncated: visible.length > MOST_ENTRIES,
  };
}

function existingParent(path: string): string {
  const parent = dirname(path);
  return existsSync(parent) || parent === path ? parent : existingParent(parent);
}

/** @returns null when a new project may be made there, else one sentence why not */
export function whyNoNewProject(guard: PathGuard, path: string): string | null {
  let folder: string;
  try {
    folder = guard.check(path);
  } catch (error) {
    return (error as Error).message;
  }
  try {
    if (existsSync(join(folder, 'project.json'))) return `There is a project in ${folder} already: open it, or choose another name.`;
    const facts = statSync(folder, { throwIfNoEntry: false });
    if (facts && !facts.isDirectory()) return `${folder} is a file: choose another name.`;
    const [held] = facts ? readdirSync(folder) : [];
    if (held) return `${folder} is not empty (it holds '${held}'): choose an empty or a new folder.`;
    accessSync(facts ? folder : existingParent(folder), constants.W_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return `${folder} cannot be made or written (${code}): choose a folder that you may write to.`;
  }
}
