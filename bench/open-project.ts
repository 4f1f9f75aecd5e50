import { sha256, fingerprintOf } from '../src/host/fingerprint.ts';
import { ProjectStore } from '../src/host/project-store.ts';
import { bundledRecipe } from '../src/host/recipes.ts';
import type { Candidate, MeasuredCandidate, MetricPoint, Phase, PredictorResult, Sample } from '../src/shared/contract/job-protocol.ts';
import type { SearchPoints } from '../src/shared/contract/look.ts';
import { configurationKey } from '../src/shared/domain/configuration.ts';
import { costsOf } from '../src/shared/domain/cost.ts';
import { parseForm, type FormKey } from '../src/shared/domain/form.ts';
import { nearestUniform } from '../src/shared/domain/layer-space.ts';
import { parameterCount } from '../src/shared/domain/layer-graph.ts';
import { RandomStream } from '../src/shared/domain/random.ts';
import { wilsonInterval } from '../src/shared/domain/statistics.ts';
import { stepsPerEpoch } from '../src/shared/domain/steps.ts';
import { parseRecipe } from '../src/shared/schema/presets.ts';
import type { Configuration } from '../src/shared/schema/configuration.ts';
import type { Recipe } from '../src/shared/schema/recipe.ts';
import { firstState } from '../src/worker/jobs/profile/first-state.ts';
import { modelOf } from '../src/worker/models/project-model.ts';
import { drawSamples } from '../src/worker/predictor/split.ts';
import { TableLayout } from '../src/worker/quant/table-layout.ts';
import { CheckpointStore } from '../src/worker/supernet/checkpoint.ts';
import { benchProgram } from './problem.ts';

/** How much a made project holds. */
export interface ProjectSize {
  /** metric points of one run, float and elastic training together */
  points: number;
  /** measured configurations: labels of the predictor, what the search proposed, and what a person measured */
  configurations: number;
  /** of these, how many the search proposed */
  proposed: number;
  /** of these, how many lie on the shelf */
  shelved: number;
}

/** Share of the points that are of float training: one step of it has a seventh of the points of an elastic one. */
const FLOAT_SHARE = 0.03;
const LAYERS_EVERY = 10;
const EVALUATE_EVERY = 500;
const CHECKPOINT_EVERY = 350;
const STEP_MS = 26;
/** Steps whose points come in one message, as from a worker. */
const STEPS_A_MESSAGE = 50;
const EXPLORED = 5000;
const IMAGES = { train: 55_000, validation: 5_000, test: 10_000 };
const ENGINE = { executor: 'session' as const, version: 'made by the benchmark' };
const BEGIN = Date.UTC(2026, 0, 5, 9);

/** Values of one step of a series: a falling curve with noise. */
const valueAt = (random: RandomStream, share: number, scale: number): number =>
  scale * (Math.exp(-4 * share) + 0.1) * (1 + 0.2 * random.normal());

/** Points of a float step, as the phase `pretrain` notes them. */
function floatPoints(random: RandomStream, step: number, share: number): MetricPoint[] {
  return [
    { series: 'pretrain/loss', step, value: valueAt(random, share, 2.3) },
    { series: 'pretrain/rate', step, value: 0.001 * (1 + Math.cos(Math.PI * share)) },
  ];
}

