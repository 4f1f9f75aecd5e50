import { randomUUID } from 'node:crypto';
import type { JobKind, JobState, JobView } from '../../shared/contract/api/views.ts';
import { toErrorPayload, WorkbenchError, type ErrorPayload } from '../../shared/contract/errors.ts';
import { PHASES, type Phase } from '../../shared/contract/job-protocol.ts';
import { RateMeter } from '../../shared/domain/progress.ts';

/** What a job does; the queue decides when. */
export interface JobWork {
  readonly kind: JobKind;
  /** folder of its project; null without one */
  readonly project: string | null;
  readonly run: string | null;
  readonly title: string;
  /** somebody waits for the answer: only a failure is told to every window */
  readonly awaited?: boolean;
  /** the last phase that it does; left out = all of them */
  readonly until?: Phase;
  /** @returns what it found. @throws WorkbenchError `stopped` after `stop` */
  start(job: Job): Promise<unknown>;
  stop(keep: boolean): void;
  /** left out where it cannot be held */
  pause?(): void;
  resume?(): void;
  snapshot?(): void;
}

export interface JobProgress {
  unit: string;
  done: number;
  total: number;
  note?: string;
}

const ACTIVE: readonly JobState[] = ['starting', 'running', 'pausing', 'paused', 'stopping'];

/** One job from the queue to its end, and what windows are told of it. */
export class Job {
  readonly id = randomUUID();
  private state: JobState = 'queued';
  private phase: Phase | null = null;
  private progress: JobProgress | null = null;
  private meter = new RateMeter();
  private rss: number | null = null;
  private mostRss: number | null = null;
  private checkpoint: JobView['checkpoint'] = null;
  private startedAt: number | null = null;
  private endedAt: number | null = null;
  private error: ErrorPayload | null = null;
  private result: unknown = null;

  constructor(
    readonly work: JobWork,
    /** `quiet` for what changes many times a second */
    private readonly changed: (quiet: boolean) => void,
  ) {}

  get isActive(): boolean {
    return ACTIVE.includes(this.state);
  }

  get isQueued(): boolean {
    return this.state === 'queued';
  }

  /** Whether it takes one of the places at the processor; a job that is held takes none. */
  get isBusy(): boolean {
    return this.isActive && this.state !== 'paused';
  }

  get hasFailed(): ErrorPayload | null {
    return this.state === 'failed' ? this.error : null;
  }

  get isDone(): boolean {
    return this.state === 'done';
  }

  /** What it found; null before its end. Asked for by itself: views of jobs go to every window many times a second. */
  get found(): unknown {
    return this.result;
  }

  /** Does the work; never throws. */
  async run(): Promise<void> {
    this.startedAt = Date.now();
    this.become('starting');
    try {
      this.result = await this.work.start(this);
      this.finish('done');
    } catch (error) {
      const payload = toErrorPayload(error);
      if (payload.code === 'internal') process.stderr.write(`${error instanceof Error ? error.stack : payload.message}\n`);
      this.error = payload.code === 'stopped' ? null : payload;
      this.finish(payload.code === 'stopped' ? 'stopped' : 'failed');
    }
  }

  /** @throws WorkbenchError `usage` where it cannot be held */
  pause(): void {
    const { work } = this;
    if (!work.pause) throw new WorkbenchError('usage', `${work.title} cannot be paused: stop it, or let it end.`);
    this.requireActive();
    if (this.state === 'pausing' || this.state === 'paused') return;
    this.become('pausing');
    work.pause();
  }

  resume(): void {
    if (this.state !== 'pausing' && this.state !== 'paused') return;
    this.meter = new RateMeter();
    this.become('running');
    this.work.resume?.();
  }

  stop(keep: boolean): void {
    if (this.state === 'queued') return this.finish('stopped');
    this.requireActive();
    if (this.state === 'stopping' && !keep) return;
    this.become('stopping');
    this.work.stop(keep);
  }

  /** @throws WorkbenchError `usage` for a job without checkpoints */
  snapshot(): void {
    if (!this.work.snapshot) throw new WorkbenchError('usage', `${this.work.title} writes no checkpoints: only a run does.`);
    this.requireActive();
    this.work.snapshot();
  }

  /** The work has really begun. */
  working(): void {
    if (this.state === 'starting') this.become('running');
  }

  /** What the worker says of being held. */
  held(paused: boolean): void {
    if (this.state === 'stopping') return;
    if (paused && this.state !== 'pausing' && this.state !== 'paused') return;
    if (!paused) this.meter = new RateMeter();
    this.become(paused ? 'paused' : 'running');
  }

  enter(phase: Phase | null): void {
    this.phase = phase;
    this.progress = null;
    this.checkpoint = null;
    this.meter = new RateMeter();
    this.changed(false);
  }

  tell(progress: JobProgress): void {
    this.progress = progress;
    this.meter.add(progress.done, performance.now() / 1000);
    this.changed(true);
  }

  vitals(rss: number): void {
    this.rss = rss;
    this.mostRss = Math.max(this.mostRss ?? 0, rss);
    this.changed(true);
  }

  checkpointed(step: number): void {
    this.checkpoint = { step, at: Date.now() };
    this.changed(false);
  }

  view(): JobView {
    const { work, progress, meter } = this;
    const left = progress && this.state === 'running' ? meter.remaining(progress.total) : null;
    return {
      id: this.id,
      kind: work.kind,
      state: this.state,
      project: work.project,
      run: work.run,
      title: work.title,
      phase: this.phase,
      phaseNumber: this.phase ? PHASES.indexOf(this.phase) + 1 : 0,
      phases: work.kind === 'run' ? PHASES.length : 1,
      until: work.until ?? null,
      progress: progress && {
        unit: progress.unit,
        done: progress.done,
        total: progress.total,
        note: progress.note ?? '',
        rate: meter.rate() ?? 0,
        left: left && [left.low, left.high],
      },
      rss: this.isActive ? this.rss : null,
      mostRss: this.mostRss,
      checkpoint: this.checkpoint,
      startedAt: this.startedAt,
      endedAt: this.endedAt,
      error: this.error,
    };
  }

  private requireActive(): void {
    if (!this.isActive) throw new WorkbenchError('usage', `${this.work.title} is not running any more.`);
  }

  private finish(state: JobState): void {
    this.endedAt = Date.now();
    this.become(state);
  }

  private become(state: JobState): void {
    this.state = state;
    this.changed(false);
  }
}
