import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { LookRequest, LookResults } from '../../shared/contract/job-protocol.ts';
import type { WorkerLauncher } from '../worker-launcher.ts';
import { WorkerProcess } from '../worker-process.ts';

/** How long the process is kept for the next question, ms. */
const IDLE_MS = 60_000;
const WAY_OUT = 'nothing was changed, try again';

export interface LookWorkerOptions {
  workerPath?: string;
  launcher: () => WorkerLauncher | undefined;
}

/** One light worker that answers questions which need no engine, one after the other, for all windows. */
export class LookWorker {
  private worker: WorkerProcess | null = null;
  private queue: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private timer: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(private readonly options: LookWorkerOptions) {}

  /** @throws WorkbenchError what the worker says, or `worker-died` */
  ask<K extends keyof LookResults>(request: Extract<LookRequest, { kind: K }>): Promise<LookResults[K]> {
    this.waiting += 1;
    const answer = this.queue.then(() => this.answer<K>(request));
    this.queue = answer.then(
      () => this.rest(),
      () => this.rest(),
    );
    return answer;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.end();
  }

  private async answer<K extends keyof LookResults>(request: Extract<LookRequest, { kind: K }>): Promise<LookResults[K]> {
    if (this.closed) throw new WorkbenchError('stopped', 'The program is about to end.');
    if (this.timer) clearTimeout(this.timer);
    if (!this.worker?.alive) {
      const { workerPath, launcher } = this.options;
      this.worker = new WorkerProcess({ workerPath, launch: launcher(), wayOut: WAY_OUT });
    }
    const message = await this.worker.request({ type: 'look', request }, 'looked');
    return message.result as LookResults[K];
  }

  private rest(): void {
    this.waiting -= 1;
    if (this.waiting > 0 || this.closed) return;
    this.timer = setTimeout(() => void this.end(), IDLE_MS).unref();
  }

  private async end(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    const { worker } = this;
    this.worker = null;
    await worker?.close();
  }
}