/** Points of an elastic step, as the phase `supernet` notes them. */
function elasticPoints(random: RandomStream, names: readonly string[], bits: readonly number[], step: number, share: number) {
  const points: MetricPoint[] = [];
  const add = (series: string, value: number) => points.push({ series: `supernet/${series}`, step, value });
  for (const role of ['highest', 'random', 'lowest']) {
    const value = valueAt(random, share, role === 'lowest' ? 2 : 1);
    add(`${role}/loss`, value * 1.1);
    add(`${role}/cross-entropy`, value);
    if (role !== 'highest') add(`${role}/divergence`, value / 4);
    if (step % LAYERS_EVERY === 0) add(`ms/${role}`, 8 + random.uniform());
  }
  for (const term of ['wdr', 'wdr-skewness', 'wdr-kurtosis']) add(term, valueAt(random, share, 0.3));
  add('rate', 0.0005 * (1 + Math.cos(Math.PI * share)));
  if (step % LAYERS_EVERY === 0) {
    add('ms/update', 2 + random.uniform());
    for (const name of names) {
      add(`skewness/${name}`, 0.2 * random.normal() * (1 - share));
      add(`kurtosis/${name}`, 1.8 + 1.2 * (1 - share) + 0.05 * random.normal());
    }
    points.push({ series: 'engine/rss', step, value: 7e8 + 1e6 * random.uniform() });
  }
  if (step > 0 && step % EVALUATE_EVERY === 0)
    for (const each of bits) add(`accuracy/${each}`, 0.93 - 0.2 * (1 - share) - 0.1 / each + 0.003 * random.normal());
  if (step > 0 && step % CHECKPOINT_EVERY === 0) add('checkpoint-ms', 12 + random.uniform());
  return points;
}

/** Writes one training phase until it has the wanted count of points. @returns the points and the steps */
function writeSeries(
  store: ProjectStore,
  run: string,
  phase: Phase,
  wanted: { points: number; begin: number },
  pointsOf: (step: number, share: number) => MetricPoint[],
): { points: number; steps: number } {
  const perStep = pointsOf(0, 0).length / LAYERS_EVERY + pointsOf(1, 0).length * (1 - 1 / LAYERS_EVERY);
  const total = Math.ceil(wanted.points / perStep);
  let [points, step] = [0, 0];
  while (points < wanted.points) {
    const message: MetricPoint[] = [];
    for (let i = 0; i < STEPS_A_MESSAGE && points + message.length < wanted.points; i++)
      message.push(...pointsOf(step++, Math.min(1, step / total)));
    store.putMetrics(run, phase, message, wanted.begin + step * STEP_MS);
    points += message.length;
  }
  return { points, steps: step };
}

/** A made-up accuracy: low bits cost, every configuration has noise of its own. */
function accuracyOf(configuration: Configuration, random: RandomStream): { predicted: number; measured: number } {
  const mean = (pick: (layer: Configuration['layers'][number]) => number) =>
    configuration.layers.reduce((sum, layer) => sum + pick(layer), 0) / configuration.layers.length;
  const bits = mean(({ weightBits }) => weightBits) + mean(({ activationBits }) => activationBits);
  const level = 0.93 - 0.6 * Math.exp(-bits / 2.5);
  return { predicted: level + 0.002 * random.normal(), measured: level + 0.004 * random.normal() };
}

/** Labels as the phase `sample` stores them, and the result of the predictor that they train. */
function writeLabels(store: ProjectStore, run: string, samples: Sample[], random: RandomStream): void {
  for (const sample of samples) store.putUnit(run, 'sample', sample);
  store.finishPhase(run, 'sample', { samples });
  const heldOut = samples.filter(({ split }) => split === 'heldOut');
  const score = { pearson: 0.91, kendall: 0.76, rmse: 0.0034, samples: heldOut.length };
  const result: PredictorResult = {
    ...score,
    heldOutKind: 'random',
    trainSamples: samples.length - heldOut.length,
    labelDeviation: 0.02,
    noiseCeiling: null,
    repeatScore: null,
    pearsonLimit: null,
    ridge: score,
    perForm: [],
    heldOut: heldOut.map(({ index, form, accuracy }) => ({
      index,
      form,
      measured: accuracy,
      predicted: accuracy + 0.003 * random.normal(),
    })),
    warnings: [],
  };
  store.finishPhase(run, 'predictor', result);
}

interface Drawn {
  form: FormKey;
  configuration: Configuration;
}

