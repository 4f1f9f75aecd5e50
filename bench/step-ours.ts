import { createInterface } from 'node:readline';
import { locateEngine } from '../src/host/engine/locate.ts';
import { WorkbenchError } from '../src/shared/contract/errors.ts';
import type { FormKey } from '../src/shared/domain/form.ts';
import { targetRows } from '../src/worker/data/targets.ts';
import { createExecutor } from '../src/worker/engine/index.ts';
import { TABLE_NAMES } from '../src/worker/supernet/program-scope.ts';
import { elasticStep, floatStep } from '../src/worker/supernet/trainer.ts';
import { readBlob } from './blob.ts';
import { benchLayout, benchProgram, benchRecipe, TOTAL_STEPS, writeProblem, type NetName } from './problem.ts';
import { writeQuantizerCases } from './quantizer-cases.ts';

/**
 * Our side of `npm run bench:step`, a process for each mode:
 *   step-ours.js problem DIRECTORY NET BATCH                writes the problem and the quantizer cases
 *   step-ours.js float|elastic[-FORM] DIRECTORY NET BATCH [THREADS]   answers each line `n` on stdin with times and losses of n steps
 * With a form (`elastic-tss`) every pass quantizes every layer in it, else each layer draws its own.
 */
const [mode, directory, netText, batchText, threadsText] = process.argv.slice(2);
const net = netText as NetName;
const batch = Number(batchText);
const engine = locateEngine({ gpu: false });
if (!engine) throw new WorkbenchError('engine-missing', "The TensorFlow engine is not installed; run 'eqnet engine install' first.");
const { addonPath, tensorflowVersion, ops } = engine;
const native = { addonPath, opsPath: ops?.path };
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

if (mode === 'problem') {
  await writeProblem(directory, net, batch, native);
  await writeQuantizerCases(directory, native);
  say({ tensorflow: tensorflowVersion });
} else {
  const [kind, form] = mode.split('-');
  const elastic = kind === 'elastic';
  const layout = benchLayout(net);
  const recipe = benchRecipe(net, batch, form as FormKey | undefined);
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
  const labels = problem.get('labels') as Int32Array;
  const data = { images: problem.get('images') as Float32Array, labels, targets: targetRows({ labels }, layout.graph.classes) };
  let step = 0;
  /** Losses, the longest native call (while which no message is answered) and the time of WDR, clip and optimizer. */
  const once = async (): Promise<{ losses: number[]; longest: number; update: number }> => {
    const started = performance.now();
    if (!elastic) {
      const losses = [await floatStep(executor, recipe, data, step, TOTAL_STEPS)];
      return { losses, longest: performance.now() - started, update: 0 };
    }
    const { passes, wdrLoss, updateMilliseconds: update } = await elasticStep(executor, layout, recipe, data, step, TOTAL_STEPS);
    const longest = Math.max(update, ...passes.map((pass) => pass.milliseconds));
    return { losses: [...passes.map((pass) => pass.loss), wdrLoss], longest, update };
  };
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const milliseconds: number[] = [];
    const cpuMilliseconds: number[] = [];
    const losses: number[][] = [];
    const longest: number[] = [];
    const updates: number[] = [];
    for (let i = 0; i < Number(line); i++, step++) {
      const started = performance.now();
      const before = process.cpuUsage();
      const done = await once();
      milliseconds.push(performance.now() - started);
      const { user, system } = process.cpuUsage(before);
      cpuMilliseconds.push((user + system) / 1000);
      losses.push(done.losses);
      longest.push(done.longest);
      updates.push(done.update);
    }
    say({ milliseconds, cpuMilliseconds, losses, longest, updates, peakMegabytes: process.resourceUsage().maxRSS / 1024 });
  }
}
