import { uniformConfiguration } from '../src/shared/domain/configuration.ts';
import { FORMS, MAX_BITS, parseForm, type FormKey } from '../src/shared/domain/form.ts';
import { quantizedLayers } from '../src/shared/domain/layer-graph.ts';
import { RandomStream } from '../src/shared/domain/random.ts';
import { parseRecipe } from '../src/shared/schema/presets.ts';
import type { Recipe } from '../src/shared/schema/recipe.ts';
import { createExecutor } from '../src/worker/engine/index.ts';
import { initialParameters, parameterSpecs } from '../src/worker/models/parameters.ts';
import { createModel } from '../src/worker/models/registry.ts';
import { calibrateActivation, calibrateWeights, emptyTables, subsample } from '../src/worker/quant/calibrate.ts';
import { encodePass } from '../src/worker/quant/encode-pass.ts';
import { fixedFeeds } from '../src/worker/quant/fold.ts';
import { TableLayout } from '../src/worker/quant/table-layout.ts';
import { snapQuantizers } from '../src/worker/quant/tables.ts';
import { functionNames, TABLE_NAMES, type TrainingOptions } from '../src/worker/supernet/program-scope.ts';
import { buildProgram, type ProgramSizes } from '../src/worker/supernet/program.ts';
import { drawSubnet, stepRoles } from '../src/worker/supernet/subnets.ts';
import { BlobWriter } from './blob.ts';

/** Steps whose subnets are drawn beforehand for the peer; it starts again from the first one after the last. */
export const DRAWN_STEPS = 64;
/** Length of the learning rate schedule: long, so that the rate hardly moves during the benchmark. */
export const TOTAL_STEPS = 10_000;
const CLASSES = 10;

/** The networks of `npm run bench:step`; images are square, with 3 channels. */
export const NETS = {
  resnet20: { model: { architecture: 'resnet20' }, side: 32 },
  'mobilenetv2-0.5': { model: { architecture: 'mobilenetv2', width: 0.5 }, side: 96 },
} as const;
export type NetName = keyof typeof NETS;

/** @param form that every layer has; each draws its own of all 8 when left out */
export function benchRecipe(net: NetName, batch: number, form?: FormKey): Recipe {
  const { granularity, weightSymmetry, activationSymmetry } = parseForm(form ?? 'tss');
  const space = { granularities: [granularity], weightSymmetries: [weightSymmetry], activationSymmetries: [activationSymmetry] };
  return parseRecipe(
    { name: 'bench-step', seed: 1, model: NETS[net].model, pretrain: { batch }, supernet: { batch }, ...(form && { space }) },
    'the recipe of the benchmark',
  );
}

export const benchLayout = (net: NetName): TableLayout =>
  new TableLayout(createModel(NETS[net].model, [NETS[net].side, NETS[net].side, 3], CLASSES));

const NOTHING: ProgramSizes = { pretrainBatch: 0, trainBatch: 0, evaluationBatch: 1, recalibration: [], calibration: 0 };

/** The program of a run, with only the functions that one measurement calls. */
export const benchProgram = (layout: TableLayout, sizes: Partial<ProgramSizes>, options?: TrainingOptions) =>
  buildProgram(layout, { ...NOTHING, ...sizes }, options);

/**
 * Writes `problem.{json,bin}`: network, weights, calibrated quantizer tables, one batch of random images, and the subnets
 * of the first steps as encoded passes. Both sides read it.
 */
export async function writeProblem(
  directory: string,
  net: NetName,
  batch: number,
  engine: { addonPath: string; opsPath?: string },
): Promise<void> {
  const { side } = NETS[net];
  const layout = benchLayout(net);
  const recipe = benchRecipe(net, batch);
  const { graph } = layout;
  const random = new RandomStream(recipe.seed, 'bench/images');
  const images = Float32Array.from({ length: batch * side * side * 3 }, () => random.uniform());
  const labels = Int32Array.from({ length: batch }, () => random.integer(CLASSES));
  const parameters = initialParameters(graph, recipe.seed);

  const executor = await createExecutor(benchProgram(layout, { calibration: batch }), { kind: 'session', ...engine });
  await executor.write(parameters);
  const tables = emptyTables(layout);
  const options = { shrinkSteps: 10, norm: 2.4 };
  quantizedLayers(graph).forEach(({ name }, i) => calibrateWeights(layout, i, parameters.get(`${name}/weights`)!, tables, options));
  const upstream = uniformConfiguration(layout.facts, MAX_BITS, FORMS[0], layout.points);
  for (const q of layout.points.keys()) {
    const feeds = fixedFeeds(layout, snapQuantizers(layout, tables, upstream));
    const seen = await executor.run(functionNames.probe, { ...feeds, images }, [`point-${q}`]);
    calibrateActivation(layout, q, subsample(seen[`point-${q}`] as Float32Array, 4096), tables, options);
  }

  const blob = new BlobWriter();
  for (const { name, shape } of parameterSpecs(graph)) blob.add(name, parameters.get(name)!, shape);
  blob.add(TABLE_NAMES.steps, tables.logSteps);
  blob.add(TABLE_NAMES.offsets, tables.offsets);
  blob.add('images', images, [batch, side, side, 3]);
  blob.add('labels', labels);
  const { space, supernet, seed, pretrain } = recipe;
  for (let step = 0; step < DRAWN_STEPS; step++) {
    stepRoles(supernet.randomSubnets).forEach((role, pass) => {
      const feeds = encodePass(layout, drawSubnet(layout, space, supernet.forms, role, seed, step, pass), batch);
      for (const [name, data] of Object.entries(feeds)) blob.add(`step-${step}/${pass}/${name}`, data);
    });
  }
  blob.write(directory, 'problem', {
    layers: graph.layers,
    points: layout.points.map(({ tensor }, q) => ({ tensor, signed: layout.signed[q] })),
    drawnSteps: DRAWN_STEPS,
    totalSteps: TOTAL_STEPS,
    passes: supernet.randomSubnets + 2,
    pretrainRate: pretrain.learningRate,
    rate: supernet.learningRate,
    tableRate: supernet.tableRate,
    clip: supernet.clip,
    lambda: supernet.gpg.lambda,
    wdr: supernet.wdr,
  });
}
