import type { SupernetResult } from '../../shared/contract/job-protocol.ts';
import { parseForm, type FormKey } from '../../shared/domain/form.ts';
import { nearestUniform } from '../../shared/domain/layer-space.ts';
import { functionNames, TABLE_NAMES } from '../supernet/program-scope.ts';
import { stepsOf } from '../supernet/schedule.ts';
import { elasticStep, type StepRecord } from '../supernet/trainer.ts';
import { batchesOf } from './batches.ts';
import type { RunContext } from './context.ts';
import { stepDrift } from './step-drift.ts';
import { StepClock } from './step-clock.ts';
import { isStop, requireFiniteLoss } from './training-guards.ts';

/** Layer statistics change slowly; every tenth step draws the same curve with a tenth of the points. */
const LAYER_METRIC_EVERY = 10;

/** Mean over the layers that WDR regularizes: all but the first (eqnet-spec section 3). */
function meanOfRegularized(values: Float32Array, term: (value: number) => number): number {
  const counted = values.subarray(1);
  return counted.reduce((sum, value) => sum + term(value), 0) / counted.length;
}

function record(context: RunContext, step: number, result: StepRecord): void {
  const { recipe, reporter, layout } = context;
  const names: Record<string, number> = {};
  const sparse = step % LAYER_METRIC_EVERY === 0;
  for (const { role, loss, crossEntropy, divergence, milliseconds } of result.passes) {
    const count = (names[role] = (names[role] ?? 0) + 1);
    const label = count > 1 ? `${role}-${count}` : role;
    reporter.metric(`supernet/${label}/loss`, step, loss);
    reporter.metric(`supernet/${label}/cross-entropy`, step, crossEntropy);
    if (role !== 'highest') reporter.metric(`supernet/${label}/divergence`, step, divergence);
    if (sparse) reporter.metric(`supernet/ms/${label}`, step, milliseconds);
  }
  const { target } = recipe.supernet.wdr;
  reporter.metric('supernet/wdr', step, result.wdrLoss);
  reporter.metric(
    'supernet/wdr-skewness',
    step,
    meanOfRegularized(result.skewness, (value) => value ** 2),
  );
  reporter.metric(
    'supernet/wdr-kurtosis',
    step,
    meanOfRegularized(result.kurtosis, (value) => (value - target) ** 2),
  );
  reporter.metric('supernet/rate', step, result.rate);
  if (!sparse) return;
  reporter.metric('supernet/ms/update', step, result.updateMilliseconds);
  layout.facts.forEach(({ name }, i) => {
    reporter.metric(`supernet/skewness/${name}`, step, result.skewness[i]);
    reporter.metric(`supernet/kurtosis/${name}`, step, result.kurtosis[i]);
  });
  reporter.metric('engine/rss', step, process.memoryUsage.rss());
}

/** Accuracy at every bit-width of the network, on validation images; layers that do not allow it take their nearest allowed one. */
async function measureBits(context: RunContext, step: number): Promise<void> {
  const { recipe, layout, data, reporter } = context;
  const evaluator = await context.evaluator();
  try {
    for (const bits of recipe.space.weightBits) {
      if (!recipe.space.activationBits.includes(bits)) continue;
      const form = parseForm(recipe.evaluation.gridForms[0] as FormKey);
      const configuration = nearestUniform(recipe.space, layout.facts, layout.points, bits, form);
      const options = {
        recalibrationImages: recipe.evaluation.recalibrationImages,
        images: recipe.supernet.evaluateImages,
        onBatch: context.breathe,
      };
      reporter.metric(`supernet/accuracy/${bits}`, step, (await evaluator.measure(configuration, data.validation, options)).accuracy);
    }
  } finally {
    // the weights it knows are old with the next step
    evaluator.releaseMemory();
  }
}

/** Trains the weight-sharing supernet. Resumes at the step of its last checkpoint. */
export async function supernet(context: RunContext): Promise<SupernetResult> {
  const { recipe, data, reporter, control, layout } = context;
  const { epochs, batch, evaluateEvery, checkpointSeconds } = recipe.supernet;
  const total = stepsOf(epochs, data.train.count, batch);
  const initial = context.checkpoints.load('calibrate');
  const checkpoint = context.checkpoints.load('supernet');
  let step = checkpoint?.step ?? 0;
  // A training that a person ended early is done at whatever step that was.
  let going = !checkpoint?.done && step < total;
  const source = going ? batchesOf(context, 'supernet', step) : null;
  const clock = new StepClock('supernet', reporter, () => (source?.waitedMs ?? 0) + context.feedMilliseconds());
  const save = async (done: boolean) => context.saveState('supernet', step, done);
  control.train({ save: () => save(false) });
  let saved = performance.now();
  try {
    const executor = await context.executor();
    if (checkpoint) await context.restore(checkpoint, 'supernet');
    else await context.stateOf('calibrate');
    while (going && source && step < total) {
      const result = await clock.step(step, async () =>
        elasticStep(executor, layout, recipe, await source.next(step), step, total, control.insideStep),
      );
      requireFiniteLoss(result.wdrLoss + result.passes.reduce((sum, pass) => sum + pass.loss, 0), 'supernet', step);
      record(context, step, result);
      step++;
      const note = result.passes.map((pass) => `${pass.role[0].toUpperCase()} ${pass.crossEntropy.toFixed(3)}`).join(' ');
      reporter.report({ phase: 'supernet', unit: 'step', done: step, total, note });
      if (evaluateEvery && step % evaluateEvery === 0 && step < total) await measureBits(context, step);
      if (performance.now() - saved > checkpointSeconds * 1000) {
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
  // Behind the last checkpoint, so that a run interrupted here measures the rest when it is resumed.
  await measureBits(context, step);
  const coefficients = { skewness: Float32Array.of(0), kurtosis: Float32Array.of(0), target: Float32Array.of(recipe.supernet.wdr.target) };
  const executor = await context.executor();
  const moments = await executor.run(functionNames.moments, coefficients, ['skewness', 'kurtosis']);
  const after = (await executor.read([TABLE_NAMES.steps])).get(TABLE_NAMES.steps) as Float32Array;
  const before = initial?.tensors.get(TABLE_NAMES.steps) as Float32Array | undefined;
  return {
    steps: step,
    weightsDigest: await context.weightsDigest(),
    stepDrift: before ? stepDrift(layout, recipe.space, before, after) : [],
    layers: layout.facts.map(({ name }, i) => ({ name, skewness: moments.skewness[i], kurtosis: moments.kurtosis[i] })),
  };
}
