import type { DownloadView } from '../../shared/contract/data-report.ts';
import type { Progress } from '../../shared/contract/job-protocol.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { adoptData } from '../data/adopt.ts';
import { checkData, dataRecipe, type DataWish } from '../data/check.ts';
import { DOWNLOADS } from '../download/catalogue.ts';
import { bytesOf, download, findDownload } from '../download/download.ts';
import { cacheDirectory, dataSetsDirectory } from '../engine/cache-dir.ts';
import type { HostContext } from './context.ts';
import type { Job, JobWork } from './job.ts';
import type { OpenProject } from './open-project.ts';

/** The data section of a wish whose path may be served. */
function served(context: HostContext, wish: DataWish): Recipe['data'] {
  const stated = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
  return dataRecipe({ ...(stated as unknown as DataWish), root: context.guard.check(wish.root) });
}

interface WorkOptions {
  signal: AbortSignal;
  onProgress: (progress: Pick<Progress, 'unit' | 'done' | 'total'>) => void;
}

/** A job on a data set that can be stopped. */
function dataJob(title: string, project: OpenProject | null, work: (options: WorkOptions) => Promise<unknown>): JobWork {
  const stopper = new AbortController();
  return {
    kind: 'data',
    project: project?.folder ?? null,
    run: null,
    title,
    start: async (job: Job) => {
      const release = project?.retain();
      job.working();
      try {
        return await work({ signal: stopper.signal, onProgress: ({ unit, done, total }) => job.tell({ unit, done, total }) });
      } finally {
        release?.();
      }
    },
    stop: () => stopper.abort(),
  };
}

/** Every image is looked at in a light worker of its own. */
const workerOf = (context: HostContext) => ({ workerPath: context.options.workerPath, launch: context.launcher() });

/** Looks at a data set and changes nothing. */
export function checkDataSet(context: HostContext, wish: DataWish): Job {
  const data = served(context, wish);
  const work = dataJob(`Check of ${data.root}`, null, (options) => checkData(data, false, { ...workerOf(context), ...options }));
  return context.jobs.add({ ...work, awaited: true });
}

/** Decodes a data set and makes it that of the project's draft, as the draft is when the images are ready. */
export function addDataSet(context: HostContext, project: OpenProject, wish: DataWish): Job {
  const data = served(context, wish);
  const work = dataJob(`Images of ${data.root}`, project, async (options) => {
    const report = await checkData(data, true, { ...workerOf(context), ...options });
    const { draft } = project;
    const { recipe, lowered } = adoptData(draft.recipe, data, report);
    draft.save(recipe, draft.revision);
    project.touch();
    return { report, lowered };
  });
  return context.jobs.add(work);
}

/** What can be fetched. */
export const downloadViews = (): DownloadView[] =>
  DOWNLOADS.map((entry) => {
    const { name, title, licence, about, files } = entry;
    return { name, title, licence, about, files: files.map((file) => ({ ...file })), bytes: bytesOf(entry) };
  });

/** Fetches a data set into a folder, by default one of this user account. */
export function downloadDataSet(context: HostContext, { name, folder }: { name: string; folder?: string }): Job {
  const wanted = findDownload(name);
  const place = folder === undefined ? dataSetsDirectory(cacheDirectory()) : context.guard.check(folder);
  const work = dataJob(wanted.title, null, async ({ signal, onProgress }) => ({
    path: await download(wanted, place, { signal, onProgress: (done, total) => onProgress({ unit: 'bytes', done, total }) }),
  }));
  return context.jobs.add(work);
}
