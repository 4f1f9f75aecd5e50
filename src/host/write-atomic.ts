import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.ts';
import { storageError } from './storage-error.ts';

/** Writes all bytes; a single write may stop short, for instance shortly before the disk is full. */
export function writeFully(file: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
}

/** Below a file that is taken for a folder even removing fails, which must not hide why writing did. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // it is not there
  }
}

function syncFolder(folder: string): void {
  // Windows cannot open a folder for syncing; its rename is journalled.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Finds out whether a file can be written, before the work that fills it; makes its folder.
 * @throws WorkbenchError as `writeFileAtomic` would
 */
export function requireWritable(path: string): void {
  const probe = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    makeFolder(dirname(path));
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
    closeSync(openSync(probe, 'wx'));
  } catch (error) {
    throw storageError(error, path);
  } finally {
    discard(probe);
  }
}

/**
 * Writes a file so that a reader, or a crash at any moment, sees the old content or the new one and never a part.
 * @throws WorkbenchError `disk-full` or `project-readonly`; nothing is left behind
 */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    makeFolder(dirname(path));
    const file = openSync(temporary, 'wx');
    try {
      writeFully(file, typeof content === 'string' ? Buffer.from(content) : content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    discard(temporary);
    throw storageError(error, path);
  }
}
