/// <reference lib="es2024.sharedmemory" />
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { fromErrorPayload, WorkbenchError, type ErrorPayload } from '../../shared/contract/errors.ts';
import { allocateBatch, allocateRing, CLOSED, HELD, prepareBatch, STEP_OFFSET, WANTED, type Batch, type BatchPlan } from './batch-ring.ts';
import type { BatchThreadData } from './batch-thread.ts';
import type { ImageSet } from './dataset.ts';
import { stepsPerEpoch } from './sampler.ts';

export type { Batch, BatchPlan } from './batch-ring.ts';

/** The thread's file beside the built program or its chunks; undefined when this runs from the TypeScript sources. */
function builtThreadFile(): string | undefined {
  return ['./batch-thread.js', '../batch-thread.js']
    .map((name) => fileURLToPath(new URL(name, import.meta.url)))
    .find((path) => existsSync(path));
}

/** A second thread pays from eight cores on; more than four would hold many batches for no gain. */
const preparingThreads = (): number => Math.min(4, Math.max(1, availableParallelism() >> 2));

/** Where batches come from: threads that run ahead, or this thread when there is no built thread file. */
interface Preparer {
  start(step: number): void;
  next(step: number): Promise<Batch>;
  readonly ahead: number;
  close(): Promise<void>;
}

class InlinePreparer implements Preparer {
  readonly ahead = 0;
  private readonly batch: Batch;

  constructor(
    private readonly set: ImageSet,
    private readonly plan: BatchPlan,
  ) {
    this.batch = allocateBatch(set, plan);
  }

  start(): void {}

  async next(step: number): Promise<Batch> {
    prepareBatch(this.set, this.plan, step, this.batch);
    return this.batch;
  }

  async close(): Promise<void> {}
}

class ThreadPreparer implements Preparer {
  private readonly ring;
  private readonly workers: readonly Worker[];
  private readonly ended: Promise<unknown>;
  private failure: WorkbenchError | undefined;
  private ticket = 0;
  private step = Number.NaN;

  constructor(set: ImageSet, plan: BatchPlan, threadFile: string, threads: number) {
    const ring = allocateRing(set, plan, threads);
    this.ring = ring;
    this.workers = Array.from({ length: threads }, (_, thread) => {
      const workerData: BatchThreadData = { set, plan, ring, thread };
      return new Worker(threadFile, { workerData, name: 'batches' });
    });
    this.ended = Promise.all(this.workers.map((worker) => this.watch(worker)));
  }

  /** Keeps what goes wrong in a thread. @returns when it has ended */
  private watch(worker: Worker): Promise<void> {
    worker.on('message', (payload: ErrorPayload) => (this.failure ??= fromErrorPayload(payload)));
    worker.on('error', (error) => (this.failure ??= died(error)));
    // Only a pending next() keeps the process alive: a source that nobody closes must not hang it.
    worker.unref();
    return new Promise((resolve) => {
      worker.on('exit', () => {
        this.failure ??= died();
        for (const slot of this.ring.slots.keys()) Atomics.notify(this.ring.control, HELD + slot);
        resolve();
      });
    });
  }

  get ahead(): number {
    let ahead = 0;
    while (this.ticket > 0 && ahead < this.ring.slots.length - 1 && this.isHeld(this.ticket + ahead + 1)) ahead++;
    return ahead;
  }

  start(step: number): void {
    if (step === this.step) return;
    const { control, slots } = this.ring;
    this.ticket += step === this.step + 1 ? 1 : slots.length + 1;
    this.step = step;
    Atomics.store(control, STEP_OFFSET, step - this.ticket);
    Atomics.store(control, WANTED, this.ticket);
    Atomics.notify(control, WANTED);
  }

  async next(step: number): Promise<Batch> {
    this.start(step);
    if (!this.isHeld(this.ticket)) await this.wait(this.ticket);
    return this.ring.slots[this.ticket % this.ring.slots.length];
  }

  async close(): Promise<void> {
    Atomics.store(this.ring.control, WANTED, CLOSED);
    Atomics.notify(this.ring.control, WANTED);
    for (const worker of this.workers) worker.ref();
    await this.ended;
  }

  private isHeld(ticket: number): boolean {
    return Atomics.load(this.ring.control, HELD + (ticket % this.ring.slots.length)) === ticket;
  }

  private async wait(ticket: number): Promise<void> {
    const { control, slots } = this.ring;
    const entry = HELD + (ticket % slots.length);
    for (const worker of this.workers) worker.ref();
    try {
      for (let held = Atomics.load(control, entry); held !== ticket; held = Atomics.load(control, entry)) {
        if (this.failure) throw this.failure;
        const changed = Atomics.waitAsync(control, entry, held);
        if (changed.async) await changed.value;
      }
    } finally {
      for (const worker of this.workers) worker.unref();
    }
  }
}

function died(cause?: unknown): WorkbenchError {
  const reason = cause instanceof Error ? ` (${cause.message})` : '';
  return new WorkbenchError('worker-died', `The thread that prepares batches ended${reason}: run again with --resume.`, {}, cause);
}

/**
 * The batches of a training run, prepared off the training thread: while the caller is busy with step s, even inside a
 * blocking native call, the batches of s+1, s+2, ... become ready as the step is fed with them.
 */
export class BatchSource {
  /** Milliseconds that callers of next() have waited for batches. */
  waitedMs = 0;
  /** False when batches are prepared on the calling thread because there is no built thread file. */
  readonly threaded: boolean;
  private readonly preparer: Preparer;
  private closing: Promise<void> | undefined;

  /**
   * @param set        images on shared memory (others are copied once)
   * @param threadFile the built batch-thread.js; found beside the program when left out; null prepares on this thread
   * @param threads    how many prepare; a batch depends on its step alone, not on who prepared it
   * @throws WorkbenchError `data-invalid` when the set does not fill one batch
   */
  constructor(
    set: ImageSet,
    plan: BatchPlan,
    threadFile: string | null | undefined = builtThreadFile(),
    threads: number = preparingThreads(),
  ) {
    stepsPerEpoch(set.count, plan.batch);
    this.threaded = typeof threadFile === 'string';
    this.preparer = typeof threadFile === 'string' ? new ThreadPreparer(set, plan, threadFile, threads) : new InlinePreparer(set, plan);
  }

  /** Batches ready beyond the one in use: up to two, or up to two for each thread but the one in use. */
  get ahead(): number {
    return this.preparer.ahead;
  }

  /** Has the batches of a step and of those behind it prepared from now on, until next() asks for the first of them. */
  start(step: number): void {
    if (!this.closing) this.preparer.start(step);
  }

  /**
   * The batch of a step (0, 1, ...), whose memory is valid until the next call; an engine may wrap it instead of
   * copying, so tensors made from it must be gone by then too. Consecutive steps are prepared ahead;
   * any other step may be asked for too, as after a resume, and is waited for. Calls must not overlap.
   * @throws WorkbenchError what went wrong in a thread, or `worker-died` when it ended
   */
  async next(step: number): Promise<Batch> {
    if (this.closing) throw new WorkbenchError('internal', `The batch of step ${step} was asked for after the batch source was closed.`);
    const start = performance.now();
    const batch = await this.preparer.next(step);
    this.waitedMs += performance.now() - start;
    return batch;
  }

  /** Ends the threads. Safe to call twice. */
  close(): Promise<void> {
    return (this.closing ??= this.preparer.close());
  }
}
