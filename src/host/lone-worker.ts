import { WorkbenchError } from '../shared/contract/errors.ts';
import type { Progress, WorkerMessage } from '../shared/contract/job-protocol.ts';
import type { WorkerLauncher } from './worker-launcher.ts';
import { WorkerProcess } from './worker-process.ts';

export interface LoneWorkerOptions {
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
  /** bytes of memory that the worker takes, about once a second */
  onVitals?: (rss: number) => void;
  workerPath?: string;
  launch?: WorkerLauncher;
}

const WAY_OUT = 'nothing was changed, try again';

/** A worker of its own for one request that needs no run; ends it at once when asked to stop. @throws WorkbenchError `stopped`, `worker-died` */
export async function withLoneWorker<T>(
  { signal, onProgress, onVitals, workerPath, launch }: LoneWorkerOptions,
  action: (worker: WorkerProcess) => Promise<T>,
): Promise<T> {
  const onMessage = (message: WorkerMessage) => {
    if (message.type === 'progress') onProgress?.(message.progress);
    else if (message.type === 'vitals') onVitals?.(message.rss);
  };
  if (signal?.aborted) throw new WorkbenchError('stopped', `Stopped: ${WAY_OUT}.`);
  const worker = new WorkerProcess({ workerPath, launch, wayOut: WAY_OUT, onMessage });
  const cancel = () => worker.cancel();
  signal?.addEventListener('abort', cancel);
  try {
    return await action(worker);
  } finally {
    signal?.removeEventListener('abort', cancel);
    await worker.close();
  }
}
