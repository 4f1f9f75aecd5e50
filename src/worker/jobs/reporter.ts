import type { MetricPoint, Progress, WorkerMessage } from '../../shared/contract/job-protocol.ts';

/** Progress and metrics reach the host at most ten times a second. */
const INTERVAL_MS = 100;

/** Sends messages to the host; gathers what comes too often. Everything else keeps its order. */
export class Reporter {
  private points: MetricPoint[] = [];
  private progress: Progress | null = null;
  private lastFlush = 0;
  private readonly counted = new Map<Progress['phase'], number>();

  constructor(private readonly post: (message: WorkerMessage) => void) {}

  metric(series: string, step: number, value: number): void {
    this.points.push({ series, step, value });
  }

  /** Units that a phase last said it had done; 0 before it said anything. */
  done(phase: Progress['phase']): number {
    return this.counted.get(phase) ?? 0;
  }

  report(progress: Progress): void {
    this.progress = progress;
    this.counted.set(progress.phase, progress.done);
    if (progress.done === progress.total || performance.now() - this.lastFlush >= INTERVAL_MS) this.flush();
  }

  send(message: WorkerMessage): void {
    this.flush();
    this.post(message);
  }

  flush(): void {
    this.lastFlush = performance.now();
    if (this.points.length) this.post({ type: 'metrics', points: this.points });
    if (this.progress) this.post({ type: 'progress', progress: this.progress });
    this.points = [];
    this.progress = null;
  }
}
