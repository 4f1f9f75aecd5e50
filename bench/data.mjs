// How long training waits for its batches: the idle share of its steps, as a run tells it, and images a second, with batches that
// are prepared ahead by threads and with batches that are prepared on the training thread.
//   npm run bench:data -- [--sets mnist:300,jpeg:60] [--images 2000] [--side 256] [--rounds 2] [--threads N] [--no-peer] [--out FILE]
// `jpeg` is a folder of made-up JPEGs, decoded once into a cache of its own before anything is measured.
import { mkdirSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  BUSY,
  buildOurs,
  describeMachine,
  isQuiet,
  machineText,
  median,
  once,
  quietest,
  starred,
  textTable,
  watched,
  workplace,
  writeResults,
} from './runner.mjs';

/** What the idle share of a step shall stay under. */
const LIMIT = 0.02;
const TITLES = { ahead: 'prepared ahead', inline: 'on the training thread' };
const NAMES = { mnist: 'MNIST, small-cnn, batch 128', jpeg: 'JPEG folder, MobileNetV2 0.5, batch 16' };
const PHASES = ['float', 'elastic'];

const { values: options } = parseArgs({
  options: {
    sets: { type: 'string', default: 'mnist:300,jpeg:60' },
    images: { type: 'string', default: '2000' },
    side: { type: 'string', default: '256' },
    rounds: { type: 'string', default: '2' },
    threads: { type: 'string', default: String(os.availableParallelism()) },
    'no-peer': { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const { threads, images, side } = options;
const { directory, cleanUp } = workplace();
const jpegs = join(directory, 'jpegs');
// The cache of the person who measures stays as it is.
process.env.EQNET_DATA_CACHE = join(directory, 'cache');

/** Makes the folder and decodes it, so that the runs find it in the cache. */
async function prepareJpegs(ours, found) {
  mkdirSync(jpegs);
  await once('images', process.execPath, [ours, 'images', jpegs, images, side]);
  const { seconds, inMemory } = await once('decode', process.execPath, [ours, 'decode', jpegs, images]);
  const place = inMemory ? 'kept in memory' : 'read from the cache image by image';
  const note = `JPEG folder: ${images} images of ${side}x${side}, decoded once in ${seconds.toFixed(1)} s, then ${place}.`;
  found.notes.push(note);
  console.log(note);
}

/** @returns {Promise<Record<string, object[]>>} the turns of each way of preparing batches; every other round backwards */
async function takeTurns(programs, set, steps) {
  const ways = Object.keys(programs);
  const turns = Object.fromEntries(ways.map((way) => [way, []]));
  for (let round = 0; round < Number(options.rounds); round++)
    for (const way of round % 2 ? [...ways].reverse() : ways)
      turns[way].push(
        await watched(() => once(`${set} ${way}`, process.execPath, [programs[way], 'train', set, steps, threads, jpegs, images])),
      );
  return turns;
}

function summarize(set, steps, turns, found) {
  const of = (way, phase, key) => median(quietest(turns[way]).map((turn) => turn[phase][key]));
  const rows = [['', 'images/s', 'ms a step', 'idle share, %', ...turns.ahead.map((_, i) => `round ${i + 1} `)]];
  for (const phase of PHASES) {
    for (const way of Object.keys(turns)) {
      const each = turns[way].map((turn) => starred((100 * turn[phase].idleShare).toFixed(2), isQuiet(turn)));
      const share = (100 * of(way, phase, 'idleShare')).toFixed(2);
      rows.push([
        `${phase}, ${TITLES[way]}`,
        of(way, phase, 'imagesPerSecond').toFixed(0),
        of(way, phase, 'milliseconds').toFixed(1),
        share,
        ...each,
      ]);
    }
    found.ratios[`${set} ${phase}: idle share`] = of('ahead', phase, 'idleShare');
    if (turns.inline)
      found.ratios[`${set} ${phase}: step / step with batches prepared on its thread`] =
        of('ahead', phase, 'milliseconds') / of('inline', phase, 'milliseconds');
  }
  const title = `${NAMES[set]}, ${steps} steps of each training`;
  found.tables.push({ title, rows });
  found.measured[set] = turns;
  const all = Object.values(turns).flat();
  found.turns += all.length;
  found.disturbed += all.filter((turn) => !isQuiet(turn)).length;
  console.log(`\n${title}\n${textTable(rows)}`);
}

async function main() {
  const sets = options.sets.split(',').map((text) => text.split(':'));
  const unknown = sets.find(([set, steps]) => !(set in NAMES) || !(Number(steps) > 0));
  if (unknown) throw new Error(`'${unknown.join(':')}' is no set with its steps: choose from ${Object.keys(NAMES).map((set) => `${set}:100`).join(', ')}.`); // prettier-ignore
  const programs = { ahead: await buildOurs('data-ours', { 'batch-thread': 'src/worker/data/batch-thread.ts' }) };
  if (!options['no-peer']) programs.inline = await buildOurs('data-ours', {}, 'data-ours-inline');
  const found = { tables: [], notes: [], ratios: {}, measured: {}, turns: 0, disturbed: 0 };
  if (sets.some(([set]) => set === 'jpeg')) await prepareJpegs(programs.ahead, found);
  for (const [set, steps] of sets) {
    const turns = await takeTurns(programs, set, steps);
    if (!found.machine) {
      found.machine = describeMachine({ TensorFlow: turns.ahead[0].tensorflow }, threads);
      console.log(machineText(found.machine));
    }
    summarize(set, steps, turns, found);
  }
  if (found.disturbed)
    console.log(`* other programs had more than ${100 * BUSY} % of the processors (${found.disturbed} of ${found.turns} turns).`);
  const over = Object.entries(found.ratios).filter(([key, value]) => key.endsWith('idle share') && !(value < LIMIT));
  for (const [key, value] of over) console.log(`'${key}' is ${(100 * value).toFixed(2)} %, and shall stay under ${100 * LIMIT} %.`);
  writeResults('data', found, options.out);
}

await main().finally(cleanUp);
