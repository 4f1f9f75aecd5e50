// Memory and tensors of a long training: whether they stay level.
//   npm run bench:length -- --minutes 30 [--recipe cluttered-quick] [--every 5] [--out FILE.json] [--from FILE.json] [--write]
//   --minutes   of elastic training
//   --every     seconds between two samples
//   --from      judges and draws what an earlier call has left with --out, instead of training
//   --write     puts the plot into docs/memory.svg and the table into docs/benchmarks.md
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../scripts/lib/build.mjs';
import { putSection } from '../scripts/lib/kept-sections.mjs';
import { judgeLevel } from './length-judge.mjs';
import { plot } from './length-plot.mjs';
import { bench, buildOurs, describeMachine, machineText, markdownTable, root, textTable, workplace } from './runner.mjs';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    recipe: { type: 'string', default: 'cluttered-quick' },
    every: { type: 'string', default: '5' },
    out: { type: 'string' },
    from: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const minutes = Number(options.minutes);
if (!(minutes > 0)) throw new Error(`--minutes ${options.minutes} is not a number above 0.`);
const NAMES = { pretrain: 'float', calibrate: 'calibration', supernet: 'elastic' };
/** Change over the second half, as a share, below which memory counts as level. */
const LEVEL = 0.01;
const { directory, runners, cleanUp } = workplace();

/** Runs the training. @returns {Promise<object[]>} what its host said */
async function train(ours, worker, file) {
  const args = [ours, join(directory, 'long.eqnet'), options.recipe, options.minutes, worker, join(bench, 'length-probe.mjs'), file];
  const child = spawn(process.execPath, [...args, String(1000 * Number(options.every))], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  runners.push({ end: () => child.kill('SIGTERM') });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const said = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const message = JSON.parse(line);
    said.push(message);
    if (message.phase) console.log(`${NAMES[message.phase]} begins`);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`The training ended with code ${code}; see above what it said.`);
  return said;
}

/** What was noted, by minutes since the training began. */
function arrange(said, probed) {
  const begin = said.find(({ phase }) => phase).at;
  const end = Math.max(said.at(-1).at, probed.at(-1).at);
  const minute = (at) => (at - begin) / 60_000;
  const begun = said.filter(({ phase }) => phase);
  const phases = begun.map(({ phase, at }, i) => ({ name: NAMES[phase], phase, from: minute(at), to: minute(begun[i + 1]?.at ?? end) }));
  const vitals = said.filter(({ tensors }) => tensors !== undefined);
  const samples = probed
    .filter(({ at }) => at >= begin)
    .map(({ at, rss, heapUsed, tfTensors }) => {
      const near = vitals.reduce((best, each) => (Math.abs(each.at - at) < Math.abs(best.at - at) ? each : best));
      return { minute: minute(at), rss, heap: heapUsed, tfTensors, tensors: near.tensors, hostRss: near.hostRss, hostHeap: near.hostHeap };
    });
  const elastic = phases.find(({ phase }) => phase === 'supernet');
  const counts = vitals.filter(({ at }) => minute(at) >= elastic.from).map(({ tensors }) => tensors);
  const marksOf = (key) => said.filter((message) => message[key] !== undefined).map(({ at }) => minute(at));
  const checkpoints = marksOf('checkpoint');
  const half = elastic.from + minutes / 2;
  const snapshots = checkpoints.filter((at) => at >= half).slice(0, 1);
  // the bit-widths of one evaluation come in several messages
  const evaluations = [
    ...new Map(said.filter(({ evaluation }) => evaluation !== undefined).map(({ evaluation, at }) => [evaluation, minute(at)])).values(),
  ];
  return { phases, elastic, samples, counts, marks: { checkpoints, snapshots, evaluations } };
}

