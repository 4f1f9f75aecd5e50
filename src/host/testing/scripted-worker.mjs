// A worker that speaks the job protocol and computes nothing: results are functions of the recipe alone. The
// environment variable SCRIPT (JSON) makes it fail in a chosen place:
//   { phase, after: number of units, how: 'crash' | 'kill' | 'fail' | 'hang', once: file that says it has happened,
//     words: what a crash writes to standard error, until: file whose appearance ends `hang` }
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const script = JSON.parse(process.env.SCRIPT ?? '{}');
let options;
let stopping = false;
let finishing = false;
let pausing = false;

process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));

const send = (message) => new Promise((resolve) => process.send(message, resolve));
const tick = () => new Promise((resolve) => setImmediate(resolve));

const layer = (name, pinned) => ({
  name,
  kind: 'conv',
  pinned,
  inputShape: [8, 8, 4],
  outputShape: [8, 8, 4],
  outputChannels: 4,
  weights: 144,
  parameters: 148,
  macs: 9216,
  inputElements: 256,
});
const layers = [layer('conv1', true), layer('conv2', false), layer('conv3', false), layer('fc', true)];
const uniform = (bits) => ({
  layers: layers.map(({ name, pinned }) => ({
    name,
    weightBits: pinned ? 8 : bits,
    activationBits: pinned ? 8 : bits,
    granularity: 'tensor',
    weightSymmetry: 'symmetric',
    activationSymmetry: 'symmetric',
  })),
});
const costs = (bits) => ({ bitops: 9216 * bits * bits, sizeBytes: 36 * bits, averageWeightBits: bits, averageActivationBits: bits });
const accuracy = (seed) => 0.9 + (seed % 97) / 1000;
const proof = {
  runtime: 'scripted',
  images: 100,
  maxLogitGap: 0,
  meanLogitGap: 0,
  top1Agreement: 1,
  accuracyApp: 0.9,
  accuracyRuntime: 0.9,
  disagreeing: [],
  passed: true,
};

class Stopped extends Error {}

async function units(phase, list, done, key) {
  const finished = [...done];
  const left = list.filter((unit) => !done.some((other) => key(other) === key(unit)));
  let sent = 0;
  for (const unit of left) {
    await misbehave(phase, sent);
    await tick();
    if (stopping) throw new Stopped();
    await send({ type: 'unit', phase, unit });
    finished.push(unit);
    sent += 1;
    await send({ type: 'progress', progress: { phase, unit: 'configuration', done: finished.length, total: list.length } });
  }
  return finished;
}

let snapshots = 0;
let asked = 0;

/** Holds and checkpoints as it is asked to. */
async function heed(phase) {
  for (; snapshots < asked; snapshots++) await send({ type: 'checkpoint', phase, step: 7 });
  if (!pausing) return;
  await send({ type: 'paused' });
  while (pausing && !stopping && !finishing) await tick();
  await send({ type: 'resumed' });
}

async function misbehave(phase, after) {
  if (script.phase !== phase || (script.after ?? 0) !== after) return;
  if (script.once) {
    if (existsSync(script.once)) return;
    writeFileSync(script.once, '');
  }
  switch (script.how) {
    case 'crash':
      process.stderr.write(script.words ?? 'first words\nSegmentation fault in kernel Conv2D\n');
      process.exit(7);
      break;
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => {});
      break;
    case 'fail':
      throw Object.assign(new Error('Image file train.idx is cut off: get it again.'), { payload: { code: 'data-invalid' } });
    case 'hang':
      await send({ type: 'log', text: 'hanging' });
      await send({ type: 'vitals', rss: 1e8, tensors: 3 });
      while (!stopping && !finishing && !(script.until && existsSync(script.until))) {
        await tick();
        await heed(phase);
      }
      if (stopping) throw new Stopped();
      break;
    default:
  }
}

const candidates = () =>
  options.recipe.search.targets.flatMap((target) =>
    [0, 1].map((rank) => ({
      id: `${target}/tss:${rank}`,
      target,
      form: 'tss',
      rank,
      predicted: 0.95 - rank / 100,
      configuration: uniform(Math.floor(target)),
      costs: costs(Math.floor(target)),
    })),
  );

