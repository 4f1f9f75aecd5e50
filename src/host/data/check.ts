import type { DataCacheView, DataReport } from '../../shared/contract/data-report.ts';
import type { LookRequest, LookResults, Progress } from '../../shared/contract/job-protocol.ts';
import { recipeSchema, type Recipe } from '../../shared/schema/recipe.ts';
import type { WorkerLauncher } from '../worker-launcher.ts';
import { WorkerProcess } from '../worker-process.ts';

/** What can be said of the user's own images; the rest of a recipe's `data` keeps its defaults. */
export type DataWish = Partial<Pick<Recipe['data'], 'format' | 'size' | 'channels' | 'resize' | 'split' | 'skipCorrupt'>> & {
  root: string;
};

export interface DataWorkOptions {
  workerPath?: string;
  launch?: WorkerLauncher;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** The data section that a wish means. */
export function dataRecipe(wish: DataWish): Recipe['data'] {
  return recipeSchema.shape.data.parse({ ...wish, dataset: 'files' });
}

const WAY_OUT = 'nothing was changed, try again';

async function askOnce<K extends 'data' | 'data-cache'>(
  request: Extract<LookRequest, { kind: K }>,
  { workerPath, launch, signal, onProgress }: DataWorkOptions,
): Promise<LookResults[K]> {
  const worker = new WorkerProcess({
    workerPath,
    launch,
    wayOut: WAY_OUT,
    onMessage: (message) => {
      if (message.type === 'progress') onProgress?.(message.progress);
    },
  });
  const stop = () => worker.stop();
  signal?.addEventListener('abort', stop);
  try {
    const { result } = await worker.request({ type: 'look', request }, 'looked');
    return result as LookResults[K];
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.close();
  }
}

/**
 * Looks at every image of a data set, in a worker of its own.
 * @param keep whether the decoded images go into the cache; then everything a run would refuse is an error
 * @throws WorkbenchError `data-invalid`, `disk-full`, `stopped`
 */
export function checkData(data: Recipe['data'], keep: boolean, options: DataWorkOptions): Promise<DataReport> {
  return askOnce({ kind: 'data', data, keep }, options);
}

/** What lies in the cache of decoded images; `clear` takes one entry or all of them out first, `limit` sets how much it may take. */
export function dataCache(
  { clear, limit }: { clear?: { key: string } | 'all'; limit?: number | null },
  options: DataWorkOptions,
): Promise<DataCacheView> {
  return askOnce({ kind: 'data-cache', clear, limit }, options);
}
