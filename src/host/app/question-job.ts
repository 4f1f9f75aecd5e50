import type { JobKind } from '../../shared/contract/api/views.ts';
import type { WorkerMessage } from '../../shared/contract/job-protocol.ts';
import type { RunWorker } from '../run-worker.ts';
import type { HostContext } from './context.ts';
import type { Job, JobWork } from './job.ts';
import type { OpenProject } from './open-project.ts';

/** What a job on a trained run does with its worker. */
export type Question = (worker: RunWorker, piece: (done: number) => void) => Promise<unknown>;

/** A measurement, search or export on a trained run, as a job. */
export class QuestionJob implements JobWork {
  readonly project: string;
  private readonly stopper = new AbortController();
  private worker: RunWorker | null = null;

  /** @param question says through `piece` how many of its pieces are done */
  constructor(
    private readonly context: HostContext,
    private readonly opened: OpenProject,
    readonly run: string,
    readonly kind: JobKind,
    readonly title: string,
    private readonly question: Question,
    /** pieces of work that each report their own progress */
    private readonly pieces = 1,
  ) {
    this.project = opened.folder;
  }

  async start(job: Job): Promise<unknown> {
    const { context, opened, run, stopper } = this;
    const release = opened.retain();
    let finished = 0;
    const onMessage = (message: WorkerMessage) => {
      switch (message.type) {
        case 'progress': {
          const { unit, done, total, note } = message.progress;
          const pieces = message.progress.phase === 'data' ? 1 : this.pieces;
          job.tell({ unit, done: Math.min(finished, pieces - 1) * total + done, total: pieces * total, note });
          break;
        }
        case 'vitals':
          job.vitals(message.rss);
          break;
        case 'search-points':
          context.explored.add(opened.folder, run, message.round);
          context.hub.post({ type: 'search', project: opened.folder, run, rounds: [message.round] });
          break;
        case 'paused':
        case 'resumed':
          job.held(message.type === 'paused');
          break;
        default:
      }
    };
    try {
      return await context.runWorkers.use(
        opened,
        run,
        (worker) => {
          this.worker = worker;
          job.working();
          return this.question(worker, (done) => {
            finished = done;
          });
        },
        { signal: stopper.signal, onMessage },
      );
    } finally {
      this.worker = null;
      release();
      opened.touch(run);
    }
  }

  stop(): void {
    this.stopper.abort();
  }

  pause(): void {
    this.worker?.process.tell({ type: 'pause' });
  }

  resume(): void {
    this.worker?.process.tell({ type: 'resume' });
  }
}
