import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'libsql';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { makeFolder } from '../make-folder.ts';

const POLL_MS = 200;

/**
 * Runs `work` while no other process does so for the same folder; the others wait.
 *
 * The lock is SQLite's own lock on a file in the folder, which the operating system takes back when its holder dies:
 * there is no stale lock to recognise and none to steal.
 *
 * @param onWait called once when another process holds the lock
 * @throws WorkbenchError 'stopped' when the signal comes while waiting
 */
export async function withLock<T>(folder: string, work: () => Promise<T>, onWait: () => void = () => {}, signal?: AbortSignal): Promise<T> {
  makeFolder(folder);
  const database = new Database(join(folder, '.lock'), { timeout: 0 });
  try {
    let waited = false;
    while (!tryLock(database)) {
      if (!waited) onWait();
      waited = true;
      await delay(POLL_MS, undefined, { signal }).catch(() => {
        throw new WorkbenchError(
          'stopped',
          `Waiting for another process that works in ${folder} was stopped: run the same command again to continue.`,
        );
      });
    }
    return await work();
  } finally {
    database.close();
  }
}

function tryLock(database: Database.Database): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'SQLITE_BUSY') return false;
    throw error;
  }
}
