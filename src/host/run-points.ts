import type { OpenedInfo } from '../shared/contract/job-protocol.ts';
import type { QuantizationPoint } from '../shared/domain/layer-graph.ts';
import type { RunRecord } from './run-record.ts';
import { WorkerProcess } from './worker-process.ts';

/**
 * Where a run's network quantizes activations. Runs of before this was stored with them ask a worker, which derives it from
 * the recipe in about a second.
 */
export async function runPoints(run: RunRecord & { opened: OpenedInfo }, workerPath?: string): Promise<readonly QuantizationPoint[]> {
  if (run.opened.points) return run.opened.points;
  const worker = new WorkerProcess({ workerPath, wayOut: 'nothing was changed, run the same command again' });
  try {
    const { result } = await worker.request({ type: 'look', request: { kind: 'network', recipe: run.recipe } }, 'looked');
    if ('points' in result) return result.points;
    throw new Error('The worker answered another question than which network it is.');
  } finally {
    await worker.close();
  }
}
