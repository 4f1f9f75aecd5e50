// Measured configurations in a minute, BN re-calibration included: the product's way, the run's program with and without
// the native ops of training (without: the naive loop), and
// ONNX Runtime on the exported integer model with PyTorch's re-calibration.
//   npm run bench:measure -- [--rounds 4] [--count 5] [--threads N] [--recipes cluttered-quick,cluttered-resnet20] [--no-peer] [--out FILE]
import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pythonOf } from './python.mjs';
import {
  bench,
  BUSY,
  buildOurs,
  describeMachine,
  isQuiet,
  machineText,
  median,
  once,
  quietest,
  root,
  Runner,
  starred,
  textTable,
  watched,
  workplace,
  writeResults,
} from './runner.mjs';

/** Epochs of float training: enough that configurations differ in accuracy; what a measurement costs does not depend on them. */
const EPOCHS = '0.3';
/** Share of the validation images by which two ways may differ on one configuration, and on average: values next to rounding boundaries. */
const TOLERANCE = { one: 0.025, average: 0.0075 };
const TITLES = { fast: 'ours', program: 'with the ops of training', naive: 'naive loop', onnx: 'ONNX Runtime, without re-calibration', torch: 'PyTorch, re-calibration only', peer: 'ONNX Runtime and PyTorch' }; // prettier-ignore

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    count: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(os.availableParallelism()) },
    recipes: { type: 'string', default: 'cluttered-quick,cluttered-resnet20' },
    'no-peer': { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const { threads } = options;
const [rounds, count] = [Number(options.rounds), Number(options.count)];
const configurations = String(rounds * count);
const { directory: folder, runners, cleanUp } = workplace();

/** All sides in turn; every other round backwards, so that a slow drift of the machine favours nobody. */
async function takeTurns(sides) {
  for (const side of sides) {
    await side.ready();
    await side.ask(1);
  }
  for (let round = 0; round < rounds; round++)
    for (const side of round % 2 ? [...sides].reverse() : sides) side.rounds.push(await watched(() => side.ask(count)));
}

/** @returns one sentence for each configuration on which two ways differ too much, and for each way that differs too much on average */
function disagreements([first, ...others]) {
  const accuracies = (runner) => runner.rounds.flatMap((round) => round.accuracies);
  return others.flatMap((other) => {
    const gaps = accuracies(other).map((accuracy, i) => Math.abs(accuracy - accuracies(first)[i]));
    const average = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const wrong = gaps.flatMap((gap, i) =>
      gap <= TOLERANCE.one ? [] : [`configuration ${i}: ${first.name} ${accuracies(first)[i]}, ${other.name} ${accuracies(other)[i]}`],
    );
    console.log(
      `Accuracies of '${first.name}' and '${other.name}' differ by ${(100 * average).toFixed(2)} points on average, ${(100 * Math.max(...gaps)).toFixed(2)} at most`,
    );
    return average <= TOLERANCE.average ? wrong : [...wrong, `on average ${first.name} and ${other.name} differ by ${average}`];
  });
}

/** The sides as lists of turns; the peer's turns are those of its two parts together. */
function turnsOf(sides) {
  const turns = Object.fromEntries(
    sides.map(({ name, rounds: taken }) => [name, taken.map((round) => ({ ms: median(round.milliseconds), others: round.others }))]),
  );
  if (turns.torch)
    turns.peer = turns.onnx.map(({ ms, others }, i) => ({ ms: ms + turns.torch[i].ms, others: Math.max(others, turns.torch[i].others) }));
  return turns;
}

async function compare(recipe, ours, python) {
  const directory = mkdtempSync(join(folder, 'run-'));
  const file = join(root, 'resources', 'recipes', `${recipe}.json`);
  const args = (mode) => [ours, mode, directory, file, EPOCHS, configurations, threads];
  const problem = await once('prepare', process.execPath, args('prepare'));
  if (!problem.native) throw new Error("The native code is not compiled yet: run 'npm run eqnet -- engine install' first.");
  const modes = ['fast', 'program', 'naive', ...(python ? ['onnx'] : [])];
  const sides = modes.map((mode) => new Runner(mode, process.execPath, args(mode)));
  const torch = python && new Runner('torch', python, [join(bench, 'peer_measure.py'), directory, threads]);
  const all = torch ? [...sides, torch] : sides;
  runners.push(...all);
  await takeTurns(all);
  for (const runner of all) runner.end();
  const wrong = disagreements(sides);
  if (wrong.length) throw new Error(`The ways of measuring disagree on ${recipe}: ${wrong.join('; ')}`);

  const turns = turnsOf(all);
  const least = (name) => median(quietest(turns[name]).map(({ ms }) => ms));
  const rows = [['ms for one', ...turns.fast.map((_, i) => `round ${i + 1} `), 'median', 'a minute', 'times ours']];
  for (const [name, taken] of Object.entries(turns)) {
    const shown = taken.map((turn) => starred(turn.ms.toFixed(0), isQuiet(turn)));
    rows.push([
      TITLES[name],
      ...shown,
      least(name).toFixed(0),
      (60_000 / least(name)).toFixed(0),
      (least(name) / least('fast')).toFixed(2),
    ]);
  }
  const title = `Measured configurations, ${recipe}: ${problem.recalibrationImages} re-calibration and ${problem.sampleImages} validation images`;
  console.log(`\n${title}\n${textTable(rows)}`);
  const disturbed = all.flatMap((side) => side.rounds).filter((round) => !isQuiet(round)).length;
  if (disturbed)
    console.log(`* other programs had more than ${100 * BUSY} % of the processors (${disturbed} of ${all.length * rounds} turns).`);
  const ratios = {
    [`${recipe}: ours / naive loop`]: least('fast') / least('naive'),
    [`${recipe}: ours / with the ops of training`]: least('fast') / least('program'),
  };
  if (torch) ratios[`${recipe}: ours / ONNX Runtime and PyTorch`] = least('fast') / least('peer');
  return { problem, table: { title, rows }, ratios, turns: all.length * rounds, disturbed, sides: Object.fromEntries(all.map((side) => [side.name, side.rounds])) }; // prettier-ignore
}

async function main() {
  const python = options['no-peer'] ? null : pythonOf(bench);
  const ours = await buildOurs('measure-ours');
  const found = { tables: [], notes: [], ratios: {}, measured: {}, turns: 0, disturbed: 0 };
  for (const recipe of options.recipes.split(',')) {
    const { problem, table, ratios, turns, disturbed, sides } = await compare(recipe, ours, python);
    if (!found.machine) {
      found.machine = describeMachine({ TensorFlow: problem.tensorflow }, threads);
      console.log(machineText(found.machine));
    }
    found.tables.push(table);
    Object.assign(found.ratios, ratios);
    found.measured[recipe] = { problem, sides };
    found.turns += turns;
    found.disturbed += disturbed;
  }
  writeResults('measure', found, options.out);
}

await main().finally(cleanUp);
