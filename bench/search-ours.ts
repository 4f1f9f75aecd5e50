import { createInterface } from 'node:readline';
import { locateEngine } from '../src/host/engine/locate.ts';
import { WorkbenchError } from '../src/shared/contract/errors.ts';
import { parseForm, type FormKey } from '../src/shared/domain/form.ts';
import { layerGenes } from '../src/shared/domain/space.ts';
import { createExecutor, mlpEngine } from '../src/worker/engine/index.ts';
import type { Program } from '../src/worker/engine/graph.ts';
import { SearchTrail } from '../src/worker/jobs/search-trail.ts';
import { encodingLength, genomeEncoder, genomeSlots } from '../src/worker/predictor/encoding.ts';
import { Predictor, trainPredictor } from '../src/worker/predictor/cqap.ts';
import { predictorTensors } from '../src/worker/predictor/network.ts';
import { GeneticSearch } from '../src/worker/search/genetic.ts';
import { paretoSweep, type SweepOptions, type SweepState } from '../src/worker/search/pareto-sweep.ts';
import { sumWindow, targetWindows } from '../src/worker/search/window.ts';
import { BlobWriter, readBlob } from './blob.ts';
import { searchRecipe, searchSamples, searchSpace, type PredictorName } from './search-problem.ts';

/**
 * Our side of `npm run bench:search`:
 *   search-ours.js problem DIRECTORY PREDICTOR THREADS   trains the predictor and writes it with the space and a first generation
 *   search-ours.js search DIRECTORY PREDICTOR THREADS    answers each line `n` on stdin with the times of n searches
 */
const [mode, directory, predictorName, threadsText] = process.argv.slice(2);
const engine = locateEngine({ gpu: false });
if (!engine) throw new WorkbenchError('engine-missing', "The TensorFlow engine is not installed; run 'eqnet engine install' first.");
const { addonPath, tensorflowVersion, ops } = engine;
const engineOptions = { kind: 'session', addonPath, opsPath: ops?.path, threads: Number(threadsText) || undefined } as const;
const predictorEngine = () => ({
  createExecutor: (program: Program) => createExecutor(program, engineOptions),
  mlp: mlpEngine(engineOptions),
});
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

const recipe = searchRecipe(predictorName as PredictorName);
const { layout, space } = searchSpace(recipe);
const { search, seed } = recipe;
const form = search.forms[0] as FormKey;
const [target] = search.targets;
const width = encodingLength(layout.facts.length);

async function writeProblem(): Promise<void> {
  const samples = searchSamples(layout, recipe);
  const started = performance.now();
  const { weights, result } = await trainPredictor({
    predictor: recipe.predictor,
    facts: layout.facts,
    ...samples,
    repeats: [],
    seed,
    ...predictorEngine(),
  });
  const trainSeconds = (performance.now() - started) / 1000;
  const shape = { inputs: width, hidden: recipe.predictor.hidden, members: recipe.predictor.ensemble };
  const blob = new BlobWriter();
  for (const { name, shape: size } of predictorTensors(shape)) blob.add(name, weights.get(name)!, size);

  const predictor = await Predictor.open(weights, predictorEngine());
  const options = {
    ...search,
    space,
    form: parseForm(form),
    target,
    seed,
    fitness: (codes: Float32Array, count: number) => predictor.predict(codes, count),
  };
  const { genomes, fitness } = await new GeneticSearch(options).start();
  const encode = genomeEncoder(space, parseForm(form));
  const { template, columns } = genomeSlots(space, parseForm(form));
  const codes = new Float32Array(genomes.length * width);
  genomes.forEach((genes, row) => encode(genes, codes, row * width));
  blob.add('genomes', Int32Array.from(genomes.flatMap((genes) => [...genes])), [genomes.length, space.length]);
  blob.add('codes', codes, [genomes.length, width]);
  blob.add('fitness', fitness);
  const windows = targetWindows(target);
  const genes = layerGenes(space);
  blob.write(directory, `search-${predictorName}`, {
    population: search.population,
    generations: search.generations,
    mutation: search.mutation,
    hidden: shape.hidden,
    members: shape.members,
    template: [...template],
    columns,
    layers: layout.facts.map(({ macs }, layer) => ({
      macs,
      weightGene: genes.weight[layer],
      activationGene: genes.activation[layer],
    })),
    axes: [space.weights, space.activations].map((axis, i) => ({
      masses: [...axis.masses],
      choices: axis.choices,
      heldSum: axis.heldSum,
      window: sumWindow(axis, i ? windows.activations : windows.weights),
    })),
  });
  say({
    tensorflow: tensorflowVersion,
    kendall: result.kendall,
    trainSeconds,
    epochs: recipe.predictor.epochs,
    samples: samples.train.length,
    genes: space.length,
  });
}

/** The search phase as the job runs it: the trail of looked-at configurations and a pause for messages after each generation. */
async function searchOnce(weights: ReadonlyMap<string, Float32Array>) {
  const started = performance.now();
  const before = process.cpuUsage();
  const predictor = await Predictor.open(weights, predictorEngine());
  let predicting = 0;
  let rounds = 0;
  const trail = new SearchTrail(space, search.generations, 1, () => rounds++);
  const options: SweepOptions = {
    ...search,
    space,
    forms: [form],
    targets: [target],
    seed,
    keep: search.remeasure,
    async fitness(codes, count) {
      const since = performance.now();
      const scores = await predictor.predict(codes, count);
      predicting += performance.now() - since;
      return scores;
    },
    onScored: (scored) => trail.add(scored),
  };
  let state: SweepState = { completed: [], current: null };
  let longest = 0;
  let since = performance.now();
  for await (state of paretoSweep(options)) {
    longest = Math.max(longest, performance.now() - since);
    await new Promise<void>((resolve) => setImmediate(resolve));
    since = performance.now();
  }
  trail.finish();
  predictor.dispose();
  const { user, system } = process.cpuUsage(before);
  const [{ best, evaluations }] = state.completed;
  return {
    milliseconds: performance.now() - started,
    cpuMilliseconds: (user + system) / 1000,
    predicting,
    longest,
    evaluations,
    best: best[0].predicted,
    key: best[0].key,
    rounds,
  };
}

if (mode === 'problem') await writeProblem();
else {
  const problem = readBlob(directory, `search-${predictorName}`);
  const weights = new Map(
    problem.names.filter((name) => name.startsWith('member')).map((name) => [name, problem.get(name) as Float32Array]),
  );
  // TensorFlow is loaded when a run opens, as the peers import PyTorch before they say that they are ready.
  mlpEngine(engineOptions);
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const searches = [];
    for (let i = 0; i < Number(line); i++) searches.push(await searchOnce(weights));
    say({ searches, peakMegabytes: process.resourceUsage().maxRSS / 1024 });
  }
}
