import type { Phase } from '../shared/contract/job-protocol.ts';
import type { Recipe } from '../shared/schema/recipe.ts';
import type { LaunchEngine } from './engine-choice.ts';
import { fingerprintOf } from './fingerprint.ts';
import { prepareRun, runPipeline, type PipelineEvent } from './pipeline.ts';
import { ProjectStore } from './project-store.ts';
import { planRun, type RunPlan } from './run-plan.ts';
import { reportRun, type RunReport } from './project-report.ts';

export interface RunRecipeOptions {
  project: string;
  recipe: Recipe;
  engine: LaunchEngine;
  resume?: boolean;
  from?: Phase;
  /** The last phase to do; all when left out. */
  until?: Phase;
  signal?: AbortSignal;
  onPlan?: (plan: RunPlan['kind'], run: string) => void;
  onEvent?: (event: PipelineEvent) => void;
  workerPath?: string;
}

/**
 * Runs a recipe in a project, from the start or from where an earlier session ended, and closes the project again. With phases left
 * after `until` the run that comes back is `stopped`.
 * @throws WorkbenchError everything that can go wrong, `stopped` included; the project can be resumed
 */
export async function runRecipe(options: RunRecipeOptions): Promise<RunReport> {
  const { recipe, engine, from, until, signal, onEvent, workerPath } = options;
  const store = await ProjectStore.open(options.project);
  try {
    const { kind, run: planned } = planRun(store, { recipe, engine, resume: options.resume ?? false, from });
    const { executor, version } = engine;
    const run = planned ?? store.createRun(recipe, fingerprintOf(recipe, engine), { executor, version });
    options.onPlan?.(kind, run.id);
    if (kind !== 'finished') {
      prepareRun(store, run, { recipe, engine, from });
      await runPipeline({ store, run: store.run(run.id), engine, until, signal, onEvent, workerPath });
    }
    return reportRun(store, store.run(run.id));
  } finally {
    store.close();
  }
}
