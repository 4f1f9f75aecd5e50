import type { PretrainResult } from '../../shared/contract/job-protocol.ts';
import { deriveSeed } from '../../shared/domain/random.ts';
import { BatchSource } from '../data/batch-source.ts';
import { evaluateFloat } from '../supernet/evaluator.ts';
import { cosineRate, stepsOf } from '../supernet/schedule.ts';
import { floatStep } from '../supernet/trainer.ts';
import type { RunContext } from './context.ts';
import { isStop, requireFiniteLoss } from './training-guards.ts';

/**
 * Trains the float network: Adam, cosine rate; from random weights or those of an imported network, which 0 epochs leave
 * as they are. Resumes at the step of its last checkpoint.
 */
export async function pretrain(context: RunContext): Promise<PretrainResult> {
  const { recipe, data, reporter, control, layout } = context;
  const executor = await context.executor();
  const { classes } = layout.graph;
  const total = stepsOf(recipe.pretrain.epochs, data.train.count, recipe.pretrain.batch);
  const checkpoint = context.checkpoints.load('pretrain');
  let step = 0;
  if (checkpoint) {
    await context.restore(checkpoint, 'pretrain');
    step = checkpoint.step;
  } else await executor.write(context.firstParameters());
  const prepare = () =>
    new BatchSource(data.train, {
      batch: recipe.pretrain.batch,
      seed: deriveSeed(recipe.seed, 'pretrain/batches'),
      shift: recipe.data.shift,
      augment: recipe.data.augment,
    });
  const source = step < total ? prepare() : null;
  const save = (done: boolean) => context.saveState('pretrain', step, done);
  control.train({ save: () => save(false) });
  let saved = performance.now();
  try {
    // A training that a person ended early is done at whatever step that was.
    let going = !checkpoint?.done;
    while (going && source && step < total) {
      const loss = await floatStep(executor, recipe, classes, await source.next(step), step, total);
      requireFiniteLoss(loss, 'pretrain', step);
      reporter.metric('pretrain/loss', step, loss);
      reporter.metric('pretrain/rate', step, cosineRate(recipe.pretrain.learningRate, step, total));
      step++;
      reporter.report({ phase: 'pretrain', unit: 'step', done: step, total, note: `loss ${loss.toFixed(3)}` });
      if (performance.now() - saved > recipe.supernet.checkpointSeconds * 1000) {
        await save(false);
        saved = performance.now();
      }
      going = await control.stepBorder();
    }
    await save(true);
    control.trained();
  } catch (error) {
    if (isStop(error)) await save(false);
    throw error;
  } finally {
    await source?.close();
  }
  const testAccuracy = await evaluateFloat(executor, data.test, classes, recipe.evaluation.batch, context.breathe);
  reporter.metric('pretrain/test-accuracy', step, testAccuracy);
  return { steps: step, testAccuracy };
}
