import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SearchPoints } from '../shared/contract/look.ts';
import { toErrorPayload, WorkbenchError } from '../shared/contract/errors.ts';
import {
  PHASES,
  type HostMessage,
  type MetricPoint,
  type OpenedInfo,
  type Phase,
  type PhaseInputs,
  type PhaseResults,
  type Progress,
  type WorkerMessage,
} from '../shared/contract/job-protocol.ts';
import { runDigest } from './digest.ts';
import type { Recipe } from '../shared/schema/recipe.ts';
import { chooseExports } from './export-choice.ts';
import type { LaunchEngine } from './engine-choice.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { PipelineControl, Steered } from './pipeline-control.ts';
import type { ProjectStore } from './project-store.ts';
import type { RunRecord } from './run-record.ts';
import { workerOptions } from './run-worker.ts';
import { guardStorage } from './storage-error.ts';
import type { WorkerLauncher } from './worker-launcher.ts';
import { WorkerProcess } from './worker-process.ts';

export type PipelineEvent =
  | { type: 'opened'; info: OpenedInfo }
  /** `number` counts from 1 */
  | { type: 'phase'; phase: Phase; number: number; phases: number }
  /** finished in an earlier session, not done again */
  | { type: 'phase-skipped'; phase: Phase; seconds: number }
  | { type: 'phase-done'; phase: Phase; seconds: number }
  | { type: 'progress'; progress: Progress }
  /** `time` in ms since 1970, as it is stored */
  | { type: 'metrics'; points: readonly MetricPoint[]; time: number }
  | { type: 'log'; text: string }
  /** a finished unit was stored */
  | { type: 'unit'; phase: Phase }
  | { type: 'paused' }
  | { type: 'resumed' }
  | { type: 'checkpoint'; phase: Phase; step: number }
  | { type: 'search-points'; round: SearchPoints }
  | { type: 'vitals'; rss: number; tensors: number }
  /** every phase is done */
  | { type: 'done'; digest: string };

export interface PipelineOptions {
  store: ProjectStore;
  run: RunRecord;
  engine: LaunchEngine;
  /** The last phase to do; all when left out. */
  until?: Phase;
  /** Aborting it lets the worker finish its step and checkpoint. */
  signal?: AbortSignal;
  /** Pauses, resumes, snapshots and ends it early. */
  control?: PipelineControl;
  onEvent?: (event: PipelineEvent) => void;
  workerPath?: string;
  launch?: WorkerLauncher;
  /** What a person does when the worker stops or dies, as the end of a sentence. */
  wayOut?: string;
}

const SECONDS_STEP = 5;

/**
 * Deletes the checkpoints (`checkpoints/<phase>.safetensors`, `<phase>-*`) of phases that have not begun. Whoever was killed while
 * it forgot them must not leave some that a phase with other settings would go on with.
 */
function dropStaleCheckpoints(store: ProjectStore, run: RunRecord): void {
  const folder = join(store.runDirectory(run.id), 'checkpoints');
  const pending = store.phases(run.id).flatMap(({ phase, state }) => (state === 'pending' ? [phase] : []));
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names)
    if (pending.some((phase) => name.startsWith(`${phase}.`) || name.startsWith(`${phase}-`))) rmSync(join(folder, name));
}

/**
 * Makes a run ready to go on: with `from`, forgets what that phase and all later ones found, and keeps the recipe that the rest
 * is done with.
 */
export function prepareRun(
  store: ProjectStore,
  run: RunRecord,
  { recipe, engine, from }: { recipe: Recipe; engine: LaunchEngine; from?: Phase },
): void {
  if (from) store.resetFrom(run.id, from);
  dropStaleCheckpoints(store, run);
  const fingerprint = fingerprintOf(recipe, engine);
  store.setRecipe(run.id, recipe, fingerprint);
  if (from === PHASES[0]) store.setEngine(run.id, { executor: engine.executor, version: engine.version }, fingerprint);
}

function need<P extends Phase>(store: ProjectStore, run: RunRecord, phase: P): PhaseResults[P] {
  const result = store.result(run.id, phase);
  if (!result)
    throw new WorkbenchError('project-invalid', `Run ${run.id} lacks the result of '${phase}': run again with --resume --from ${phase}.`);
  return result;
}

