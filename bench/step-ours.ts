import { createInterface } from 'node:readline';
import { locateEngine } from '../src/host/engine/locate.ts';
import { WorkbenchError } from '../src/shared/contract/errors.ts';
import { createExecutor } from '../src/worker/engine/index.ts';
import { TABLE_NAMES } from '../src/worker/supernet/program-scope.ts';
import { elasticStep, floatStep } from '../src/worker/supernet/trainer.ts';
import { readBlob } from './blob.ts';
import { benchLayout, benchProgram, benchRecipe, TOTAL_STEPS, writeProblem } from './problem.ts';
import { writeQuantizerCases } from './quantizer-cases.ts';

/**
 * Our side of `npm run bench:step`, a process for each mode:
 *   step-ours.js problem DIRECTORY BATCH              writes the problem and the quantizer cases
 *   step-ours.js float|elastic DIRECTORY BATCH [THREADS]   answers each line `n` on stdin with the times and losses of n steps
 */
const [mode, directory, batchText, threadsText] = process.argv.slice(2);
const batch = Number(batchText);
const engine = locateEngine({ gpu: false });
if (!engine) throw new WorkbenchError('engine-missing', "The TensorFlow engine is not installed; run 'eqnet engine install' first.");
const { addonPath, tensorflowVersion, ops } = engine;
const native = { addonPath, opsPath: ops?.path };
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

if (mode === 'problem') {
  await writeProblem(directory, batch, native);
  await writeQuantizerCases(directory, native);
  say({ tensorflow: tensorflowVersion });
} else {
  const elastic = mode === 'elastic';
  const layout = benchLayout();
  const recipe = benchRecipe(batch);
  const program = benchProgram(layout, elastic ? { trainBatch: batch } : { pretrainBatch: batch });
  const executor = await createExecutor(program, { kind: 'session', ...native, threads: Number(threadsText) || undefined });
  const problem = readBlob(directory, 'problem');
  const known = new Set(problem.names);
  await executor.write(
    new Map(
      program.variables.map(({ name, shape }) => [
        name,
        known.has(name) ? problem.get(name).slice() : new Float32Array(shape.reduce((a, size) => a * size, 1)),
      ]),
    ),
  );
  if (elastic && !known.has(TABLE_NAMES.steps)) throw new Error(`${directory} holds no quantizer tables.`);
  const data = { images: problem.get('images') as Float32Array, labels: problem.get('labels') as Int32Array };
  let step = 0;
  const once = async (): Promise<number[]> => {
    if (!elastic) return [await floatStep(executor, recipe, layout.graph.classes, data, step, TOTAL_STEPS)];
    const { passes, wdrLoss } = await elasticStep(executor, layout, recipe, data, step, TOTAL_STEPS);
    return [...passes.map((pass) => pass.loss), wdrLoss];
  };
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const milliseconds: number[] = [];
    const cpuMilliseconds: number[] = [];
    const losses: number[][] = [];
    for (let i = 0; i < Number(line); i++, step++) {
      const started = performance.now();
      const before = process.cpuUsage();
      losses.push(await once());
      milliseconds.push(performance.now() - started);
      const { user, system } = process.cpuUsage(before);
      cpuMilliseconds.push((user + system) / 1000);
    }
    say({ milliseconds, cpuMilliseconds, losses, peakMegabytes: process.resourceUsage().maxRSS / 1024 });
  }
}
