import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { locateEngine } from '../src/host/engine/locate.ts';
import { WorkbenchError } from '../src/shared/contract/errors.ts';
import { parseRecipe } from '../src/shared/schema/presets.ts';
import type { Configuration } from '../src/shared/schema/configuration.ts';
import { imagesAsFloat } from '../src/worker/data/batch.ts';
import { imageSize, sliceSet } from '../src/worker/data/dataset.ts';
import { verifyOnnx } from '../src/worker/export/onnx/verify.ts';
import { writeOnnx } from '../src/worker/export/onnx/write.ts';
import { calibrate } from '../src/worker/jobs/calibrate.ts';
import { RunContext } from '../src/worker/jobs/context.ts';
import { pretrain } from '../src/worker/jobs/pretrain.ts';
import { Reporter } from '../src/worker/jobs/reporter.ts';
import { RunControl } from '../src/worker/jobs/run-control.ts';
import { parameterSpecs } from '../src/worker/models/parameters.ts';
import { drawSamples } from '../src/worker/predictor/split.ts';
import { fixedFeeds } from '../src/worker/quant/fold.ts';
import { snapQuantizers } from '../src/worker/quant/tables.ts';
import { Evaluator } from '../src/worker/supernet/evaluator.ts';
import { readSupernet } from '../src/worker/supernet/measuring.ts';
import { ProgramMeasuring } from '../src/worker/supernet/program-measuring.ts';
import { BlobWriter } from './blob.ts';

/**
 * Our side of `npm run bench:measure`, a process for each mode: measure-ours.js MODE DIRECTORY RECIPE EPOCHS CONFIGURATIONS THREADS
 *   prepare    trains the float network for EPOCHS, calibrates, and writes what the peer needs to DIRECTORY
 *   fast, program, naive, onnx   answers each line `n` on stdin with times of n configurations and their accuracies: the product's way,
 *              the run's program with the native ops of training, the same in TensorFlow's own ops, ONNX Runtime on the exported file
 *              without its re-calibration and loading
 */
const [mode, directory, recipeFile, epochs, count, threads] = process.argv.slice(2);
const engine = locateEngine({ gpu: false });
if (!engine) throw new WorkbenchError('engine-missing', "The TensorFlow engine is not installed; run 'eqnet engine install' first.");
const { addonPath, tensorflowVersion, ops } = engine;
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

const json = JSON.parse(readFileSync(recipeFile, 'utf8')) as { pretrain?: object };
const recipe = parseRecipe({ ...json, pretrain: { ...json.pretrain, epochs: Number(epochs) } }, recipeFile);
const { recalibrationImages, sampleImages } = recipe.predictor;
const options = { recalibrationImages, images: sampleImages };
const context = await RunContext.open(
  {
    recipe,
    runDirectory: directory,
    fingerprint: 'bench',
    engine: { executor: 'session', addonPath, opsPath: mode === 'naive' ? undefined : ops?.path, threads: Number(threads) },
  },
  new Reporter(() => undefined),
  new RunControl(
    () => undefined,
    () => 0,
  ),
);
const { layout, data } = context;
const configurations = drawSamples(layout.facts, layout.points, recipe)
  .slice(0, Number(count))
  .map(({ configuration }) => configuration);

async function prepare(): Promise<void> {
  await pretrain(context);
  await calibrate(context);
  const { parameters, tables } = await readSupernet(await context.executor(), layout, data.train);
  const blob = new BlobWriter();
  for (const { name, shape } of parameterSpecs(layout.graph)) blob.add(name, parameters.get(name)!, shape);
  const { height, width, channels } = data.train;
  const images = new Float32Array(recalibrationImages * imageSize(data.train));
  imagesAsFloat(data.train, 0, recalibrationImages, images);
  blob.add('images', images, [recalibrationImages, height, width, channels]);
  for (const [i, configuration] of configurations.entries()) {
    const feeds = fixedFeeds(layout, snapQuantizers(layout, tables, configuration));
    for (const [name, values] of Object.entries(feeds)) blob.add(`${i}/${name}`, values);
  }
  blob.write(directory, 'measure', {
    layers: layout.graph.layers,
    points: layout.points.map(({ tensor }) => tensor),
    channels: layout.facts.map(({ outputChannels }) => outputChannels),
    configurations: configurations.length,
  });
  say({ tensorflow: tensorflowVersion, native: ops !== null && ops !== undefined, recalibrationImages, sampleImages });
}

/** One measurement; returns its milliseconds and accuracy. */
async function measurer(): Promise<(configuration: Configuration) => Promise<[number, number]>> {
  const executor = await context.stateOf('calibrate');
  const product = await context.evaluator();
  if (mode === 'onnx') {
    const folder = mkdtempSync(join(tmpdir(), 'eqnet-bench-onnx-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'model.onnx');
    const { height, width, channels, labels } = sliceSet(data.validation, 0, sampleImages);
    const images = (start: number, end: number) => {
      const floats = new Float32Array((end - start) * imageSize(data.validation));
      imagesAsFloat(data.validation, start, end - start, floats);
      return floats;
    };
    return async (configuration) => {
      await writeOnnx(await product.view(configuration, recalibrationImages), file, { producerVersion: '0' });
      const proof = await verifyOnnx(file, { count: sampleImages, shape: [height, width, channels], labels, images }, { threads: Number(threads) }); // prettier-ignore
      return [proof.millisecondsPerImage * sampleImages, proof.accuracy];
    };
  }
  const { batch } = recipe.evaluation;
  const evaluator =
    mode === 'fast'
      ? product
      : new Evaluator(new ProgramMeasuring(executor, await readSupernet(executor, layout, data.train), batch), layout.graph.classes, batch);
  return async (configuration) => {
    const started = performance.now();
    const { accuracy } = await evaluator.measure(configuration, data.validation, options);
    return [performance.now() - started, accuracy];
  };
}

if (mode === 'prepare') await prepare();
else {
  const measure = await measurer();
  say({ ready: true });
  let at = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const milliseconds: number[] = [];
    const cpuMilliseconds: number[] = [];
    const accuracies: number[] = [];
    for (let i = 0; i < Number(line); i++, at++) {
      const before = process.cpuUsage();
      const [time, accuracy] = await measure(configurations[at % configurations.length]);
      milliseconds.push(time);
      accuracies.push(accuracy);
      const { user, system } = process.cpuUsage(before);
      cpuMilliseconds.push((user + system) / 1000);
    }
    say({ milliseconds, cpuMilliseconds, accuracies, peakMegabytes: process.resourceUsage().maxRSS / 1024 });
  }
}
