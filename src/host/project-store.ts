import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { eqnet } from '../shared/contract/command-line.ts';
import { WorkbenchError, type ErrorPayload } from '../shared/contract/errors.ts';
import {
  PHASES,
  type GridCell,
  type MeasuredCandidate,
  type MetricPoint,
  type OpenedInfo,
  type Phase,
  type PhaseResults,
  type Sample,
} from '../shared/contract/job-protocol.ts';
import type { Recipe } from '../shared/schema/recipe.ts';
import { DATABASE_FILE, inTransaction, openDatabase, openDatabaseReadOnly, type ProjectDatabase } from './project-database.ts';
import { makeFolder } from './make-folder.ts';
import { newProject, PROJECT_FILE, readProjectFile, writeProjectFile, type ProjectFile } from './project-file.ts';
import { MetricTable } from './metric-table.ts';
import { lockOwner, ProjectLock } from './project-lock.ts';
import type { ProjectTables, SqlValue } from './project-tables.ts';
import type { ManualExport, PhaseRecord, PhaseState, RunEngine, RunRecord, RunState } from './run-record.ts';
import { ShelfTable } from './shelf-table.ts';
import { guardStorage, storageError } from './storage-error.ts';

/** Phases that hand over finished units one by one, with the unit of each. */
export interface PhaseUnits {
  grid: GridCell;
  sample: Sample;
  measure: MeasuredCandidate;
}
export type UnitPhase = keyof PhaseUnits;

const UNIT_KEYS: { [P in UnitPhase]: (unit: PhaseUnits[P]) => string } = {
  grid: (cell) => `${cell.form}-${cell.weightBits}-${cell.activationBits}`,
  // padded, so that the order of keys is the order of samples
  sample: (sample) => `${sample.repeat}-${String(sample.index).padStart(6, '0')}`,
  measure: (candidate) => candidate.id,
};

interface RunRow {
  id: string;
  recipe: string;
  fingerprint: string;
  state: RunState;
  created: string;
  engine: string;
  opened: string | null;
  digest: string | null;
  error: string | null;
  /** the last three are missing in tables of version 1 that are open for reading */
  guard?: string | null;
  label?: string;
  slot?: number | null;
}

/** Colours of the palette of runs. */
const SLOTS = 7;

function noProject(folder: string, path: string): WorkbenchError {
  return new WorkbenchError(
    'project-missing',
    `There is no project in ${folder}: name its folder, or make one with '${eqnet(`run RECIPE --project ${path}`)}'.`,
  );
}

/** The first colour that no run has, else they go round. */
function freeSlot(runs: readonly RunRecord[], number: number): number {
  const slots = Array.from({ length: SLOTS }, (_, index) => index + 1);
  return slots.find((slot) => !runs.some((run) => run.slot === slot)) ?? ((number - 1) % SLOTS) + 1;
}

const comesBefore = (phase: Phase, later: Phase): boolean => PHASES.indexOf(phase) < PHASES.indexOf(later);

const orNull = <T>(text: string | null): T | null => (text === null ? null : (JSON.parse(text) as T));

/**
 * A project on disk: a folder with project.json, project.db and a folder for each run. Every method throws
 * WorkbenchError (`disk-full`, `project-readonly`, `project-invalid`, ...) with a sentence for people.
 */
export class ProjectStore {
  readonly shelf: ShelfTable;
  readonly metricTable: MetricTable;

