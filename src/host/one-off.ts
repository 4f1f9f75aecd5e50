import { eqnet } from '../shared/contract/command-line.ts';
import { WorkbenchError } from '../shared/contract/errors.ts';
import type {
  EvaluateRequest,
  EvaluateResult,
  OpenedInfo,
  Progress,
  SearchPhaseResult,
  SearchRequest,
  WorkerMessage,
} from '../shared/contract/job-protocol.ts';
import type { LaunchEngine } from './engine-choice.ts';
import type { ProjectStore } from './project-store.ts';
import type { RunRecord } from './run-record.ts';
import { RunWorker, samplesOf } from './run-worker.ts';

/** What a measurement or search on a finished supernet runs with. */
export interface OneOffOptions {
  store: ProjectStore;
  run: RunRecord;
  engine: LaunchEngine;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
  workerPath?: string;
}

/**
 * The run to use: the named one, or the latest whose supernet is trained.
 * @throws WorkbenchError `usage` when there is none, or the named one is not so far
 */
export function trainedRun(store: ProjectStore, id?: string): RunRecord & { opened: OpenedInfo } {
  const trained = (run: RunRecord) => run.opened !== null && store.result(run.id, 'supernet') !== null;
  const run = id === undefined ? store.runs().findLast(trained) : store.run(id);
  if (run && trained(run)) return run as RunRecord & { opened: OpenedInfo };
  const which = run ? `Run ${run.id} has` : `Project ${store.folder} has`;
  throw new WorkbenchError('usage', `${which} no trained supernet yet: train one with '${eqnet(`run RECIPE --project ${store.folder}`)}'.`);
}

/** The run that is named, or the newest one, with a trained float network. @throws WorkbenchError `usage` without one */
export function floatRun(store: ProjectStore, id?: string): RunRecord {
  const trained = (run: RunRecord) => store.result(run.id, 'pretrain') !== null;
  const run = id === undefined ? store.runs().findLast(trained) : store.run(id);
  if (run && trained(run)) return run;
  const which = run ? `Run ${run.id} has` : `Project ${store.folder} has`;
  const way = eqnet(`run RECIPE --project ${store.folder} --until pretrain`);
  throw new WorkbenchError('usage', `${which} no trained float network yet: train one with '${way}'.`);
}

/** Nothing of it is stored before it is done. */
const WAY_OUT = 'nothing was changed, run the same command again';

async function withWorker<T>(options: OneOffOptions, action: (worker: RunWorker) => Promise<T>): Promise<T> {
  const { store, run, engine, signal, workerPath } = options;
  const onMessage = (message: WorkerMessage) => {
    if (message.type === 'progress') options.onProgress?.(message.progress);
  };
  const worker = await RunWorker.open({ store, run, engine, workerPath, wayOut: WAY_OUT, onMessage }, signal);
  const cancel = () => worker.process.cancel();
  signal?.addEventListener('abort', cancel);
  try {
    return await action(worker);
  } finally {
    signal?.removeEventListener('abort', cancel);
    await worker.close();
  }
}

/** Measures, and when asked exports, one configuration on the trained supernet of a run. */
export function evaluateOnce(options: OneOffOptions, request: EvaluateRequest): Promise<EvaluateResult> {
  return withWorker(options, (worker) => worker.evaluate(request));
}

/**
 * Searches one target with the predictor that the run's samples train.
 * @throws WorkbenchError `usage` when the run has no samples yet
 */
export async function searchOnce(options: OneOffOptions, target: Omit<SearchRequest, 'samples'>): Promise<SearchPhaseResult> {
  const samples = samplesOf(options.store, options.run);
  return withWorker(options, (worker) => worker.search({ ...target, samples }));
}
