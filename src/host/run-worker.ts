import { eqnet } from '../shared/contract/command-line.ts';
import { WorkbenchError } from '../shared/contract/errors.ts';
import type {
  EvaluateRequest,
  EvaluateResult,
  PredictResult,
  Sample,
  SearchPhaseResult,
  SearchRequest,
  WorkerMessage,
  WorkerOptions,
} from '../shared/contract/job-protocol.ts';
import type { SensitivityView } from '../shared/contract/look.ts';
import type { Configuration } from '../shared/schema/configuration.ts';
import type { LaunchEngine } from './engine-choice.ts';
import { modelFolder } from './models.ts';
import type { ProjectStore } from './project-store.ts';
import type { RunRecord } from './run-record.ts';
import type { WorkerLauncher } from './worker-launcher.ts';
import { WorkerProcess } from './worker-process.ts';

/** What a worker has to know to open a run. */
export function workerOptions(store: ProjectStore, run: RunRecord, engine: LaunchEngine): WorkerOptions {
  return {
    recipe: run.recipe,
    runDirectory: store.runDirectory(run.id),
    models: modelFolder(store.folder),
    fingerprint: run.guard,
    engine: {
      executor: engine.executor,
      addonPath: engine.addonPath,
      opsPath: engine.opsPath,
      threads: run.opened?.engine.threads ?? run.recipe.engine.threads,
    },
  };
}

/**
 * The measured configurations of a run, which train its predictor.
 * @throws WorkbenchError `usage` while there are none
 */
export function samplesOf(store: ProjectStore, run: RunRecord): Sample[] {
  const samples = store.result(run.id, 'sample')?.samples;
  if (samples) return samples;
  throw new WorkbenchError(
    'usage',
    `Run ${run.id} has no measured configurations to train a predictor with: finish it with '${eqnet(`run RECIPE --project ${store.folder} --resume`)}'.`,
  );
}

export interface RunWorkerOptions {
  store: ProjectStore;
  run: RunRecord;
  engine: LaunchEngine;
  workerPath?: string;
  launch?: WorkerLauncher;
  /** end of the sentence when it is stopped or dies */
  wayOut: string;
  onMessage?: (message: WorkerMessage) => void;
}

/** A worker that has a trained run open and answers questions about it, one at a time. */
export class RunWorker {
  private constructor(readonly process: WorkerProcess) {}

  /** @param signal ends the worker at once, also later */
  static async open(options: RunWorkerOptions, signal?: AbortSignal): Promise<RunWorker> {
    const { store, run, engine, workerPath, launch, wayOut, onMessage } = options;
    if (signal?.aborted) throw new WorkbenchError('stopped', `Stopped: ${wayOut}.`);
    const worker = new WorkerProcess({ workerPath, launch, wayOut, onMessage });
    const cancel = () => worker.cancel();
    signal?.addEventListener('abort', cancel);
    try {
      await worker.request({ type: 'open', options: workerOptions(store, run, engine) }, 'opened');
      return new RunWorker(worker);
    } catch (error) {
      await worker.close();
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  async evaluate(request: EvaluateRequest): Promise<EvaluateResult> {
    return (await this.process.request({ type: 'evaluate', request }, 'evaluated')).result;
  }

  async search(request: SearchRequest): Promise<SearchPhaseResult> {
    return (await this.process.request({ type: 'search', request }, 'searched')).result;
  }

  async predict(configurations: Configuration[], samples: Sample[]): Promise<PredictResult> {
    return (await this.process.request({ type: 'predict', request: { configurations, samples } }, 'predicted')).result;
  }

  async sensitivity(): Promise<SensitivityView> {
    return (await this.process.request({ type: 'sensitivity' }, 'sensitivity')).result;
  }

  close(): Promise<void> {
    return this.process.close();
  }
}
