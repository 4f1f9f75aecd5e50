import { parentPort, workerData } from 'node:worker_threads';
import { toErrorPayload } from '../../shared/contract/errors.ts';
import { serveRing, type BatchPlan, type BatchRing } from './batch-ring.ts';
import type { ImageSet } from './dataset.ts';

/** What a thread is started with; every typed array in it lies on shared memory. */
export interface BatchThreadData {
  readonly set: ImageSet;
  readonly plan: BatchPlan;
  readonly ring: BatchRing;
  /** 0 .. ring.threads-1 */
  readonly thread: number;
}

const { set, plan, ring, thread } = workerData as BatchThreadData;
try {
  serveRing(set, plan, ring, thread);
} catch (error) {
  parentPort?.postMessage(toErrorPayload(error));
}