/** What was measured: now, or by an earlier call. */
async function measure() {
  if (options.from) return JSON.parse(readFileSync(options.from, 'utf8'));
  const built = await ensureBuilt();
  const ours = await buildOurs('length-ours');
  const machine = describeMachine({}, 0);
  const file = join(directory, 'samples.jsonl');
  const said = await train(ours, join(built, 'worker.js'), file);
  const probed = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const { steps, engine } = said.at(-1);
  return { date: new Date().toISOString(), machine, engine, steps, ...arrange(said, probed) };
}

async function main() {
  const found = await measure();
  if (options.out) writeFileSync(options.out, `${JSON.stringify(found, null, 2)}\n`);
  const { elastic, samples, counts, marks, steps } = found;
  // the last checkpoint ends the training; what follows is the evaluation at its end
  const end = marks.checkpoints.at(-1);
  const during = samples.filter(({ minute }) => minute >= elastic.from && minute <= end);
  const series = [
    ['worker, resident', 'rss'],
    ['worker, JS heap', 'heap'],
    ['host, resident', 'hostRss'],
  ].map(([name, key]) => ({ name, key, ...judgeLevel(during.map((sample) => ({ x: sample.minute, y: sample[key] }))) }));
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  const percent = (share) => `${(100 * share).toFixed(2)} %`;
  const rows = [
    ['MB', 'after 1/4', 'level in the second half', 'at most', 'change over the second half'],
    ...series.map(({ name, quarter, level, most, change }) => [
      name,
      megabytes(quarter),
      megabytes(level),
      megabytes(most),
      percent(change),
    ]),
  ];
  const span = (values) =>
    Math.min(...values) === Math.max(...values) ? `always ${values[0]}` : `${Math.min(...values)} to ${Math.max(...values)}`;
  const tf = during.map(({ tfTensors }) => tfTensors);
  const tensors = `Tensors between two native calls, variables not counted: ${span(counts)} in TensorFlow (${counts.length} samples), ${span(tf)} by \`tf.memory().numTensors\``;
  console.log(`${textTable(rows)}\n${tensors}`);
  const caption = `${steps.toLocaleString('en-US')} elastic steps of ${options.recipe}, ${marks.evaluations.length} evaluations, ${marks.checkpoints.length} checkpoints`;
  const picture = plot({ ...found, caption });
  mkdirSync(join(bench, 'results'), { recursive: true });
  writeFileSync(options.write ? join(root, 'docs', 'memory.svg') : join(bench, 'results', 'memory.svg'), picture);
  const [worker] = series;
  const problems = [
    ...(Math.abs(worker.change) < LEVEL
      ? []
      : [`the resident memory of the worker changed by ${percent(worker.change)} over the second half`]),
    ...(new Set(counts).size === 1 && new Set(tf).size === 1 ? [] : [`tensors were not constant: ${tensors}`]),
  ];
  if (options.write) write(found, { rows, tensors, caption, problems });
  if (problems.length) {
    console.error(`Not level: ${problems.join('; ')}.`);
    process.exitCode = 1;
  }
}

function write({ date, machine, engine }, { rows, tensors, caption, problems }) {
  putSection(
    join(root, 'docs', 'benchmarks.md'),
    'length',
    `## Memory of a long training

\`npm run bench:length -- --minutes ${options.minutes} --write\` trains for ${options.minutes} minutes with the worker, the pipeline and the store of the program, draws the plot and writes this section: ${caption} (one of them asked for by hand), a sample every ${options.every} s, engine ${engine}. ${date.slice(0, 10)}, ${machineText(machine).replace(/; 0 threads/, '')}.

![Memory and tensors over the minutes of a training](memory.svg)

${markdownTable(rows)}

The change is that of a straight line through the samples of the second half (Theil and Sen: the median of the slopes between all pairs, which the short peaks of evaluations do not bend), over its whole length, as a share of its level; below ${100 * LEVEL} % counts as level. ${tensors}.${problems.length ? `\n\n**Not level:** ${problems.join('; ')}.` : ''}`,
  );
}

await main().finally(cleanUp);
