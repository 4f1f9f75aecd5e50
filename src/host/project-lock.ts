import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'libsql';
import { z } from 'zod';
import { WorkbenchError } from '../shared/contract/errors.ts';
import { identityOf, isRunning, type ProcessIdentity } from './process-identity.ts';
import { storageError } from './storage-error.ts';
import { writeFileAtomic } from './write-atomic.ts';

export const LOCK_FILE = 'project.lock';
export const OWNER_FILE = 'project.lock.json';

const identitySchema = z.object({ pid: z.number().int().positive(), started: z.string().nullable() });
const ownerSchema = z.object({
  host: identitySchema,
  /** the one worker of a host of an earlier version */
  worker: identitySchema.nullish(),
  workers: z.array(identitySchema).default([]),
});
type Owner = Pick<z.infer<typeof ownerSchema>, 'host' | 'workers'>;

function readOwner(folder: string): Owner | null {
  try {
    const { host, worker, workers } = ownerSchema.parse(JSON.parse(readFileSync(join(folder, OWNER_FILE), 'utf8')));
    return { host, workers: worker ? [...workers, worker] : workers };
  } catch {
    return null;
  }
}

/** The process that has the project open for writing, or null. */
export function lockOwner(folder: string): ProcessIdentity | null {
  const owner = readOwner(folder);
  return owner && isRunning(owner.host) ? owner.host : null;
}

/** A worker that outlived its killed host may still write a checkpoint: nobody may go on before it is gone. */
async function endOrphan(worker: ProcessIdentity, folder: string): Promise<void> {
  // Without a start time the number may be another program's by now: then only wait.
  if (worker.started !== null && isRunning(worker)) {
    try {
      process.kill(worker.pid, 'SIGKILL');
    } catch {
      // it ended in between
    }
  }
  const deadline = Date.now() + 15_000;
  while (isRunning(worker)) {
    if (Date.now() > deadline) {
      throw new WorkbenchError(
        'project-locked',
        `A worker (process ${worker.pid}) of an earlier run still uses ${folder}: end it, then try again.`,
      );
    }
    await delay(50);
  }
}

/**
 * Keeps a project to one writer. The lock itself is an SQLite lock, which the operating system takes back the moment its
 * process dies, however it dies; a file beside it says who holds it.
 */
export class ProjectLock {
  private readonly workers = new Map<number, ProcessIdentity>();

  private constructor(
    private readonly folder: string,
    private readonly database: Database.Database,
  ) {}

  /** @throws WorkbenchError `project-locked` naming the process that has the project open */
  static async acquire(folder: string): Promise<ProjectLock> {
    const path = join(folder, LOCK_FILE);
    let database: Database.Database;
    try {
      database = new Database(path);
      database.pragma('journal_mode = MEMORY');
      database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      const problem = storageError(error, path);
      if (problem.code !== 'project-locked') throw problem;
      const pid = readOwner(folder)?.host.pid;
      const who = pid === undefined ? 'another process' : pid === process.pid ? 'this program' : `process ${pid}`;
      throw new WorkbenchError(
        'project-locked',
        `Project ${folder} is open in ${who}: wait for it or end it, then try again.`,
        { pid: pid ?? null },
        error,
      );
    }
    const lock = new ProjectLock(folder, database);
    try {
      const previous = readOwner(folder);
      for (const worker of previous?.workers ?? []) await endOrphan(worker, folder);
      lock.write();
    } catch (error) {
      lock.release();
      throw error;
    }
    return lock;
  }

  private write(): void {
    // in a project that was moved meanwhile the file would make its old folder anew
    if (!existsSync(join(this.folder, LOCK_FILE))) return;
    const owner: Owner = { host: identityOf(process.pid), workers: [...this.workers.values()] };
    writeFileAtomic(join(this.folder, OWNER_FILE), `${JSON.stringify(owner)}\n`);
  }

  /** Notes a worker that writes into the project, so that whoever opens it after a crash can wait for its end. */
  addWorker(pid: number): void {
    if (this.workers.has(pid)) return;
    this.workers.set(pid, identityOf(pid));
    this.write();
  }

  removeWorker(pid: number): void {
    if (this.workers.delete(pid)) this.write();
  }

  release(): void {
    rmSync(join(this.folder, OWNER_FILE), { force: true });
    // close() alone frees the lock only when the handle is collected
    this.database.exec('ROLLBACK');
    this.database.close();
  }
}
