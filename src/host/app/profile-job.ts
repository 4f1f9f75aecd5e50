import type { Recipe } from '../../shared/schema/recipe.ts';
import { modelFolder } from '../models.ts';
import { profileStep } from '../profile.ts';
import type { HostContext } from './context.ts';
import type { Job } from './job.ts';
import type { OpenProject } from './open-project.ts';
import { engineOf } from './runs.ts';
import { workerJob } from './worker-job.ts';

/** Measures a training step of a recipe; the job's result is a `StepProfile`. */
export function profileJob(context: HostContext, project: OpenProject, wanted: Recipe, repeat: number): Job {
  const recipe = { ...wanted, engine: engineOf(context, wanted) };
  return workerJob(context, project, { kind: 'profile', title: `Profile of ${recipe.name}`, awaited: true }, async (options, job) => {
    const engine = await context.engines.choose(
      recipe.engine.executor,
      ({ step, done, total, unit }) => job.tell({ unit, done, total, note: step }),
      options.signal ?? new AbortController().signal,
    );
    return profileStep({ recipe, models: modelFolder(project.folder), engine, repeat }, options);
  });
}
