import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Database from 'libsql';
import { WorkbenchError } from '../shared/contract/errors.ts';
import { guardStorage, storageError } from './storage-error.ts';

export type ProjectDatabase = Database.Database;

export const DATABASE_FILE = 'project.db';

/** One entry for each version; a new version appends its statements and leaves the older ones as they are. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE runs (
     id TEXT PRIMARY KEY, recipe TEXT NOT NULL, fingerprint TEXT NOT NULL, state TEXT NOT NULL, created TEXT NOT NULL,
     engine TEXT NOT NULL, opened TEXT, digest TEXT, error TEXT);
   CREATE TABLE phases (
     run TEXT NOT NULL, phase TEXT NOT NULL, state TEXT NOT NULL, seconds REAL NOT NULL, result TEXT,
     PRIMARY KEY (run, phase)) WITHOUT ROWID;
   CREATE TABLE units (
     run TEXT NOT NULL, phase TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL,
     PRIMARY KEY (run, phase, key)) WITHOUT ROWID;
   CREATE TABLE metrics (
     run TEXT NOT NULL, series TEXT NOT NULL, step REAL NOT NULL, phase TEXT NOT NULL, value REAL,
     PRIMARY KEY (run, series, step)) WITHOUT ROWID;
   CREATE TABLE log (id INTEGER PRIMARY KEY, run TEXT NOT NULL, time TEXT NOT NULL, text TEXT NOT NULL);
   CREATE TABLE exports (id INTEGER PRIMARY KEY, run TEXT NOT NULL, created TEXT NOT NULL, json TEXT NOT NULL);`,
  `ALTER TABLE runs ADD COLUMN guard TEXT;
   ALTER TABLE runs ADD COLUMN label TEXT NOT NULL DEFAULT '';
   ALTER TABLE runs ADD COLUMN slot INTEGER;
   UPDATE runs SET guard = fingerprint, slot = (rowid - 1) % 7 + 1;
   ALTER TABLE metrics ADD COLUMN time REAL;
   CREATE TABLE shelf (
     id TEXT PRIMARY KEY, run TEXT NOT NULL, name TEXT NOT NULL, configuration TEXT NOT NULL, candidate TEXT, predicted REAL,
     measured TEXT, slot TEXT, created TEXT NOT NULL);
   CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;`,
  // with a rowid: rows this long do not belong into the tree of a key
  `CREATE TABLE metric_chunks (
     run TEXT NOT NULL, series TEXT NOT NULL, first REAL NOT NULL, last REAL NOT NULL, phase TEXT NOT NULL, count INTEGER NOT NULL,
     points BLOB NOT NULL);
   CREATE UNIQUE INDEX metric_chunks_by_step ON metric_chunks (run, series, first);`,
];

/** Version of the tables, kept in SQLite's user_version. */
const DATABASE_VERSION = MIGRATIONS.length;

function versionOf(database: ProjectDatabase): number {
  return (database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
}

function checkVersion(version: number, path: string): void {
  if (version > DATABASE_VERSION) {
    throw new WorkbenchError(
      'project-newer',
      `${path} was written by a newer EQ-Net Workbench (tables ${version}, this one reads up to ${DATABASE_VERSION}): update the program.`,
    );
  }
}

function isEmpty(path: string): boolean {
  return !existsSync(path) || statSync(path).size === 0;
}

/** Does all that an action writes, or, when it throws, nothing. */
export function inTransaction(database: ProjectDatabase, action: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    action();
    database.exec('COMMIT');
  } catch (error) {
    try {
      // on a full disk SQLite has rolled back already, and what it would say of a second time must not hide the reason
      if (database.inTransaction) database.exec('ROLLBACK');
    } catch {
      // the reason is thrown below
    }
    throw error;
  }
}

function lost(path: string): WorkbenchError {
  return new WorkbenchError(
    'project-invalid',
    `${path} is missing or empty although project.json lists runs: put the file back from a copy, or choose another folder.`,
    { path },
  );
}

/**
 * Opens project.db, makes it when it is missing, brings older tables up to date.
 * @param expected true when the project has runs already, so that a database without tables is a lost one
 * @throws WorkbenchError `project-newer`, `project-invalid`, `project-readonly` or `disk-full`
 */
export function openDatabase(folder: string, expected = false): ProjectDatabase {
  const path = join(folder, DATABASE_FILE);
  return guardStorage(path, () => {
    if (expected && isEmpty(path)) throw lost(path);
    const database = new Database(path, { timeout: 5 });
    try {
      checkVersion(versionOf(database), path);
      if (expected && versionOf(database) === 0) throw lost(path);
      database.pragma('journal_mode = WAL');
      // WAL with NORMAL survives a killed process; a power cut may lose the last units, never the file
      database.pragma('synchronous = NORMAL');
      for (let version = versionOf(database); version < DATABASE_VERSION; version++) {
        inTransaction(database, () => {
          database.exec(MIGRATIONS[version]);
          database.exec(`PRAGMA user_version = ${version + 1}`);
        });
      }
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  });
}

/**
 * Opens project.db for reading while another process may be writing.
 * @param expected as for `openDatabase`
 * @returns null when it does not exist yet
 * @throws WorkbenchError `project-newer` or `project-invalid`
 */
export function openDatabaseReadOnly(folder: string, expected = false): ProjectDatabase | null {
  const path = join(folder, DATABASE_FILE);
  if (isEmpty(path)) {
    if (expected) throw lost(path);
    return null;
  }
  const attempt = (parameters: string) => {
    const database = new Database(`${pathToFileURL(path).href}?${parameters}`, { timeout: 5 });
    try {
      const version = versionOf(database);
      checkVersion(version, path);
      if (version > 0) return database;
      if (expected) throw lost(path);
      database.close();
      return null;
    } catch (error) {
      database.close();
      throw storageError(error, path);
    }
  };
  try {
    return attempt('mode=ro');
  } catch (error) {
    // In a folder without write permission WAL needs its shared-memory file; without a log there is nothing to share.
    const log = `${path}-wal`;
    const blocked = storageError(error, path).code === 'project-readonly';
    if (blocked && (!existsSync(log) || statSync(log).size === 0)) return guardStorage(path, () => attempt('immutable=1'));
    throw storageError(error, path);
  }
}
