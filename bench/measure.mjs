// Measured configurations in a minute, BN re-calibration included: the product's way, the run's program (the naive loop), and
// ONNX Runtime on the exported integer model with PyTorch's re-calibration.
//   npm run bench:measure -- [--rounds 4] [--count 5] [--threads N] [--recipes cluttered-quick,cluttered-resnet20] [--no-peer]
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pythonOf } from './python.mjs';
import { benchFolder, buildBench, busyMilliseconds, median, once, Runner, table } from './runner.mjs';

/** Epochs of float training: enough that configurations differ in accuracy; what a measurement costs does not depend on them. */
const EPOCHS = '0.3';
/** Share of the validation images by which two ways may differ on one configuration: values next to rounding boundaries. */
const TOLERANCE = 0.01;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    count: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(os.availableParallelism()) },
    recipes: { type: 'string', default: 'cluttered-quick,cluttered-resnet20' },
    'no-peer': { type: 'boolean', default: false },
  },
});
const { threads } = options;
const [rounds, count] = [Number(options.rounds), Number(options.count)];
const configurations = String(rounds * count);
const runners = [];
const folder = mkdtempSync(join(os.tmpdir(), 'eqnet-bench-'));
const cleanUp = () => {
  for (const runner of runners) runner.end();
  rmSync(folder, { recursive: true, force: true });
};
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    cleanUp();
    process.exit(130);
  });
}

/** All sides in turn; every other round backwards, so that a slow drift of the machine favours nobody. */
async function takeTurns(sides) {
  for (const runner of sides) {
    await runner.hear();
    await runner.steps(1);
  }
  for (let round = 0; round < rounds; round++) {
    for (const runner of round % 2 ? [...sides].reverse() : sides) {
      const [started, before] = [performance.now(), busyMilliseconds()];
      const answer = await runner.steps(count);
      const own = answer.cpuMilliseconds.reduce((sum, value) => sum + value, 0);
      const others = Math.max(0, busyMilliseconds() - before - own) / ((performance.now() - started) * os.cpus().length);
      runner.rounds.push({ ...answer, others });
    }
  }
}

/** @returns one sentence for each configuration on which two ways differ too much */
function disagreements([first, ...others]) {
  const accuracies = (runner) => runner.rounds.flatMap((round) => round.accuracies);
  return others.flatMap((other) =>
    accuracies(other).flatMap((accuracy, i) => {
      const gap = Math.abs(accuracy - accuracies(first)[i]);
      return gap <= TOLERANCE ? [] : [`configuration ${i}: ${first.name} ${accuracies(first)[i]}, ${other.name} ${accuracy}`];
    }),
  );
}

async function compare(recipe, ours, python) {
  const directory = mkdtempSync(join(folder, 'run-'));
  const file = join(benchFolder, '../resources/recipes', `${recipe}.json`);
  const args = (mode) => [ours, mode, directory, file, EPOCHS, configurations, threads];
  const problem = await once('prepare', process.execPath, args('prepare'));
  if (!problem.native) throw new Error("The native code is not compiled yet: run 'npm run eqnet -- engine install' first.");
  const modes = ['fast', 'naive', ...(python ? ['onnx'] : [])];
  const sides = modes.map((mode) => new Runner(mode, process.execPath, args(mode)));
  const torch = python && new Runner('torch', python, [join(benchFolder, 'peer_measure.py'), directory, threads]);
  const all = torch ? [...sides, torch] : sides;
  runners.push(...all);
  await takeTurns(all);
  const wrong = disagreements(sides);
  if (wrong.length) throw new Error(`The ways of measuring disagree on ${recipe}: ${wrong.join('; ')}`);
  for (const runner of all) runner.end();

  const times = Object.fromEntries(all.map(({ name, rounds: taken }) => [name, taken.map((round) => median(round.milliseconds))]));
  if (torch) times.peer = times.onnx.map((time, i) => time + times.torch[i]);
  const names = { fast: 'ours', naive: 'naive loop', onnx: 'ONNX Runtime, without re-calibration', torch: 'PyTorch, re-calibration only', peer: 'ONNX Runtime and PyTorch' }; // prettier-ignore
  const rows = [['ms', ...times.fast.map((_, i) => `round ${i + 1}`), 'median', 'a minute', 'times ours']];
  for (const [name, values] of Object.entries(times)) {
    const ratio = median(values.map((value, i) => value / times.fast[i]));
    rows.push([names[name], ...values.map((value) => value.toFixed(0)), median(values).toFixed(0), (60_000 / median(values)).toFixed(0), ratio.toFixed(2)]); // prettier-ignore
  }
  console.log(`\n${recipe}: ${problem.recalibrationImages} re-calibration images, ${problem.sampleImages} validation images`);
  console.log(table(rows));
  const busiest = Math.max(...all.flatMap((runner) => runner.rounds.map((round) => round.others)));
  console.log(`Other programs had up to ${(100 * busiest).toFixed(0)} % of the processors in a turn.`);
  return { recipe, ...problem, times, rounds: Object.fromEntries(all.map((runner) => [runner.name, runner.rounds])) };
}

async function main() {
  const python = options['no-peer'] ? null : pythonOf(benchFolder);
  const ours = await buildBench('measure-ours');
  const machine = { cpu: os.cpus()[0].model, cores: os.availableParallelism(), system: `${os.type()} ${os.release()}`, node: process.version, threads }; // prettier-ignore
  console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}, ${threads} threads`);
  const results = [];
  for (const recipe of options.recipes.split(',')) results.push(await compare(recipe, ours, python));
  const date = new Date().toISOString();
  mkdirSync(join(benchFolder, 'results'), { recursive: true });
  const file = join(benchFolder, 'results', `measure-${date.replaceAll(/[:.]/g, '-')}.json`);
  writeFileSync(file, `${JSON.stringify({ date, machine, options, results }, null, 2)}\n`);
  console.log(`Written: ${file}`);
}

await main().finally(cleanUp);