/** What the search proposed with what was measured of it, and what it looked at besides. */
function writeSearch(store: ProjectStore, run: string, layout: TableLayout, recipe: Recipe, proposed: Drawn[], explored: Drawn[]): void {
  const random = new RandomStream(recipe.seed, 'bench/search');
  const { targets } = recipe.search;
  const values = new Map<string, number>();
  const candidate = (target: number, rank: Candidate['rank'], { form, configuration }: Drawn): Candidate => {
    const { predicted, measured } = accuracyOf(configuration, random);
    const id = rank === 'uniform' ? `${target}/uniform/${form}` : `${target}/${configurationKey(configuration)}`;
    values.set(id, measured);
    return { id, target, form, rank, predicted, configuration, costs: costsOf(configuration, layout.facts) };
  };
  const form: FormKey = 'tss';
  const uniform = targets.filter(Number.isInteger).map((target): [number, Drawn] => {
    const configuration = nearestUniform(recipe.space, layout.facts, layout.points, target, parseForm(form));
    return [target, { form, configuration }];
  });
  const candidates = [
    ...proposed.slice(uniform.length).map((drawn, i) => candidate(targets[i % targets.length], Math.floor(i / targets.length), drawn)),
    ...uniform.map(([target, drawn]) => candidate(target, 'uniform', drawn)),
  ];
  const rounds = new Map<FormKey, SearchPoints>();
  for (const each of explored) {
    const known = rounds.get(each.form) ?? { target: targets[0], form: each.form, generation: 0, generations: 100, points: [] };
    known.points.push({ key: configurationKey(each.configuration), predicted: accuracyOf(each.configuration, random).predicted });
    rounds.set(each.form, known);
  }
  store.finishPhase(run, 'search', { candidates, evaluations: 80_000, seconds: 12, explored: [...rounds.values()] });
  const measured = candidates.map(({ id }): MeasuredCandidate => {
    const accuracy = values.get(id)!;
    const { low, high } = wilsonInterval(Math.round(accuracy * IMAGES.test), IMAGES.test)!;
    const base = { id, accuracy, images: IMAGES.test, interval: [low, high] as [number, number] };
    return { ...base, validationAccuracy: accuracy + 0.001 * random.normal(), versusUniform: null };
  });
  for (const unit of measured) store.putUnit(run, 'measure', unit);
  store.finishPhase(run, 'measure', { measured });
}

/** Configurations that a person measured, as the job `measure` leaves them on the shelf. */
function writeShelf(store: ProjectStore, run: string, drawn: readonly Drawn[], random: RandomStream, classes: number): void {
  drawn.forEach(({ configuration }, index) => {
    const { predicted, measured } = accuracyOf(configuration, random);
    const { low, high } = wilsonInterval(Math.round(measured * IMAGES.test), IMAGES.test)!;
    const images = IMAGES.test / classes;
    const counts = Array.from({ length: classes }, () => ({ correct: Math.round(measured * images), images }));
    const result = { accuracy: measured, images: IMAGES.test, interval: [low, high] as [number, number], classes: counts };
    store.shelf.add({ run, name: `by hand ${index + 1}`, configuration, candidateId: null, predicted, measured: result });
  });
}

/**
 * Makes a project with one finished run as the program itself would have stored it; nothing was trained, every number is made up.
 * @param name of a recipe that comes with the program
 */
