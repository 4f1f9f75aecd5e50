import type { JobView } from '../../shared/contract/api/views.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { Job, type JobWork } from './job.ts';

/** Ended jobs that stay in the list until somebody dismisses them. */
const MOST_ENDED = 50;

export interface QueueListener {
  /** how many jobs may be at work at a time */
  limit(): number;
  /** `quiet` when only progress has changed */
  changed(quiet: boolean): void;
  ended(job: Job): void;
}

/** All jobs of this host: a few at work, the others waiting in the order in which they came. */
export class JobQueue {
  private jobs: Job[] = [];
  private readonly running = new Map<Job, Promise<void>>();
  private closed = false;

  constructor(private readonly listener: QueueListener) {}

  add(work: JobWork): Job {
    if (this.closed) throw new WorkbenchError('stopped', 'The program is about to end and takes no more jobs.');
    const job = new Job(work, (quiet) => this.listener.changed(quiet));
    this.jobs.push(job);
    this.listener.changed(false);
    this.pump();
    return job;
  }

  /** @throws WorkbenchError `usage` when it is not in the list any more */
  get(id: string): Job {
    const job = this.jobs.find((candidate) => candidate.id === id);
    if (job) return job;
    throw new WorkbenchError('usage', 'This job is not in the list any more.', { job: id });
  }

  list(): JobView[] {
    return this.jobs.map((job) => job.view());
  }

  /** Jobs that wait or are at work on a project, or on one run of it. */
  unfinished(project: string, run?: string): Job[] {
    return this.jobs.filter(
      (job) => (job.isActive || job.isQueued) && job.work.project === project && (run === undefined || job.work.run === run),
    );
  }

  /** Takes an ended job out of the list. */
  dismiss(id: string): void {
    const job = this.get(id);
    if (job.isActive || job.isQueued) throw new WorkbenchError('usage', `${job.work.title} has not ended yet: stop it first.`);
    this.jobs = this.jobs.filter((other) => other !== job);
    this.listener.changed(false);
  }

  /** Starts what there is room for. */
  pump(): void {
    for (const job of this.jobs) {
      if (this.closed) return;
      if (!job.isQueued) continue;
      if (this.jobs.filter(({ isBusy }) => isBusy).length >= this.listener.limit()) return;
      this.running.set(job, this.follow(job));
    }
  }

  private async follow(job: Job): Promise<void> {
    await job.run();
    this.running.delete(job);
    this.listener.ended(job);
    const ended = this.jobs.filter((other) => !other.isActive && !other.isQueued);
    const old = ended.slice(0, Math.max(0, ended.length - MOST_ENDED));
    this.jobs = this.jobs.filter((other) => !old.includes(other));
    this.listener.changed(false);
    this.pump();
  }

  /** Lets every job write a checkpoint and end; resolves when the last one has. */
  async close(): Promise<void> {
    this.closed = true;
    for (const job of this.jobs) if (job.isActive || job.isQueued) job.stop(false);
    await Promise.all(this.running.values());
  }
}
