import { toErrorPayload, WorkbenchError } from '../../shared/contract/errors.ts';
import type { Phase } from '../../shared/contract/job-protocol.ts';
import type { LaunchEngine } from '../engine-choice.ts';
import type { OnProgress } from '../engine/progress.ts';
import { assertSameRun, fingerprintOf } from '../fingerprint.ts';
import { PipelineControl } from '../pipeline-control.ts';
import { prepareRun, runPipeline, type PipelineEvent } from '../pipeline.ts';
import { lastTouched, phaseBefore } from '../run-plan.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import type { HostContext } from './context.ts';
import type { Job, JobWork } from './job.ts';
import type { OpenProject } from './open-project.ts';

const WAY_OUT = 'what it finished is stored, resume the run to go on';

export interface RunJobOptions {
  /** do this phase and all later ones again */
  from?: Phase;
  /** the last phase to do */
  until?: Phase;
  /** what the phases from `from` on follow; that of the run when left out */
  recipe?: Recipe;
}

/** A run as a job: chooses its engine, does the phases that are left, and tells the windows. */
export class RunJob implements JobWork {
  readonly kind = 'run';
  readonly project: string;
  readonly title: string;
  readonly until?: Phase;
  private readonly stopper = new AbortController();
  private readonly control = new PipelineControl();
  private engine: LaunchEngine | null = null;

  constructor(
    private readonly context: HostContext,
    private readonly opened: OpenProject,
    readonly run: string,
    private readonly options: RunJobOptions,
  ) {
    this.project = opened.folder;
    this.title = run;
    this.until = options.until;
  }

  async start(job: Job): Promise<unknown> {
    const { context, opened, run: id, stopper, options } = this;
    const { store } = opened;
    const release = opened.retain();
    try {
      await context.runWorkers.endRun(opened.folder, id);
      await context.runWorkers.makeRoom();
      await this.prepare(job);
      const digest = await runPipeline({
        store,
        run: store.run(id),
        engine: this.engine!,
        until: options.until,
        signal: stopper.signal,
        control: this.control,
        onEvent: (event) => this.follow(job, event),
        workerPath: context.options.workerPath,
        launch: context.launcher(),
        wayOut: WAY_OUT,
      });
      return { digest };
    } catch (error) {
      this.keepReason(error);
      throw error;
    } finally {
      release();
      opened.touch(id);
    }
  }

  pause(): void {
    this.control.pause();
  }

  resume(): void {
    this.control.resume();
  }

  snapshot(): void {
    this.control.snapshot();
  }

  stop(keep: boolean): void {
    if (keep) this.control.finish();
    else this.stopper.abort();
  }

  /** The engine, and a run that fits it. */
  private async prepare(job: Job): Promise<void> {
    const { context, opened, run: id, stopper, options } = this;
    const { store } = opened;
    const before = store.run(id);
    const begun = lastTouched(store, before) !== null && options.from !== 'pretrain';
    const onProgress: OnProgress = ({ step, done, total, unit }) => job.tell({ unit, done, total, note: step });
    const engine = begun
      ? await context.engines.choose(before.engine.executor, onProgress, stopper.signal, before.engine.version)
      : await context.engines.choose(before.recipe.engine.executor, onProgress, stopper.signal);
    if (engine.notice && !begun) {
      context.hub.post({ type: 'notice', level: 'warn', text: engine.notice, project: opened.folder, run: id });
      store.log(id, engine.notice);
    }
    this.engine = engine;
    const { from, recipe = before.recipe } = options;
    if (begun) assertSameRun(before, recipe, engine, from && options.recipe ? phaseBefore(from) : undefined);
    prepareRun(store, before, { recipe, engine, from });
    if (!begun) store.setEngine(id, { executor: engine.executor, version: engine.version }, fingerprintOf(recipe, engine));
    opened.touch(id);
    if (stopper.signal.aborted || this.control.finishing) throw new WorkbenchError('stopped', `Stopped: ${WAY_OUT}.`);
  }

  /** What happens before the pipeline is not noted by it. */
  private keepReason(error: unknown): void {
    const { store } = this.opened;
    const payload = toErrorPayload(error);
    try {
      if (store.run(this.run).state !== 'running' && payload.code !== 'stopped') store.setRunState(this.run, 'failed', payload);
    } catch {
      // the job tells the reason; the store cannot
    }
  }

  private follow(job: Job, event: PipelineEvent): void {
    const { context, opened, run } = this;
    const place = { project: opened.folder, run };
    switch (event.type) {
      case 'phase':
        job.enter(event.phase);
        if (event.phase === 'search') context.explored.forget(opened.folder, run);
        opened.touch(run);
        break;
      case 'phase-done':
      case 'opened':
        opened.touch(run);
        break;
      case 'progress': {
        const { unit, done, total, note } = event.progress;
        job.working();
        job.tell({ unit, done, total, note });
        break;
      }
      case 'metrics':
        context.hub.metrics({ ...place, points: event.points, time: event.time });
        break;
      case 'log':
        context.hub.post({ type: 'log', ...place, lines: [{ time: new Date().toISOString(), text: event.text }] });
        opened.touchLater(run);
        break;
      case 'unit':
        opened.touchLater(run);
        break;
      case 'paused':
      case 'resumed':
        job.held(event.type === 'paused');
        break;
      case 'checkpoint':
        job.checkpointed(event.step);
        break;
      case 'search-points':
        context.explored.add(opened.folder, run, event.round);
        context.hub.post({ type: 'search', ...place, rounds: [event.round] });
        break;
      case 'vitals':
        job.working();
        job.vitals(event.rss);
        break;
      default:
        break;
    }
  }
}