export async function makeProject(
  folder: string,
  name: string,
  size: ProjectSize,
): Promise<{ points: number; series: number; run: string }> {
  const base = bundledRecipe(name);
  const random = new RandomStream(base.seed, 'bench/open');
  const layout = new TableLayout(modelOf(base, [32, 32, 3], 10).graph);
  const labels = size.configurations - size.proposed - size.shelved;
  const heldOutSamples = Math.ceil(labels / 5);
  const { facts, points } = layout;
  // other budgets of steps and labels, so that what is stored is what the recipe asks for
  const plan = (steps: { float: number; elastic: number }): Recipe =>
    parseRecipe(
      {
        ...base,
        pretrain: { ...base.pretrain, epochs: steps.float / stepsPerEpoch(IMAGES.train, base.pretrain.batch) },
        supernet: {
          ...base.supernet,
          evaluateEvery: EVALUATE_EVERY,
          epochs: steps.elastic / stepsPerEpoch(IMAGES.train, base.supernet.batch),
        },
        predictor: { ...base.predictor, trainSamples: labels - heldOutSamples, heldOutSamples, noiseSamples: 0 },
      },
      'the recipe of the benchmark',
    );
  const first = plan({ float: 1, elastic: 1 });
  const store = await ProjectStore.open(folder);
  try {
    const { id: run } = store.createRun(first, fingerprintOf(first, ENGINE), ENGINE);
    const names = facts.map((fact) => fact.name);
    const bits = first.space.weightBits;
    const float = writeSeries(store, run, 'pretrain', { points: Math.round(size.points * FLOAT_SHARE), begin: BEGIN }, (step, share) =>
      floatPoints(random, step, share),
    );
    const elasticBegin = BEGIN + float.steps * STEP_MS;
    const elastic = writeSeries(store, run, 'supernet', { points: size.points - float.points, begin: elasticBegin }, (step, share) =>
      elasticPoints(random, names, bits, step, share),
    );
    const recipe = plan({ float: float.steps, elastic: elastic.steps });
    store.setRecipe(run, recipe, fingerprintOf(recipe, ENGINE));
    store.setOpened(run, {
      layers: [...facts],
      points: [...points],
      parameters: parameterCount(layout.graph),
      images: IMAGES,
      dataDigest: 'none: made by the benchmark',
      engine: { ...ENGINE, threads: 2, gpu: false },
    });
    store.finishPhase(run, 'pretrain', { steps: float.steps, testAccuracy: 0.9293 });
    store.finishPhase(run, 'calibrate', { calibrationOnly: [] });
    const state = firstState(benchProgram(layout, { trainBatch: recipe.supernet.batch }), layout, recipe.seed);
    const checkpoints = new CheckpointStore(store.runDirectory(run), store.run(run).guard);
    checkpoints.save('supernet', { tensors: state, step: elastic.steps, done: true });
    const weightsDigest = sha256('made by the benchmark');
    store.finishPhase(run, 'supernet', {
      steps: elastic.steps,
      weightsDigest,
      stepDrift: [],
      layers: names.map((layer) => ({ name: layer, skewness: 0.02, kurtosis: 1.82 })),
    });
    const cells = recipe.evaluation.gridForms.flatMap((form) =>
      recipe.evaluation.gridBits.map((each) => ({
        weightBits: each,
        activationBits: each,
        form: form as FormKey,
        accuracy: 0.93 - 0.1 / each,
        images: IMAGES.test,
      })),
    );
    for (const cell of cells) store.putUnit(run, 'grid', cell);
    store.finishPhase(run, 'grid', { cells });
    const drawn = drawSamples(facts, points, {
      ...recipe,
      predictor: { ...recipe.predictor, trainSamples: size.configurations + EXPLORED - heldOutSamples, heldOutSamples },
    });
    const measuring = drawn.slice(-labels);
    const samples = measuring.map((each, index): Sample => {
      const { measured } = accuracyOf(each.configuration, random);
      return { ...each, index, repeat: 0, accuracy: measured, images: recipe.predictor.sampleImages };
    });
    writeLabels(store, run, samples, random);
    const others = drawn.slice(0, -labels);
    writeSearch(store, run, layout, recipe, others.slice(0, size.proposed), others.slice(size.proposed + size.shelved));
    writeShelf(store, run, others.slice(size.proposed, size.proposed + size.shelved), random, 10);
    store.finishPhase(run, 'export', { exports: [] });
    store.setDigest(run, sha256('made by the benchmark'));
    store.setRunState(run, 'done');
    return { points: float.points + elastic.points, series: store.metricTable.names(run).length, run };
  } finally {
    store.close();
  }
}
