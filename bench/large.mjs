// Time and memory of elastic steps of the ImageNet networks, each in a process of its own. The first step includes what
// TensorFlow sets up once.
//   npm run bench:large -- [--models resnet50,efficientnet-b0] [--size 224] [--batch 8] [--steps 3] [--threads N] [--checkpointing] [--write]
//   --checkpointing   each network once more with gradient checkpointing
//   --write   puts the table into docs/results.md
import { spawn } from 'node:child_process';
import os from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { markdownRows, putSection } from '../scripts/lib/kept-sections.mjs';
import { buildOurs, describeMachine, machineText, median, root } from './runner.mjs';

/** What a step multiplies and adds: three subnets, each forward, for the gradient of its input and for that of its weights. */
const PASSES = 9;
/** Sustained speed of the GPU that is estimated for, operations a second. */
const GPU_SPEED = 20e12;

const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: 'resnet50,efficientnet-b0' },
    size: { type: 'string', default: '224' },
    batch: { type: 'string', default: '8' },
    steps: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(os.availableParallelism()) },
    checkpointing: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

/**
 * @param more arguments of the process
 * @returns {Promise<object | null>} what one network's process said; null when it failed
 */
async function measure(ours, model, more) {
  const args = [ours, model, options.size, options.batch, options.steps, options.threads, ...more];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const found = { seconds: [] };
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line);
    const { seconds, ...facts } = JSON.parse(line);
    if (seconds === undefined) Object.assign(found, facts);
    else found.seconds.push(seconds);
  }
  const code = await ended;
  if (code === 0) return found;
  console.error(`The benchmark of '${model}' ended with code ${code}.`);
  process.exitCode = 1;
  return null;
}

function describe(machine, all) {
  const rows = all.map(({ network, macs, seconds, peakGigabytes, estimatedGigabytes }) => {
    const operations = 2 * PASSES * macs * Number(options.batch);
    return [
      network,
      (macs / 1e9).toFixed(2),
      seconds[0].toFixed(1),
      median(seconds.slice(1)).toFixed(1),
      peakGigabytes.toFixed(2),
      estimatedGigabytes.toFixed(2),
      `${Math.round((1000 * operations) / GPU_SPEED)}`,
    ];
  });
  const head = [
    'network',
    'GMACs an image',
    'first step, s',
    'later steps, s',
    'peak memory, GiB',
    'expected by the check, GiB',
    'on a GPU, estimated, ms',
  ];
  return `## Large networks

\`npm run bench:large -- --write\` measures this section and writes it: elastic steps (three subnets, distillation, WDR, update) with batch ${options.batch} of ${options.size}x${options.size}x3 random images and 1,000 classes. ${machineText(machine)}.

${markdownRows(head, rows)}

The last column is an estimate and was not run: the multiplications and additions of all convolutions (${PASSES} times those of an image, ${options.batch} images) at ${GPU_SPEED / 1e12} TFLOP/s, which a data-center GPU of today sustains on float32 convolutions of this size. Fake quantization, which has no op of our own on a GPU, comes on top.`;
}

const machine = describeMachine({}, options.threads);
const ours = await buildOurs('large-ours');
const all = [];
for (const model of options.models.split(',')) {
  for (const more of options.checkpointing ? [[], ['checkpointing']] : [[]]) {
    const found = await measure(ours, model, more);
    if (!found) continue;
    all.push(found);
    machine.versions.TensorFlow = found.tensorflow;
  }
}
if (options.write && !process.exitCode) putSection(join(root, 'docs', 'results.md'), 'large', describe(machine, all));
