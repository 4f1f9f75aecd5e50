import type { PretrainResult } from '../../shared/contract/job-protocol.ts';
import { evaluateFloat } from '../supernet/evaluator.ts';
import { cosineRate, stepsOf } from '../supernet/schedule.ts';
import { floatStep } from '../supernet/trainer.ts';
import { batchesOf } from './batches.ts';
import type { RunContext } from './context.ts';
import { StepClock } from './step-clock.ts';
import { isStop, requireFiniteLoss } from './training-guards.ts';

/**
 * Trains the float network: Adam, cosine rate; from random weights or those of an imported network, which 0 epochs leave
 * as they are. Resumes at the step of its last checkpoint.
 */
export async function pretrain(context: RunContext): Promise<PretrainResult> {
  const { recipe, data, reporter, control } = context;
  const total = stepsOf(recipe.pretrain.epochs, data.train.count, recipe.pretrain.batch);
  const checkpoint = context.checkpoints.load('pretrain');
  let step = checkpoint?.step ?? 0;
  // A training that a person ended early is done at whatever step that was.
  let going = !checkpoint?.done && step < total;
  const source = going ? batchesOf(context, 'pretrain', step) : null;
  const clock = new StepClock('pretrain', reporter, () => (source?.waitedMs ?? 0) + context.feedMilliseconds());
  const save = (done: boolean) => context.saveState('pretrain', step, done);
  control.train({ save: () => save(false) });
  let saved = performance.now();
  try {
    const executor = await context.executor();
    if (checkpoint) await context.restore(checkpoint, 'pretrain');
    else await executor.write(context.firstParameters());
    while (going && source && step < total) {
      const loss = await clock.step(step, async () => floatStep(executor, recipe, await source.next(step), step, total));
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
    clock.end();
    await source?.close();
  }
  const { classes } = context.layout.graph;
  const testAccuracy = await evaluateFloat(await context.executor(), data.test, classes, recipe.evaluation.batch, context.breathe);
  reporter.metric('pretrain/test-accuracy', step, testAccuracy);
  return { steps: step, testAccuracy };
}