/** What each phase needs from the phases before and from its own finished units. */
const INPUTS: { [P in Phase]: (store: ProjectStore, run: RunRecord) => PhaseInputs[P] } = {
  pretrain: () => ({}),
  calibrate: () => ({}),
  supernet: () => ({}),
  grid: (store, run) => ({ done: store.units(run.id, 'grid') }),
  sample: (store, run) => ({ done: store.units(run.id, 'sample') }),
  predictor: (store, run) => ({ samples: need(store, run, 'sample').samples }),
  search: (store, run) => ({ samples: need(store, run, 'sample').samples }),
  measure: (store, run) => ({ candidates: need(store, run, 'search').candidates, done: store.units(run.id, 'measure') }),
  export: (store, run) => ({
    candidates: chooseExports(
      run.recipe,
      store.run(run.id).opened!,
      need(store, run, 'search').candidates,
      need(store, run, 'measure').measured,
    ),
    directory: join(store.runDirectory(run.id), 'exports'),
  }),
};

/** A run in one session: starts a worker, does the phases that are left, stores everything as it comes. */
class Session implements Steered {
  private readonly worker: WorkerProcess;
  private holding = false;
  private noted: number | undefined;
  private phase: Phase | null = null;
  private counted = 0;

  constructor(private readonly options: PipelineOptions) {
    const { workerPath, launch, wayOut } = options;
    this.worker = new WorkerProcess({ workerPath, launch, wayOut, onMessage: (message) => this.keep(message) });
    this.note();
  }

  async open(): Promise<void> {
    const { store, run, engine } = this.options;
    const { info } = await this.worker.request({ type: 'open', options: workerOptions(store, run, engine) }, 'opened');
    this.note();
    if (run.opened && run.opened.dataDigest !== info.dataDigest) {
      throw new WorkbenchError(
        'fingerprint-mismatch',
        `Run ${run.id} cannot go on because the images are not those that it began with (data digest ${run.opened.dataDigest.slice(0, 12)} -> ${info.dataDigest.slice(0, 12)}): put the original files back, or start a new run.`,
      );
    }
    store.setOpened(run.id, info);
    this.emit({ type: 'opened', info });
  }

  async do(phase: Phase): Promise<void> {
    const { store, run } = this.options;
    this.phase = phase;
    this.holding = false;
    this.counted = performance.now();
    store.setPhaseState(run.id, phase, 'running');
    this.emit({ type: 'phase', phase, number: PHASES.indexOf(phase) + 1, phases: PHASES.length });
    try {
      const { result } = await this.worker.request({ type: 'phase', phase, input: INPUTS[phase](store, run) } as HostMessage, 'phase-done');
      this.count(0);
      store.finishPhase(run.id, phase, result);
    } catch (error) {
      this.count(0);
      store.setPhaseState(run.id, phase, toErrorPayload(error).code === 'stopped' ? 'stopped' : 'failed');
      throw error;
    } finally {
      this.phase = null;
    }
    this.emit({ type: 'phase-done', phase, seconds: store.phases(run.id).find((record) => record.phase === phase)!.seconds });
  }

  /** Only a phase has something to checkpoint; while the images are being prepared the worker can end at once. */
  stop(): void {
    if (this.phase) this.worker.stop();
    else this.worker.cancel();
  }

  pause(): void {
    if (this.phase) this.worker.tell({ type: 'pause' });
  }

  resume(): void {
    this.worker.tell({ type: 'resume' });
  }

  snapshot(): void {
    if (this.phase) this.worker.tell({ type: 'snapshot' });
  }

  /** Only training can be taken for finished half-way; everything else is stopped. */
  finish(): void {
    if (this.phase !== 'pretrain' && this.phase !== 'supernet') return this.stop();
    this.worker.tell({ type: 'finish' });
    this.worker.tell({ type: 'resume' });
  }

  async close(): Promise<void> {
    await this.worker.close();
    try {
      if (this.noted !== undefined) this.options.store.removeWorker(this.noted);
    } catch {
      // on a full disk the note stays; the next start sees that the process is gone
    }
  }

  /** A process that starts late has no number at first. */
  private note(): void {
    const { pid } = this.worker;
    if (pid === undefined || this.noted !== undefined) return;
    this.noted = pid;
    this.options.store.addWorker(pid);
  }

  private emit(event: PipelineEvent): void {
    this.options.onEvent?.(event);
  }

