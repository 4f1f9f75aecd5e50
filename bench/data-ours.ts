import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transformer } from '@napi-rs/image';
import { locateEngine } from '../src/host/engine/locate.ts';
import { WorkbenchError } from '../src/shared/contract/errors.ts';
import type { MetricPoint } from '../src/shared/contract/job-protocol.ts';
import { RandomStream } from '../src/shared/domain/random.ts';
import { parseRecipe } from '../src/shared/schema/presets.ts';
import type { Recipe } from '../src/shared/schema/recipe.ts';
import { loadDataSplits } from '../src/worker/data/load.ts';
import { calibrate } from '../src/worker/jobs/calibrate.ts';
import { RunContext } from '../src/worker/jobs/context.ts';
import { pretrain } from '../src/worker/jobs/pretrain.ts';
import { Reporter } from '../src/worker/jobs/reporter.ts';
import { RunControl } from '../src/worker/jobs/run-control.ts';
import { supernet } from '../src/worker/jobs/supernet.ts';

/**
 * The work of `npm run bench:data`, a process for each call, which prints one line of JSON:
 *   data-ours.js images FOLDER COUNT SIDE           writes class folders of made-up JPEGs
 *   data-ours.js decode FOLDER IMAGES               loads them, which decodes them into the cache (EQNET_DATA_CACHE)
 *   data-ours.js train SET STEPS THREADS [FOLDER IMAGES]   trains the phases `pretrain` and `supernet`, and tells their step times
 * With a built batch-thread.js beside it batches are prepared as in a run, without one on the training thread.
 */
const CLASSES = 10;
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** Colours that change smoothly, as in photographs, with other waves on each image. */
function picture(side: number, random: RandomStream): Uint8Array {
  const pixels = new Uint8Array(side * side * 4).fill(255);
  for (let channel = 0; channel < 3; channel++) {
    const wave = () => {
      const [frequency, phase] = [random.between(0.01, 0.15), random.between(0, 2 * Math.PI)];
      return Float64Array.from({ length: side }, (_, i) => Math.sin(frequency * i + phase));
    };
    const [across, down, fine] = [wave(), wave(), wave()];
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        pixels[(y * side + x) * 4 + channel] = Math.round(127 + 60 * across[x] * down[y] + 40 * fine[(x + y) % side]);
  }
  return pixels;
}

function writeImages(folder: string, count: number, side: number): void {
  for (let i = 0; i < count; i++) {
    const place = join(folder, `class-${i % CLASSES}`);
    mkdirSync(place, { recursive: true });
    const pixels = picture(side, new RandomStream(7, 'bench/images', i));
    writeFileSync(join(place, `${i}.jpg`), Transformer.fromRgbaPixels(pixels, side, side).jpegSync(90));
  }
  say({ images: count });
}

/** Training images of a folder, which keeps a tenth of each class for validation and for testing. */
const trainingImages = (images: number, batch: number): number => batch * Math.floor((0.75 * images) / batch);

const BATCHES = { mnist: 128, jpeg: 16 } as const;
export type SetName = keyof typeof BATCHES;

function dataOf(set: SetName, folder: string, images: number): object {
  if (set === 'mnist') {
    const augment = [{ kind: 'padCrop', pixels: 2 }, { kind: 'cutout' }];
    return { dataset: 'mnist', trainImages: 100 * BATCHES.mnist, validationImages: 1000, testImages: 1000, augment };
  }
  return {
    dataset: 'files',
    root: folder,
    split: { validation: 0.1, test: 0.1 },
    trainImages: trainingImages(images, BATCHES.jpeg),
    testImages: 16,
    augment: [{ kind: 'randomResizedCrop' }, { kind: 'flip' }, { kind: 'colourJitter' }],
  };
}

/** Both trainings take as many steps; nothing is measured or stored between them. */
function recipeOf(set: SetName, steps: number, folder: string, images: number): Recipe {
  const batch = BATCHES[set];
  const data = dataOf(set, folder, images) as { trainImages: number };
  const epochs = (steps * batch) / data.trainImages;
  const few = set === 'mnist' ? 256 : 16;
  return parseRecipe(
    {
      name: `bench-data-${set}`,
      data,
      model: set === 'mnist' ? { architecture: 'small-cnn' } : { architecture: 'mobilenetv2', width: 0.5 },
      pretrain: { epochs, batch },
      calibration: { images: few },
      supernet: { epochs, batch, evaluateEvery: 0, evaluateImages: few, checkpointSeconds: 100_000 },
      evaluation: { batch: few, recalibrationImages: few },
      predictor: { recalibrationImages: few, sampleImages: few },
      search: { measureImages: 16 },
    },
    'the recipe of the benchmark',
  );
}

/** What one phase told of its steps. */
function timesOf(points: readonly MetricPoint[], phase: 'pretrain' | 'supernet', batch: number) {
  const read = (name: string) => points.filter(({ series }) => series === `${phase}/${name}`).map(({ value }) => value);
  const [milliseconds, shares] = [read('ms/step'), read('idle-share')];
  const total = milliseconds.reduce((sum, value) => sum + value, 0);
  const idle = milliseconds.reduce((sum, value, i) => sum + value * shares[i], 0);
  // The first ten steps contain what TensorFlow sets up once.
  const settled = milliseconds.slice(1).sort((a, b) => a - b);
  const median = settled[settled.length >> 1] ?? milliseconds[0];
  return { milliseconds: median, imagesPerSecond: (1000 * batch) / median, idleShare: idle / total, windows: milliseconds, shares };
}

async function train(set: SetName, steps: number, threads: number, folder: string, images: number): Promise<void> {
  const engine = locateEngine({ gpu: false });
  if (!engine) throw new WorkbenchError('engine-missing', "The TensorFlow engine is not installed; run 'eqnet engine install' first.");
  const { addonPath, tensorflowVersion, ops } = engine;
  const points: MetricPoint[] = [];
  const runDirectory = mkdtempSync(join(tmpdir(), 'eqnet-bench-run-'));
  process.on('exit', () => rmSync(runDirectory, { recursive: true, force: true }));
  const recipe = recipeOf(set, steps, folder, images);
  const context = await RunContext.open(
    { recipe, runDirectory, fingerprint: 'bench', engine: { executor: 'session', addonPath, opsPath: ops?.path, threads } },
    new Reporter((message) => message.type === 'metrics' && points.push(...message.points)),
    new RunControl(
      () => undefined,
      () => 0,
    ),
  );
  await pretrain(context);
  await calibrate(context);
  await supernet(context);
  context.reporter.flush();
  const { user, system } = process.cpuUsage();
  say({
    tensorflow: tensorflowVersion,
    float: timesOf(points, 'pretrain', BATCHES[set]),
    elastic: timesOf(points, 'supernet', BATCHES[set]),
    cpuMilliseconds: [(user + system) / 1000],
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  });
}

const [mode, ...rest] = process.argv.slice(2);
if (mode === 'images') writeImages(rest[0], Number(rest[1]), Number(rest[2]));
else if (mode === 'decode') {
  const started = performance.now();
  const { train: set } = await loadDataSplits(recipeOf('jpeg', 1, rest[0], Number(rest[1])).data);
  say({ seconds: (performance.now() - started) / 1000, images: set.count, inMemory: set.stored === undefined });
} else await train(rest[0] as SetName, Number(rest[1]), Number(rest[2]), rest[3], Number(rest[4]));
