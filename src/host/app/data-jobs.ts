import type { Progress } from '../../shared/contract/job-protocol.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { adoptData } from '../data/adopt.ts';
import { checkData, dataRecipe, type DataWish } from '../data/check.ts';
import type { HostContext } from './context.ts';
import type { Job, JobWork } from './job.ts';
import type { OpenProject } from './open-project.ts';

/** The data section of a wish whose path may be served. */
function served(context: HostContext, wish: DataWish): Recipe['data'] {
  const stated = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
  return dataRecipe({ ...(stated as unknown as DataWish), root: context.guard.check(wish.root) });
}

/** A job that looks at every image of a data set, in a light worker of its own, so that it can be stopped. */
function dataJob(
  context: HostContext,
  title: string,
  project: OpenProject | null,
  work: (options: Parameters<typeof checkData>[2]) => Promise<unknown>,
): JobWork {
  const stopper = new AbortController();
  return {
    kind: 'data',
    project: project?.folder ?? null,
    run: null,
    title,
    start: async (job: Job) => {
      const release = project?.retain();
      job.working();
      const onProgress = ({ unit, done, total, note }: Progress) => job.tell({ unit, done, total, note });
      try {
        const { workerPath } = context.options;
        return await work({ workerPath, launch: context.launcher(), signal: stopper.signal, onProgress });
      } finally {
        release?.();
      }
    },
    stop: () => stopper.abort(),
  };
}

/** Looks at a data set and changes nothing. */
export function checkDataSet(context: HostContext, wish: DataWish): Job {
  const data = served(context, wish);
  return context.jobs.add(dataJob(context, `Check of ${data.root}`, null, (options) => checkData(data, false, options)));
}

/** Decodes a data set and makes it that of the project's draft, as the draft is when the images are ready. */
export function addDataSet(context: HostContext, project: OpenProject, wish: DataWish): Job {
  const data = served(context, wish);
  const work = dataJob(context, `Images of ${data.root}`, project, async (options) => {
    const report = await checkData(data, true, options);
    const { draft } = project;
    const { recipe, lowered } = adoptData(draft.recipe, data, report);
    draft.save(recipe, draft.revision);
    project.touch();
    return { report, lowered };
  });
  return context.jobs.add(work);
}