  /** Adds the wall time since the last call once it is worth a write; a killed host loses no more than that. */
  private count(atLeast: number): void {
    const now = performance.now();
    const seconds = (now - this.counted) / 1000;
    if (!this.phase || this.holding || seconds < atLeast) return;
    this.counted = now;
    this.options.store.addPhaseSeconds(this.options.run.id, this.phase, seconds);
  }

  private keepMetrics(points: readonly MetricPoint[]): void {
    const time = Date.now();
    this.options.store.putMetrics(this.options.run.id, this.phase ?? 'pretrain', points, time);
    this.emit({ type: 'metrics', points, time });
  }

  private keep(message: WorkerMessage): void {
    const { store, run } = this.options;
    try {
      switch (message.type) {
        case 'progress':
          this.count(SECONDS_STEP);
          this.emit(message);
          break;
        case 'metrics':
          this.keepMetrics(message.points);
          break;
        case 'log':
          store.log(run.id, message.text);
          this.emit(message);
          break;
        case 'unit':
          if (message.phase === 'grid') store.putUnit(run.id, 'grid', message.unit);
          else if (message.phase === 'sample') store.putUnit(run.id, 'sample', message.unit);
          else store.putUnit(run.id, 'measure', message.unit);
          this.emit({ type: 'unit', phase: message.phase });
          break;
        case 'paused':
          this.count(0);
          this.holding = true;
          this.emit(message);
          break;
        case 'resumed':
          this.holding = false;
          this.counted = performance.now();
          this.emit(message);
          break;
        case 'checkpoint':
        case 'search-points':
        case 'vitals':
          this.emit(message);
          break;
        default:
          break;
      }
    } catch (error) {
      this.worker.abort(error);
    }
  }
}

function stopped(options: PipelineOptions): WorkbenchError {
  return new WorkbenchError('stopped', `Stopped: ${options.wayOut ?? 'what was finished is stored, go on with --resume'}.`);
}

function digestOf(store: ProjectStore, run: RunRecord): string {
  const results = Object.fromEntries(PHASES.map((phase) => [phase, need(store, run, phase)])) as { [P in Phase]: PhaseResults[P] };
  return runDigest(results);
}

async function session(options: PipelineOptions, todo: readonly Phase[]): Promise<void> {
  const { signal, control, onEvent } = options;
  const current = new Session(options);
  const stop = () => current.stop();
  signal?.addEventListener('abort', stop);
  try {
    await current.open();
    control?.attach(current);
    for (const phase of todo) {
      await control?.passage((state) => onEvent?.({ type: state }), signal);
      if (signal?.aborted || control?.finishing) throw stopped(options);
      await current.do(phase);
    }
  } finally {
    control?.attach(null);
    signal?.removeEventListener('abort', stop);
    await current.close();
  }
}

/**
 * Does every phase of a run that is not done yet, in order.
 * @returns the digest of the finished run; null when phases after `until` are left, with the run `stopped`
 * @throws WorkbenchError `stopped` when the signal was aborted; else why a phase failed. The run can be resumed either way.
 */
export async function runPipeline(options: PipelineOptions): Promise<string | null> {
  const { store, run, until = PHASES[PHASES.length - 1], onEvent } = options;
  try {
    store.setRunState(run.id, 'running');
    // the worker makes no folder above those of its own, lest it makes one that was moved anew
    guardStorage(store.runDirectory(run.id), () => mkdirSync(store.runDirectory(run.id), { recursive: true }));
    const records = store.phases(run.id);
    for (const { phase, state, seconds } of records) if (state === 'done') onEvent?.({ type: 'phase-skipped', phase, seconds });
    const left = records.filter(({ state }) => state !== 'done').map(({ phase }) => phase);
    const todo = left.filter((phase) => PHASES.indexOf(phase) <= PHASES.indexOf(until));
    if (todo.length) await session(options, todo);
    if (todo.length < left.length) {
      store.setRunState(run.id, 'stopped');
      return null;
    }
    const digest = digestOf(store, run);
    store.setDigest(run.id, digest);
    store.setRunState(run.id, 'done');
    onEvent?.({ type: 'done', digest });
    return digest;
  } catch (error) {
    const payload = toErrorPayload(error);
    try {
      store.setRunState(run.id, payload.code === 'stopped' ? 'stopped' : 'failed', payload.code === 'stopped' ? null : payload);
    } catch {
      // on a full disk the state stays `running`, which the next start reads as interrupted
    }
    throw error;
  }
}
