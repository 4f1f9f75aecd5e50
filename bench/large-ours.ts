import { locateEngine } from '../src/host/engine/locate.ts';
import { WorkbenchError } from '../src/shared/contract/errors.ts';
import { layerFacts } from '../src/shared/domain/layer-graph.ts';
import { RandomStream } from '../src/shared/domain/random.ts';
import { parseRecipe } from '../src/shared/schema/presets.ts';
import { targetRows } from '../src/worker/data/targets.ts';
import { hasFusedOps } from '../src/worker/engine/binding.ts';
import { createExecutor } from '../src/worker/engine/index.ts';
import { neededBytes } from '../src/worker/jobs/memory-check.ts';
import { initialParameters } from '../src/worker/models/parameters.ts';
import { modelOf } from '../src/worker/models/project-model.ts';
import { calibrateActivation, calibrateWeights, emptyTables } from '../src/worker/quant/calibrate.ts';
import { TableLayout } from '../src/worker/quant/table-layout.ts';
import { functionNames, TABLE_NAMES } from '../src/worker/supernet/program-scope.ts';
import { elasticStep } from '../src/worker/supernet/trainer.ts';
import { benchProgram, TOTAL_STEPS } from './problem.ts';

/**
 * One network of `npm run bench:large`, in a process of its own: large-ours.js MODEL SIZE BATCH STEPS [THREADS [checkpointing]]. Prints one
 * JSON line for each elastic step (seconds of every pass and of the update) and one with the most memory that was taken, and
 * what `requireMemory` expects it to be.
 * Images are random and activation ranges are guessed: what a step costs does not depend on them.
 */
const [architecture, size, batch, steps, threads] = process.argv.slice(2, 7).map((text, i) => (i === 0 ? text : Number(text))) as [
  string,
  number,
  number,
  number,
  number | undefined,
];
const checkpointing = process.argv[7] === 'checkpointing';
const CLASSES = 1000;
const engine = locateEngine({ gpu: false });
if (!engine) throw new WorkbenchError('engine-missing', "The TensorFlow engine is not installed; run 'eqnet engine install' first.");
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

const recipe = parseRecipe({ name: 'bench-large', seed: 1, model: { architecture }, supernet: { batch } }, 'the recipe of the benchmark');
const layout = new TableLayout(modelOf(recipe, [size, size, 3], CLASSES).graph);
const started = performance.now();
/** What the process has without an engine. */
const beforeBytes = process.memoryUsage.rss();
const program = benchProgram(layout, { trainBatch: batch }, { checkpointing });
const executor = await createExecutor(program, { kind: 'session', addonPath: engine.addonPath, opsPath: engine.ops?.path, threads });
const parameters = initialParameters(layout.graph, recipe.seed);
const tables = emptyTables(layout);
const options = { shrinkSteps: 1, norm: 2 };
layout.facts.forEach(({ name }, i) => calibrateWeights(layout, i, parameters.get(`${name}/weights`)!, tables, options));
layout.points.forEach((_, q) => calibrateActivation(layout, q, Float32Array.of(layout.signed[q] ? -3 : 0, 3), tables, options));
const given = new Map([...parameters, [TABLE_NAMES.steps, tables.logSteps] as const, [TABLE_NAMES.offsets, tables.offsets] as const]);
const elements = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
await executor.write(new Map(program.variables.map(({ name, shape }) => [name, given.get(name) ?? new Float32Array(elements(shape))])));
const random = new RandomStream(recipe.seed, 'bench/images');
const images = Float32Array.from({ length: batch * size * size * 3 }, () => random.uniform());
const labels = Int32Array.from({ length: batch }, () => random.integer(CLASSES));
const data = { images, labels, targets: targetRows({ labels }, CLASSES) };
const macs = layerFacts(layout.graph).reduce((sum, layer) => sum + layer.macs, 0);
say({
  network: `${layout.graph.name}${checkpointing ? ', checkpointing' : ''}`,
  size,
  batch,
  macs,
  tensorflow: engine.tensorflowVersion,
  setUpSeconds: (performance.now() - started) / 1000,
});
for (let step = 0; step < steps; step++) {
  const before = performance.now();
  const cpuBefore = process.cpuUsage();
  const { passes, updateMilliseconds } = await elasticStep(executor, layout, recipe, data, step, TOTAL_STEPS);
  const cpu = process.cpuUsage(cpuBefore);
  say({
    step,
    seconds: (performance.now() - before) / 1000,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    passSeconds: passes.map(({ milliseconds }) => milliseconds / 1000),
    updateSeconds: updateMilliseconds / 1000,
    losses: passes.map(({ loss }) => loss),
  });
}
const estimated = beforeBytes + neededBytes(program, functionNames.pass, layout.facts.length, hasFusedOps());
say({ peakGigabytes: process.resourceUsage().maxRSS / 2 ** 20, estimatedGigabytes: estimated / 2 ** 30 });
executor.dispose();