const phases = {
  pretrain: async () => {
    await misbehave('pretrain', 0);
    mkdirSync(join(options.runDirectory, 'checkpoints'), { recursive: true });
    writeFileSync(join(options.runDirectory, 'checkpoints', 'pretrain.safetensors'), options.fingerprint);
    await send({
      type: 'metrics',
      points: [
        { series: 'pretrain/loss', step: 0, value: 2.3 },
        { series: 'pretrain/loss', step: 1, value: Number.NaN },
      ],
    });
    return { steps: 2, testAccuracy: 0.97 };
  },
  calibrate: async () => ({ calibrationOnly: [] }),
  supernet: async () => {
    await misbehave('supernet', 0);
    writeFileSync(join(options.runDirectory, 'checkpoints', 'supernet.safetensors'), options.fingerprint);
    return { steps: 3, weightsDigest: 'ab'.repeat(32), stepDrift: [], layers: [] };
  },
  grid: async ({ done }) => {
    const { gridBits, gridForms } = options.recipe.evaluation;
    const list = gridForms.flatMap((form) =>
      gridBits.map((bits) => ({ form, weightBits: bits, activationBits: bits, accuracy: accuracy(bits), images: 100 })),
    );
    return { cells: await units('grid', list, done, (cell) => `${cell.form}${cell.weightBits}`) };
  },
  sample: async ({ done }) => {
    const list = Array.from({ length: 12 }, (_, index) => ({
      index,
      repeat: 0,
      split: index < 8 ? 'train' : 'heldOut',
      form: 'tss',
      configuration: uniform(2 + (index % 7)),
      accuracy: accuracy(index * 31),
      images: 100,
    }));
    return { samples: await units('sample', list, done, (sample) => `${sample.index}`) };
  },
  predictor: async ({ samples }) => ({
    heldOutKind: 'random',
    trainSamples: 8,
    labelDeviation: 0.01,
    noiseCeiling: { pearson: 0.9, kendall: 0.6, rmse: 0.003, samples: 2 },
    repeatScore: { pearson: 0.75, kendall: 0.45, rmse: 0.005, samples: 2 },
    pearsonLimit: 0.95,
    pearson: 0.8,
    kendall: 0.5,
    rmse: 0.004,
    samples: samples.length,
    ridge: { pearson: 0.7, kendall: 0.4, rmse: 0.005, samples: 4 },
    perForm: [],
    heldOut: [],
    warnings: ['Kendall tau is below 0.75.'],
  }),
  search: async () => ({ candidates: candidates(), evaluations: 100, seconds: Math.random() }),
  measure: async ({ candidates: list, done }) => {
    const all = list.map(({ id }, index) => ({
      id,
      accuracy: accuracy(index * 13),
      images: 100,
      interval: [0.85, 0.99],
      validationAccuracy: accuracy(index * 7),
      versusUniform: index ? { difference: 0.01, interval: [-0.01, 0.03] } : null,
    }));
    return { measured: await units('measure', all, done, (entry) => entry.id) };
  },
  export: async ({ candidates: list, directory }) => {
    mkdirSync(directory, { recursive: true });
    return {
      exports: list.map(({ id }) => {
        const file = join(directory, `${id.replace(/[^a-z0-9]/g, '-')}.onnx`);
        writeFileSync(file, id);
        return { candidateId: id, format: 'onnx', file, bytes: id.length, proof };
      }),
    };
  },
};

async function answer(message) {
  switch (message.type) {
    case 'open':
      options = message.options;
      await misbehave('open', 0);
      return send({
        type: 'opened',
        info: {
          layers,
          points: layers.map(({ name }, index) => ({ tensor: `${name}.in`, readers: [index] })),
          parameters: 600,
          images: { train: 500, validation: 100, test: 100 },
          dataDigest: process.env.DATA_DIGEST ?? 'd1'.repeat(32),
          engine: { executor: options.engine.executor, version: 'scripted', threads: 1, gpu: false },
        },
      });
    case 'phase':
      return send({ type: 'phase-done', phase: message.phase, result: await phases[message.phase](message.input), seconds: 0 });
    case 'evaluate': {
      await misbehave('evaluate', 0);
      const exported = message.request.exportTo
        ? { candidateId: 'manual', format: 'onnx', file: message.request.exportTo.file, bytes: 3, proof }
        : null;
      if (exported) writeFileSync(exported.file, 'abc');
      return send({
        type: 'evaluated',
        result: {
          accuracy: 0.91,
          images: message.request.images ?? 100,
          costs: costs(4),
          interval: [0.85, 0.95],
          exported,
          classes: Array.from({ length: 10 }, () => ({ correct: 9, images: 10 })),
        },
      });
    }
    case 'search':
      return send({
        type: 'searched',
        result: { candidates: candidates().filter(({ target }) => target === message.request.weights), evaluations: 50, seconds: 0.1 },
      });
    case 'predict':
      return send({
        type: 'predicted',
        result: { predicted: message.request.configurations.map((_, index) => 0.9 + index / 100), rmse: 0.004 },
      });
    case 'sensitivity':
      return send({ type: 'sensitivity', result: { layers: [] } });
    case 'look':
      await misbehave('look', 0);
      return send({ type: 'looked', kind: message.request.kind, result: { asked: message.request.kind, pid: process.pid } });
    default:
  }
}

process.on('message', (message) => {
  if (message.type === 'stop') stopping = true;
  else if (message.type === 'finish') finishing = true;
  else if (message.type === 'pause') pausing = true;
  else if (message.type === 'resume') pausing = false;
  else if (message.type === 'snapshot') asked += 1;
  else if (message.type === 'close') process.exit(0);
  else {
    answer(message).catch((error) =>
      send(
        error instanceof Stopped
          ? { type: 'stopped' }
          : { type: 'failed', error: { code: error.payload?.code ?? 'internal', message: error.message } },
      ),
    );
  }
});