  private constructor(
    readonly folder: string,
    private project: ProjectFile,
    private readonly database: ProjectDatabase | null,
    private readonly lock: ProjectLock | null,
    /** a writer elsewhere; without one, what the tables call running was cut off */
    private readonly writerAlive: boolean,
  ) {
    const tables: ProjectTables = {
      isWritable: lock !== null,
      atomically: (action) => {
        const writable = this.writable();
        this.guard(() => inTransaction(writable, action));
      },
      write: (sql, ...values) => this.write(sql, ...values),
      all: (sql, ...values) => this.all(sql, ...values),
      rows: <T extends readonly SqlValue[]>(sql: string, ...values: SqlValue[]) =>
        this.database
          ? this.guard(
              () =>
                this.database!.prepare(sql)
                  .raw()
                  .all(...values) as unknown as T[],
            )
          : [],
      writeMany: (sql, rows) => this.writeMany(sql, rows),
    };
    this.shelf = new ShelfTable(tables);
    this.metricTable = new MetricTable(tables);
  }

  /**
   * Opens a project for writing, makes it when the folder is missing or empty, and takes its lock.
   * @param options.create false: only a project that is there already
   * @throws WorkbenchError also `project-locked`, `project-newer`, and `project-missing` for a folder with foreign files
   */
  static async open(path: string, { create = true } = {}): Promise<ProjectStore> {
    const folder = resolve(path);
    const found = readProjectFile(folder);
    if (!found && !create) throw noProject(folder, path);
    const fresh = found ? null : newProject(folder);
    const lock = await ProjectLock.acquire(folder);
    try {
      const project = readProjectFile(folder) ?? fresh!;
      if (fresh) writeProjectFile(folder, project);
      const store = new ProjectStore(folder, project, openDatabase(folder, project.runs.length > 0), lock, false);
      store.settle();
      return store;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /**
   * Opens a project for reading; does not need the lock and changes nothing.
   * @throws WorkbenchError `project-missing` when there is none
   */
  static openReadOnly(path: string): ProjectStore {
    const folder = resolve(path);
    const project = readProjectFile(folder);
    if (!project) throw noProject(folder, path);
    return new ProjectStore(folder, project, openDatabaseReadOnly(folder, project.runs.length > 0), null, lockOwner(folder) !== null);
  }

  get name(): string {
    return this.project.name;
  }

  get createdAt(): string {
    return this.project.createdAt;
  }

  runDirectory(run: string): string {
    return join(this.folder, 'runs', run);
  }

  /** All runs, oldest first. */
  runs(): RunRecord[] {
    return this.all<RunRow>('SELECT * FROM runs ORDER BY rowid').map((row, index) => ({
      id: row.id,
      recipe: JSON.parse(row.recipe) as Recipe,
      fingerprint: row.fingerprint,
      guard: row.guard ?? row.fingerprint,
      state: row.state === 'running' && !this.isLive ? 'stopped' : row.state,
      createdAt: row.created,
      engine: JSON.parse(row.engine) as RunEngine,
      opened: orNull<OpenedInfo>(row.opened),
      digest: row.digest,
      error: orNull<ErrorPayload>(row.error),
      label: row.label ?? '',
      slot: row.slot ?? (index % SLOTS) + 1,
    }));
  }

  /** @throws WorkbenchError `usage` naming the runs that there are */
  run(id: string): RunRecord {
    const runs = this.runs();
    const run = runs.find((candidate) => candidate.id === id);
    if (run) return run;
    const known = runs.length ? `it has ${runs.map((candidate) => candidate.id).join(', ')}` : 'it has none yet';
    throw new WorkbenchError('usage', `Project ${this.folder} has no run '${id}': ${known}.`);
  }

  createRun(recipe: Recipe, fingerprint: string, engine: RunEngine): RunRecord {
    const runs = this.runs();
    const number = this.nextNumber(runs);
    const id = `${recipe.name}-${number}`;
    const created = new Date().toISOString();
    const database = this.writable();
    const directory = this.runDirectory(id);
    try {
      makeFolder(directory);
    } catch (error) {
      throw storageError(error, directory);
    }
    this.guard(() =>
      inTransaction(database, () => {
        database
          .prepare('INSERT INTO runs (id, recipe, fingerprint, guard, state, created, engine, slot) VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
          .run(id, JSON.stringify(recipe), fingerprint, fingerprint, 'running', created, JSON.stringify(engine), freeSlot(runs, number));
        const phase = database.prepare("INSERT INTO phases (run, phase, state, seconds) VALUES (?, ?, 'pending', 0)");
        for (const name of PHASES) phase.run(id, name);
        database
          .prepare("INSERT INTO counters (name, value) VALUES ('runs', ?) ON CONFLICT DO UPDATE SET value = excluded.value")
          .run(number);
      }),
    );
    this.writeIndex();
    return this.run(id);
  }

  /** The number of a removed run is never given again, so that nobody takes a new run for an old one. */
  private nextNumber(runs: readonly RunRecord[]): number {
    const [counter] = this.all<{ value: number }>("SELECT value FROM counters WHERE name = 'runs'");
    const numbers = runs.map(({ id }) => Number(/-(\d+)$/.exec(id)?.[1] ?? 0));
    return Math.max(counter?.value ?? 0, ...numbers) + 1;
  }

  /**
   * Deletes a run with its checkpoints, exports and shelf entries.
   * @throws WorkbenchError also when files of it cannot be deleted; the run is gone from the project then all the same
   */
  removeRun(run: string): void {
    this.run(run);
    this.writeIndex(run);
    const database = this.writable();
    this.guard(() =>
      inTransaction(database, () => {
        for (const table of ['phases', 'units', 'log', 'exports', 'shelf']) database.prepare(`DELETE FROM ${table} WHERE run = ?`).run(run);
        this.metricTable.remove(run);
        database.prepare('DELETE FROM runs WHERE id = ?').run(run);
      }),
    );
    const directory = this.runDirectory(run);
    try {
      rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      throw storageError(error, directory);
    }
  }

  /** The engine of a run on which nothing was computed yet; marks its checkpoints anew. */
  setEngine(run: string, engine: RunEngine, fingerprint: string): void {
    this.write(
      'UPDATE runs SET engine = ?, fingerprint = ?, guard = ? WHERE id = ?',
      JSON.stringify(engine),
      fingerprint,
      fingerprint,
      run,
    );
  }

  setLabel(run: string, label: string): void {
    this.write('UPDATE runs SET label = ? WHERE id = ?', label, this.run(run).id);
  }

  setRunState(run: string, state: RunState, error: ErrorPayload | null = null): void {
    this.write('UPDATE runs SET state = ?, error = ? WHERE id = ?', state, error && JSON.stringify(error), run);
  }

  /** The recipe may change in what no finished phase of the run depends on; see `assertSameRun`. */
  setRecipe(run: string, recipe: Recipe, fingerprint: string): void {
    this.write('UPDATE runs SET recipe = ?, fingerprint = ? WHERE id = ?', JSON.stringify(recipe), fingerprint, run);
  }

  setOpened(run: string, opened: OpenedInfo): void {
    this.write('UPDATE runs SET opened = ? WHERE id = ?', JSON.stringify(opened), run);
  }

  setDigest(run: string, digest: string | null): void {
    this.write('UPDATE runs SET digest = ? WHERE id = ?', digest, run);
  }

  /** The phases of a run, in order. */
  phases(run: string): PhaseRecord[] {
    // what they found may be long, and is asked for by itself
    const rows = this.all<PhaseRecord>('SELECT phase, state, seconds FROM phases WHERE run = ?', run);
    return PHASES.map((phase) => {
      const { state = 'pending', seconds = 0 } = rows.find((candidate) => candidate.phase === phase) ?? {};
      return { phase, state: state === 'running' && !this.isLive ? 'stopped' : state, seconds };
    });
  }

  /** What a finished phase found, or null. */
  result<P extends Phase>(run: string, phase: P): PhaseResults[P] | null {
    const [row] = this.all<{ result: string | null }>(
      "SELECT result FROM phases WHERE run = ? AND phase = ? AND state = 'done'",
      run,
      phase,
    );
    return orNull<PhaseResults[P]>(row?.result ?? null);
  }

  setPhaseState(run: string, phase: Phase, state: PhaseState): void {
    this.write('UPDATE phases SET state = ? WHERE run = ? AND phase = ?', state, run, phase);
  }

  addPhaseSeconds(run: string, phase: Phase, seconds: number): void {
    this.write('UPDATE phases SET seconds = seconds + ? WHERE run = ? AND phase = ?', seconds, run, phase);
  }

  finishPhase<P extends Phase>(run: string, phase: P, result: PhaseResults[P]): void {
    this.write("UPDATE phases SET state = 'done', result = ? WHERE run = ? AND phase = ?", JSON.stringify(result), run, phase);
    this.metricTable.packRest(run);
  }

  /**
   * Forgets what this phase and all later ones found, and what was predicted and measured of shelf entries with a predictor or
   * weights that are made again; checkpoints are not touched.
   */
  resetFrom(run: string, phase: Phase): void {
    const database = this.writable();
    this.guard(() =>
      inTransaction(database, () => {
        for (const later of PHASES.slice(PHASES.indexOf(phase))) {
          database.prepare("UPDATE phases SET state = 'pending', seconds = 0, result = NULL WHERE run = ? AND phase = ?").run(run, later);
          database.prepare('DELETE FROM units WHERE run = ? AND phase = ?').run(run, later);
          this.metricTable.remove(run, later);
        }
        if (comesBefore(phase, 'search')) database.prepare('UPDATE shelf SET predicted = NULL WHERE run = ?').run(run);
        if (comesBefore(phase, 'grid')) database.prepare('UPDATE shelf SET measured = NULL WHERE run = ?').run(run);
        database.prepare("UPDATE runs SET digest = NULL, state = 'stopped', error = NULL WHERE id = ?").run(run);
        if (phase === PHASES[0]) database.prepare('UPDATE runs SET opened = NULL WHERE id = ?').run(run);
      }),
    );
  }

  /** Stores a finished unit; a unit that is measured again replaces the earlier one. */
  putUnit<P extends UnitPhase>(run: string, phase: P, unit: PhaseUnits[P]): void {
    const key = UNIT_KEYS[phase](unit);
    this.write(
      'INSERT INTO units (run, phase, key, json) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET json = excluded.json',
      run,
      phase,
      key,
      JSON.stringify(unit),
    );
  }

  /** Finished units by ascending key, whatever the order in which they came. */
  units<P extends UnitPhase>(run: string, phase: P): PhaseUnits[P][] {
    const rows = this.all<{ json: string }>('SELECT json FROM units WHERE run = ? AND phase = ? ORDER BY key', run, phase);
    return rows.map(({ json }) => JSON.parse(json) as PhaseUnits[P]);
  }

  /**
   * Stores metric values; a step that is done again replaces its earlier value. NaN and infinity become null.
   * @param time ms since 1970
   */
  putMetrics(run: string, phase: Phase, points: readonly MetricPoint[], time = Date.now()): void {
    this.metricTable.put(run, phase, points, time);
  }

  /** One metric series by ascending step, or all of them by name; a value that was no finite number is null. */
  metrics(run: string, series?: string): { series: string; step: number; value: number | null }[] {
    const names = series === undefined ? this.metricTable.names(run) : [series];
    return names.flatMap((name) => {
      const { steps, values } = this.metricTable.series(run, name);
      return Array.from(steps, (step, i) => ({ series: name, step, value: Number.isNaN(values[i]) ? null : values[i] }));
    });
  }

  log(run: string, text: string): void {
    this.write('INSERT INTO log (run, time, text) VALUES (?, ?, ?)', run, new Date().toISOString(), text);
  }

  /**
   * Log lines, oldest first.
   * @param last only that many of the newest
   */
  logLines(run: string, last?: number): { time: string; text: string }[] {
    if (last === undefined) return this.all('SELECT time, text FROM log WHERE run = ? ORDER BY id', run);
    return this.all<{ time: string; text: string }>(
      'SELECT time, text FROM log WHERE run = ? ORDER BY id DESC LIMIT ?',
      run,
      last,
    ).reverse();
  }

  /** The best test accuracy of any candidate of any run, 0..1; null without one. */
  bestMeasured(): number | null {
    // run by run, because units are found by the run first
    const [row] = this.all<{ best: number | null }>(
      `SELECT max(json_extract(units.json, '$.accuracy')) AS best
       FROM runs CROSS JOIN units ON units.run = runs.id AND units.phase = 'measure'`,
    );
    return row?.best ?? null;
  }

  addExport(run: string, exported: ManualExport): void {
    this.write('INSERT INTO exports (run, created, json) VALUES (?, ?, ?)', run, new Date().toISOString(), JSON.stringify(exported));
  }

  exports(run: string): (ManualExport & { createdAt: string })[] {
    const rows = this.all<{ created: string; json: string }>('SELECT created, json FROM exports WHERE run = ? ORDER BY id', run);
    return rows.map(({ created, json }) => ({ ...(JSON.parse(json) as ManualExport), createdAt: created }));
  }

  /** Notes a worker process that now writes checkpoints into this project. */
  addWorker(pid: number): void {
    this.lock?.addWorker(pid);
  }

  removeWorker(pid: number): void {
    this.lock?.removeWorker(pid);
  }

  close(): void {
    try {
      if (this.lock) this.database?.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // a reader or a full disk keeps the log; the next writer folds it in
    }
    this.database?.close();
    this.lock?.release();
  }

  private get isLive(): boolean {
    return this.lock !== null || this.writerAlive;
  }

  /** What was running when its process died is stopped now; project.json lists what the tables hold. */
  private settle(): void {
    this.write("UPDATE runs SET state = 'stopped' WHERE state = 'running'");
    this.write("UPDATE phases SET state = 'stopped' WHERE state = 'running'");
    if (this.runs().length !== this.project.runs.length) this.writeIndex();
  }

  private writeIndex(without?: string): void {
    const kept = this.runs().filter(({ id }) => id !== without);
    const runs = kept.map(({ id, recipe, createdAt }) => ({ id, recipe: recipe.name, createdAt }));
    this.project = { ...this.project, runs };
    writeProjectFile(this.folder, this.project);
  }

  private get databasePath(): string {
    return join(this.folder, DATABASE_FILE);
  }

  private guard<T>(action: () => T): T {
    return guardStorage(this.databasePath, action);
  }

  get isThere(): boolean {
    return existsSync(join(this.folder, PROJECT_FILE));
  }

  /**
   * An open database goes on in a folder that was moved, and every other file would make the old one anew: then half of the
   * project would lie here and half there.
   * @throws WorkbenchError `project-missing`
   */
  requireThere(): void {
    if (this.isThere) return;
    throw new WorkbenchError(
      'project-missing',
      `${this.folder} was moved, renamed or deleted while it was open: put it back, or open it at its new place.`,
      { folder: this.folder },
    );
  }

  private writable(): ProjectDatabase {
    if (!this.database || !this.lock) throw new Error('This project is open for reading only.');
    this.requireThere();
    return this.database;
  }

  private write(sql: string, ...values: SqlValue[]): void {
    const database = this.writable();
    this.guard(() => database.prepare(sql).run(...values));
  }

  private writeMany(sql: string, rows: Iterable<readonly SqlValue[]>): void {
    const database = this.writable();
    this.guard(() =>
      inTransaction(database, () => {
        const statement = database.prepare(sql);
        for (const row of rows) statement.run(...row);
      }),
    );
  }

  private all<T>(sql: string, ...values: SqlValue[]): T[] {
    const { database } = this;
    return database ? this.guard(() => database.prepare(sql).all(...values) as T[]) : [];
  }
}
