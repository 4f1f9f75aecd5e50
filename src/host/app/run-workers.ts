import { freemem, totalmem } from 'node:os';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { WorkerMessage } from '../../shared/contract/job-protocol.ts';
import type { WorkerLauncher } from '../worker-launcher.ts';
import { RunWorker } from '../run-worker.ts';
import type { EngineService } from './engine-service.ts';
import type { OpenProject } from './open-project.ts';

/** How long a worker that has a run open is kept for the next question, ms. */
const IDLE_MS = 120_000;
/** Workers of one run: one for a job, one for questions meanwhile. */
const MOST = 2;
/** Share of the memory that has to be free for idle workers to stay when a run starts. */
const ENOUGH = 0.4;
const WAY_OUT = 'nothing was changed, try again';

export interface RunWorkersOptions {
  engines: EngineService;
  workerPath?: string;
  launcher: () => WorkerLauncher | undefined;
}

interface Slot {
  key: string;
  folder: string;
  worker: RunWorker | null;
  busy: boolean;
  timer: NodeJS.Timeout | null;
  /** whoever uses it now hears what no request waits for */
  listener: ((message: WorkerMessage) => void) | null;
}

/** What a use of a worker may tell and be told. */
export interface WorkerUse {
  signal?: AbortSignal;
  onMessage?: (message: WorkerMessage) => void;
}

/** Workers with a trained run open, so that the second question about a run is answered at once. */
export class RunWorkers {
  private slots: Slot[] = [];
  private readonly waiting: (() => void)[] = [];
  private closed = false;

  constructor(private readonly options: RunWorkersOptions) {}

  /**
   * Does something with a worker that has the run open.
   * @throws WorkbenchError what the worker says, `worker-died`, or `stopped` when the signal comes
   */
  async use<T>(
    project: OpenProject,
    run: string,
    action: (worker: RunWorker) => Promise<T>,
    { signal, onMessage }: WorkerUse = {},
  ): Promise<T> {
    const release = project.retain();
    const slot = await this.acquire(project, run);
    const stop = () => slot.worker?.process.cancel();
    try {
      slot.listener = onMessage ?? null;
      if (!slot.worker?.process.alive) slot.worker = await this.open(slot, project, run, signal ?? new AbortController().signal);
      signal?.addEventListener('abort', stop);
      if (signal?.aborted) throw new WorkbenchError('stopped', `Stopped: ${WAY_OUT}.`);
      return await action(slot.worker);
    } finally {
      signal?.removeEventListener('abort', stop);
      slot.listener = null;
      release();
      this.rest(slot);
    }
  }

  /** Ends the workers of a run, whose checkpoints are about to change. */
  async endRun(folder: string, run: string): Promise<void> {
    await this.end(this.slots.filter(({ key }) => key === keyOf(folder, run)));
  }

  /** Ends the workers of a project. */
  async endProject(folder: string): Promise<void> {
    await this.end(this.slots.filter((slot) => slot.folder === folder));
  }

  /** A run starts and needs memory. */
  async makeRoom(): Promise<void> {
    if (freemem() / totalmem() < ENOUGH) await this.end(this.slots.filter(({ busy }) => !busy));
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.end(this.slots);
  }

  private async acquire(project: OpenProject, run: string): Promise<Slot> {
    const key = keyOf(project.folder, run);
    for (;;) {
      if (this.closed) throw new WorkbenchError('stopped', 'The program is about to end.');
      const mine = this.slots.filter((slot) => slot.key === key);
      let slot = mine.find(({ busy }) => !busy);
      if (!slot && mine.length < MOST) {
        slot = { key, folder: project.folder, worker: null, busy: true, timer: null, listener: null };
        this.slots.push(slot);
      }
      if (slot) {
        slot.busy = true;
        if (slot.timer) clearTimeout(slot.timer);
        return slot;
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  private async open(slot: Slot, project: OpenProject, id: string, signal: AbortSignal): Promise<RunWorker> {
    const { engines, workerPath, launcher } = this.options;
    await slot.worker?.close();
    slot.worker = null;
    const run = project.store.run(id);
    const engine = await engines.choose(run.engine.executor, () => undefined, signal, run.engine.version);
    return RunWorker.open(
      {
        store: project.store,
        run,
        engine,
        workerPath,
        launch: launcher(),
        wayOut: WAY_OUT,
        onMessage: (message) => slot.listener?.(message),
      },
      signal,
    );
  }

  private rest(slot: Slot): void {
    slot.busy = false;
    // it was ended while it was being opened
    if (!this.slots.includes(slot)) void slot.worker?.close();
    else slot.timer = setTimeout(() => void this.end([slot]), IDLE_MS).unref();
    for (const wake of this.waiting.splice(0)) wake();
  }

  private async end(slots: Slot[]): Promise<void> {
    this.slots = this.slots.filter((slot) => !slots.includes(slot));
    await Promise.all(
      slots.map((slot) => {
        if (slot.timer) clearTimeout(slot.timer);
        if (slot.busy) slot.worker?.process.cancel();
        return slot.worker?.close();
      }),
    );
  }
}

const keyOf = (folder: string, run: string): string => `${folder}\n${run}`;
