import { deriveSeed } from '../../shared/domain/random.ts';
import { BatchSource } from '../data/batch-source.ts';
import type { RunContext } from './context.ts';

/** The batches of a training phase; that of `step` is prepared from now on, while the engine gets ready. */
export function batchesOf({ recipe, data }: RunContext, phase: 'pretrain' | 'supernet', step: number): BatchSource {
  const source = new BatchSource(data.train, {
    batch: recipe[phase].batch,
    seed: deriveSeed(recipe.seed, `${phase}/batches`),
    shift: recipe.data.shift,
    augment: recipe.data.augment,
  });
  source.start(step);
  return source;
}
