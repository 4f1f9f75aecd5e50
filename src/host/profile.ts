import type { StepProfile } from '../shared/contract/profile.ts';
import type { Recipe } from '../shared/schema/recipe.ts';
import type { LaunchEngine } from './engine-choice.ts';
import { withLoneWorker, type LoneWorkerOptions } from './lone-worker.ts';

export interface ProfileWish {
  recipe: Recipe;
  /** the imported networks of the project */
  models?: string;
  engine: LaunchEngine;
  repeat: number;
}

/**
 * Measures a training step of a recipe in a process of its own; nothing is stored.
 * @throws WorkbenchError `recipe-invalid` where the batch does not fit into memory, `usage` on a GPU, `model-invalid`, `data-invalid`, `stopped`
 */
export function profileStep({ recipe, models, engine, repeat }: ProfileWish, options: LoneWorkerOptions = {}): Promise<StepProfile> {
  const { executor, addonPath, opsPath } = engine;
  const request = { recipe, models, repeat, engine: { executor, addonPath, opsPath, threads: recipe.engine.threads } };
  return withLoneWorker(options, async (worker) => (await worker.request({ type: 'profile', request }, 'profiled')).result);
}
