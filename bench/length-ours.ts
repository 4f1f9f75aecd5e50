import { pathToFileURL } from 'node:url';
import { chooseEngine } from '../src/host/engine-choice.ts';
import { fingerprintOf } from '../src/host/fingerprint.ts';
import { PipelineControl } from '../src/host/pipeline-control.ts';
import { runPipeline, type PipelineEvent } from '../src/host/pipeline.ts';
import { ProjectStore } from '../src/host/project-store.ts';
import { bundledRecipe } from '../src/host/recipes.ts';
import { forkWorker, type WorkerLauncher } from '../src/host/worker-launcher.ts';
import { WorkbenchError } from '../src/shared/contract/errors.ts';
import { parseRecipe } from '../src/shared/schema/presets.ts';

/**
 * The training of `npm run bench:length`, with the worker, the store and the pipeline of the program:
 *   length-ours.js FOLDER RECIPE MINUTES WORKER PROBE SAMPLES EVERY
 * Prints JSON lines: phases, memory of this process and of the engine, checkpoints, evaluations. The worker writes its own memory
 * to SAMPLES, every EVERY ms.
 */
const [folder, name, minutes, workerPath, probe, samples, every] = process.argv.slice(2);
const MINUTE = 60_000;
/** More than any machine does meanwhile: training is ended after the time, as with "Stop & keep". */
const ENDLESS_EPOCHS = 10_000;
const EVALUATE_EVERY = 100;
const say = (message: object) => process.stdout.write(`${JSON.stringify({ at: Date.now(), ...message })}\n`);

const base = bundledRecipe(name);
const recipe = parseRecipe(
  {
    ...base,
    pretrain: { ...base.pretrain, epochs: Math.min(base.pretrain.epochs, 0.5) },
    supernet: { ...base.supernet, epochs: ENDLESS_EPOCHS, evaluateEvery: EVALUATE_EVERY },
  },
  'the recipe of the benchmark',
);
const launch: WorkerLauncher = ({ path, env }) =>
  forkWorker({ path, env: { ...env, NODE_OPTIONS: `--import=${pathToFileURL(probe).href}`, EQNET_PROBE: samples, EQNET_PROBE_MS: every } });

const engine = await chooseEngine('session');
const store = await ProjectStore.open(folder);
const control = new PipelineControl();
const run = store.createRun(recipe, fingerprintOf(recipe, engine), engine);
const timers: NodeJS.Timeout[] = [];
let steps = 0;

function follow(event: PipelineEvent): void {
  if (event.type === 'phase') {
    say({ phase: event.phase });
    if (event.phase !== 'supernet') return;
    const time = Number(minutes) * MINUTE;
    timers.push(setTimeout(() => control.snapshot(), time / 2));
    timers.push(setTimeout(() => control.finish(), time));
  } else if (event.type === 'vitals') {
    const { rss, heapUsed } = process.memoryUsage();
    say({ tensors: event.tensors, hostRss: rss, hostHeap: heapUsed });
  } else if (event.type === 'progress') {
    if (event.progress.phase === 'supernet') steps = event.progress.done;
  } else if (event.type === 'checkpoint') say({ checkpoint: event.step });
  else if (event.type === 'metrics') {
    const [first] = event.points.filter(({ series }) => series.startsWith('supernet/accuracy/'));
    if (first) say({ evaluation: first.step });
  }
}

try {
  await runPipeline({ store, run, engine, until: 'supernet', control, onEvent: follow, workerPath, launch });
} catch (error) {
  if (!(error instanceof WorkbenchError) || error.code !== 'stopped') throw error;
} finally {
  for (const timer of timers) clearTimeout(timer);
  say({ steps, engine: engine.version });
  store.close();
}
