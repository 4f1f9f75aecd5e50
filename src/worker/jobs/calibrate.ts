import type { CalibrateResult, GridCell } from '../../shared/contract/job-protocol.ts';
import { uniformConfiguration } from '../../shared/domain/configuration.ts';
import { FORMS, MAX_BITS, parseForm, type FormKey } from '../../shared/domain/form.ts';
import { nearestUniform } from '../../shared/domain/layer-space.ts';
import { quantizedLayers } from '../../shared/domain/layer-graph.ts';
import { calibrateActivation, calibrateWeights, emptyTables, subsample } from '../quant/calibrate.ts';
import { fixedFeeds } from '../quant/fold.ts';
import { snapQuantizers } from '../quant/tables.ts';
import { imagesAsFloat } from '../data/batch.ts';
import { imageSize } from '../data/dataset.ts';
import { functionNames, TABLE_NAMES } from '../supernet/program-scope.ts';
import type { RunContext } from './context.ts';

/**
 * First step sizes and offsets: weights from the float net, activations tensor by tensor from one batch whose upstream
 * layers are already quantized to 8 bits, BN on batch statistics (eqnet-spec 1.3). Then the accuracy at the lowest
 * bit-widths of the network without any elastic training, as the baseline; layers that do not allow them take their nearest
 * allowed ones.
 */
export async function calibrate(context: RunContext): Promise<CalibrateResult> {
  const { recipe, data, reporter, layout } = context;
  const { images, samples, ...options } = recipe.calibration;
  const executor = await context.stateOf('pretrain');
  const layers = quantizedLayers(layout.graph);
  const total = layers.length + layout.points.length;
  const tables = emptyTables(layout);
  const weights = await executor.read(layers.map((layer) => `${layer.name}/weights`));
  for (const [i, layer] of layers.entries()) {
    calibrateWeights(layout, i, weights.get(`${layer.name}/weights`) as Float32Array, tables, options);
    reporter.report({ phase: 'calibrate', unit: 'quantizer', done: i + 1, total });
    await context.breathe();
  }
  const batch = new Float32Array(images * imageSize(data.train));
  imagesAsFloat(data.train, 0, images, batch);
  const upstream = uniformConfiguration(layout.facts, MAX_BITS, FORMS[0], layout.points);
  for (const q of layout.points.keys()) {
    const feeds = fixedFeeds(layout, snapQuantizers(layout, tables, upstream));
    const seen = await executor.run(functionNames.probe, { ...feeds, images: batch }, [`point-${q}`]);
    calibrateActivation(layout, q, subsample(seen[`point-${q}`] as Float32Array, samples), tables, options);
    reporter.report({ phase: 'calibrate', unit: 'quantizer', done: layers.length + q + 1, total });
    await context.breathe();
  }
  await executor.write(
    new Map([
      [TABLE_NAMES.steps, tables.logSteps],
      [TABLE_NAMES.offsets, tables.offsets],
    ]),
  );
  await context.resetOptimizer();
  await context.saveState('calibrate', 0, true);

  const evaluator = await context.evaluator();
  const { recalibrationImages, gridImages, gridForms } = recipe.evaluation;
  const weightBits = Math.min(...recipe.space.weightBits);
  const activationBits = Math.min(...recipe.space.activationBits);
  const forms = [...new Set([gridForms[0], gridForms.at(-1)!])] as FormKey[];
  const calibrationOnly: GridCell[] = [];
  for (const form of forms) {
    const configuration = nearestUniform(recipe.space, layout.facts, layout.points, { weightBits, activationBits }, parseForm(form));
    const { accuracy, images: measured } = await evaluator.measure(configuration, data.test, {
      recalibrationImages,
      images: gridImages,
      onBatch: context.breathe,
    });
    calibrationOnly.push({ weightBits, activationBits, form, accuracy, images: measured });
  }
  return { calibrationOnly };
}
