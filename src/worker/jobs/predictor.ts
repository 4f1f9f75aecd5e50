import type { PhaseInputs, PredictorResult, Sample } from '../../shared/contract/job-protocol.ts';
import { trainPredictor } from '../predictor/cqap.ts';
import type { RunContext } from './context.ts';

export const PREDICTOR_CHECKPOINT = 'predictor';

/** Fits the accuracy predictor to the measured configurations of a run. */
export function fitPredictor(context: RunContext, samples: readonly Sample[]): ReturnType<typeof trainPredictor> {
  const { recipe, layout, reporter } = context;
  const of = (split: 'train' | 'heldOut', repeat: 0 | 1) => samples.filter((unit) => unit.split === split && unit.repeat === repeat);
  return trainPredictor({
    predictor: recipe.predictor,
    facts: layout.facts,
    train: of('train', 0),
    heldOut: of('heldOut', 0),
    repeats: of('heldOut', 1),
    seed: recipe.seed,
    ...context.predictorEngine(),
    onProgress: ({ epoch, epochs, loss }) =>
      reporter.report({ phase: 'predictor', unit: 'epoch', done: epoch, total: epochs, note: `loss ${loss.toFixed(3)}` }),
    checkStop: context.breathe,
  });
}

/** Fits the accuracy predictor and keeps it as a checkpoint. */
export async function predictor(context: RunContext, { samples }: PhaseInputs['predictor']): Promise<PredictorResult> {
  const { weights, result } = await fitPredictor(context, samples);
  context.checkpoints.save(PREDICTOR_CHECKPOINT, { tensors: weights, step: context.recipe.predictor.epochs, done: true });
  return result;
}
