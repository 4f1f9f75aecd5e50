/// <reference lib="es2024.sharedmemory" />
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { fromErrorPayload, WorkbenchError, type ErrorPayload } from '../../shared/contract/errors.ts';
import {
  allocateBatch,
  allocateRing,
  CLOSED,
  HELD,
  prepareBatch,
  RING_SLOTS,
  STEP_OFFSET,
  WANTED,
  type Batch,
  type BatchPlan,
} from './batch-ring.ts';
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

/** Where batches come from: a thread that runs ahead, or this thread when there is no built thread file. */
interface Preparer {
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

  async next(step: number): Promise<Batch> {
    prepareBatch(this.set, this.plan, step, this.batch);
    return this.batch;
  }

  async close(): Promise<void> {}
}

class ThreadPreparer implements Preparer {
  private readonly ring;
  private readonly worker: Worker;
  private readonly ended: Promise<void>;
  private failure: WorkbenchError | undefined;
  private ticket = 0;
  private step = Number.NaN;

  constructor(set: ImageSet, plan: BatchPlan, threadFile: string) {
    this.ring = allocateRing(set, plan);
    const workerData: BatchThreadData = { set, plan, ring: this.ring };
    this.worker = new Worker(threadFile, { workerData, name: 'batches' });
    this.worker.on('message', (payload: ErrorPayload) => (this.failure ??= fromErrorPayload(payload)));
    this.worker.on('error', (error) => (this.failure ??= died(error)));
    this.ended = new Promise((resolve) => {
      this.worker.on('exit', () => {
        this.failure ??= died();
        for (let slot = 0; slot < RING_SLOTS; slot++) Atomics.notify(this.ring.control, HELD + slot);
        resolve();
      });
    });
    // Only a pending next() keeps the process alive: a source that nobody closes must not hang it.
    this.worker.unref();
  }

  get ahead(): number {
    let ahead = 0;
    while (this.ticket > 0 && ahead < RING_SLOTS - 1 && this.isHeld(this.ticket + ahead + 1)) ahead++;
    return ahead;
  }

  async next(step: number): Promise<Batch> {
    const { control, slots } = this.ring;
    this.ticket += step === this.step + 1 ? 1 : RING_SLOTS + 1;
    this.step = step;
    Atomics.store(control, STEP_OFFSET, step - this.ticket);
    Atomics.store(control, WANTED, this.ticket);
    Atomics.notify(control, WANTED);
    if (!this.isHeld(this.ticket)) await this.wait(this.ticket);
    return slots[this.ticket % RING_SLOTS];
  }

  async close(): Promise<void> {
    Atomics.store(this.ring.control, WANTED, CLOSED);
    Atomics.notify(this.ring.control, WANTED);
    this.worker.ref();
    await this.ended;
  }

  private isHeld(ticket: number): boolean {
    return Atomics.load(this.ring.control, HELD + (ticket % RING_SLOTS)) === ticket;
  }

  private async wait(ticket: number): Promise<void> {
    const { control } = this.ring;
    const entry = HELD + (ticket % RING_SLOTS);
    this.worker.ref();
    try {
      for (let held = Atomics.load(control, entry); held !== ticket; held = Atomics.load(control, entry)) {
        if (this.failure) throw this.failure;
        const changed = Atomics.waitAsync(control, entry, held);
        if (changed.async) await changed.value;
      }
    } finally {
      this.worker.unref();
    }
  }
}

function died(cause?: unknown): WorkbenchError {
  const reason = cause instanceof Error ? ` (${cause.message})` : '';
  return new WorkbenchError('worker-died', `The thread that prepares batches ended${reason}: run again with --resume.`, {}, cause);
}

/**
 * The batches of a training run, prepared off the training thread: while the caller is busy with step s, even inside a
 * blocking native call, the batches of s+1 and s+2 become ready.
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
   * @throws WorkbenchError `data-invalid` when the set does not fill one batch
   */
  constructor(set: ImageSet, plan: BatchPlan, threadFile: string | null | undefined = builtThreadFile()) {
    stepsPerEpoch(set.count, plan.batch);
    this.threaded = typeof threadFile === 'string';
    this.preparer = typeof threadFile === 'string' ? new ThreadPreparer(set, plan, threadFile) : new InlinePreparer(set, plan);
  }

  /** Batches ready beyond the one in use, 0..2. */
  get ahead(): number {
    return this.preparer.ahead;
  }

  /**
   * The batch of a step (0, 1, ...), whose memory is valid until the next call; an engine may wrap it instead of
   * copying, so tensors made from it must be gone by then too. Consecutive steps are prepared ahead;
   * any other step may be asked for too, as after a resume, and is waited for. Calls must not overlap.
   * @throws WorkbenchError what went wrong in the thread, or `worker-died` when it ended
   */
  async next(step: number): Promise<Batch> {
    if (this.closing) throw new WorkbenchError('internal', `The batch of step ${step} was asked for after the batch source was closed.`);
    const start = performance.now();
    const batch = await this.preparer.next(step);
    this.waitedMs += performance.now() - start;
    return batch;
  }

  /** Ends the thread. Safe to call twice. */
  close(): Promise<void> {
    return (this.closing ??= this.preparer.close());
  }
}
