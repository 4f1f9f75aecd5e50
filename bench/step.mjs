// Step times of ResNet-20, float and elastic, against PyTorch on the same weights, images and subnets.
//   npm run bench:step -- [--rounds 5] [--steps 6] [--batch 128] [--threads N] [--compile] [--check]
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pythonOf } from './python.mjs';
import { benchFolder as bench, buildBench, busyMilliseconds, median, once, Runner, table } from './runner.mjs';

const TOLERANCE = 1e-4;
const WARM_UP = 4;
/** Share of the processors in other programs' hands above which a turn says more about those; left out of medians and ratios. */
const BUSY = 0.05;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '6' },
    batch: { type: 'string', default: '128' },
    threads: { type: 'string' },
    compile: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
});
const threads = options.threads ?? String(os.availableParallelism());

const cpuOf = (rounds) => median(rounds.flatMap((round) => round.cpuMilliseconds));
const relative = (a, b) => Math.abs(a - b) / Math.abs(b);
/** Compares first steps from the same numbers; `errors` gets one sentence for each disagreement. */
function compareLosses(firsts, errors) {
  const report = [];
  const compare = (what, ours, theirs, tolerance) => {
    const error = relative(ours, theirs);
    report.push({ what, ours, theirs, error, tolerance });
    if (tolerance && !(error <= tolerance)) errors.push(`${what}: ours ${ours}, PyTorch ${theirs}`);
  };
  compare('float loss', firsts.get('ours float')[0], firsts.get('torch float')[0], TOLERANCE);
  const [ours, theirs] = [firsts.get('ours elastic'), firsts.get('torch elastic')];
  compare('WDR loss', ours.at(-1), theirs.at(-1), TOLERANCE);
  // Roundings flip where BN differs in the last bit, and flips multiply with depth: shown, not judged.
  ['H', 'R', 'L'].forEach((role, i) => compare(`elastic loss ${role}`, ours[i], theirs[i], null));
  return report;
}

/** Errors of the quantizers that are too large, one sentence each. */
function judgeQuantizers(quantizers) {
  const worst = Math.max(...quantizers.flatMap((one) => Object.values(one.errors)));
  console.log(`Quantizers, values and gradients: ${quantizers.length} cases, largest relative error ${worst.toExponential(1)}`);
  return quantizers.flatMap(({ name, variant, errors }) =>
    Object.entries(errors).flatMap(([key, error]) =>
      error <= TOLERANCE ? [] : [`${key} of '${name}' (${variant}): relative error ${error}`],
    ),
  );
}

const isQuiet = (round) => round.others <= BUSY;
/** Undisturbed turns; all where there is none. */
const quietest = (rounds) => (rounds.some(isQuiet) ? rounds.filter(isQuiet) : rounds);

/** The table of times and ratios; also returns the ratios. Disturbed turns have a star. */
function summarize(runners) {
  const number = (value) => value.toFixed(0);
  const starred = (text, quiet) => `${text}${quiet ? ' ' : '*'}`;
  const rows = [['ms per step', ...runners[0].rounds.map((_, i) => `round ${i + 1} `), 'median', 'min', 'CPU', 'peak MB']];
  for (const { name, rounds, peakMegabytes } of runners) {
    const all = quietest(rounds).flatMap((round) => round.milliseconds);
    const turns = rounds.map((round) => starred(number(round.median), isQuiet(round)));
    const peak = peakMegabytes == null ? '?' : number(peakMegabytes);
    rows.push([name, ...turns, number(median(all)), number(Math.min(...all)), number(cpuOf(quietest(rounds))), peak]);
  }
  const ratios = [];
  for (const kind of ['float', 'elastic']) {
    const mine = runners.find((runner) => runner.name === `ours ${kind}`);
    for (const { name, rounds } of runners.filter((runner) => runner !== mine && runner.name.endsWith(` ${kind}`))) {
      const perRound = rounds.map((round, i) => ({
        ratio: mine.rounds[i].median / round.median,
        others: Math.max(mine.rounds[i].others, round.others),
      }));
      const middle = median(quietest(perRound).map(({ ratio }) => ratio));
      const least = (list) => Math.min(...quietest(list).map((round) => round.min));
      const min = least(mine.rounds) / least(rounds);
      const cpu = cpuOf(quietest(mine.rounds)) / cpuOf(quietest(rounds));
      ratios.push({ kind, against: name, perRound, median: middle, min, cpu });
      const turns = perRound.map((round) => starred(round.ratio.toFixed(2), isQuiet(round)));
      rows.push([`ours / ${name}`, ...turns, ...[middle, min, cpu].map((ratio) => ratio.toFixed(2)), '']);
    }
  }
  return { ratios, text: table(rows) };
}

function describeMachine(versions) {
  const machine = {
    cpu: os.cpus()[0].model,
    cores: os.availableParallelism(),
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    ...versions,
    threads: Number(threads),
  };
  console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}`);
  console.log(`Node ${machine.node}, TensorFlow ${machine.tensorflow}, PyTorch ${machine.torch}, ${threads} threads`);
  return machine;
}

const runners = [];
const directory = mkdtempSync(join(os.tmpdir(), 'eqnet-bench-'));
const cleanUp = () => {
  for (const runner of runners) runner.end();
  rmSync(directory, { recursive: true, force: true });
};
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    cleanUp();
    process.exit(130);
  });
}

async function main() {
  const python = pythonOf(bench);
  const ours = await buildBench('step-ours');
  const peer = join(bench, 'peer_step.py');
  const { tensorflow } = await once('problem', process.execPath, [ours, 'problem', directory, options.batch]);
  const { torch, quantizers } = await once('check', python, [peer, 'check', directory, options.batch, threads]);
  const machine = describeMachine({ tensorflow, torch });
  const errors = judgeQuantizers(quantizers);

  for (const kind of ['float', 'elastic']) {
    for (const side of ['ours', 'torch', ...(options.compile ? ['compile'] : [])]) {
      const args = [directory, options.batch, ...(side === 'ours' && !options.threads ? [] : [threads])];
      const runner =
        side === 'ours'
          ? new Runner(`ours ${kind}`, process.execPath, [ours, kind, ...args])
          : new Runner(`${side} ${kind}`, python, [peer, side === 'compile' ? `${kind}-compile` : kind, ...args]);
      runners.push(runner);
      await runner.hear();
    }
  }
  const firsts = new Map();
  for (const runner of runners) firsts.set(runner.name, (await runner.steps(1)).losses[0]);
  const losses = compareLosses(firsts, errors);
  for (const { what, ours: a, theirs: b, error, tolerance } of losses) {
    console.log(
      `First step, ${what}: ${a.toFixed(6)} ours, ${b.toFixed(6)} PyTorch, ${error.toExponential(1)}${tolerance ? '' : ' (not judged)'}`,
    );
  }
  if (errors.length) throw new Error(`Ours and PyTorch disagree: ${errors.join('; ')}`);
  if (options.check) return console.log('The two sides agree.');

  for (const runner of runners) await runner.steps(WARM_UP - 1);
  for (let round = 0; round < Number(options.rounds); round++) {
    // Every other round runs backwards, so that a slow drift of the machine favours nobody.
    for (const runner of round % 2 ? [...runners].reverse() : runners) {
      const started = performance.now();
      const before = busyMilliseconds();
      const { milliseconds, cpuMilliseconds, peakMegabytes } = await runner.steps(Number(options.steps));
      const own = cpuMilliseconds.reduce((sum, value) => sum + value, 0);
      const others = Math.max(0, busyMilliseconds() - before - own) / ((performance.now() - started) * os.cpus().length);
      runner.rounds.push({ median: median(milliseconds), min: Math.min(...milliseconds), milliseconds, cpuMilliseconds, others });
      runner.peakMegabytes = peakMegabytes;
    }
  }
  const { ratios, text } = summarize(runners);
  console.log(`\nResNet-20, 32x32x3, batch ${options.batch}; medians of ${options.steps} steps a round, sides in turn\n${text}`);
  const turns = runners.flatMap((runner) => runner.rounds);
  const disturbed = turns.filter((round) => !isQuiet(round)).length;
  console.log(`\n* other programs had more than ${100 * BUSY} % of the processors (${disturbed} of ${turns.length} turns).`);
  if (disturbed)
    console.log(
      'PyTorch, which waits at a barrier after each operation, loses most by that; such turns count only where there are no others.',
    );
  const results = join(bench, 'results');
  mkdirSync(results, { recursive: true });
  const date = new Date().toISOString();
  const file = join(results, `step-${date.replaceAll(/[:.]/g, '-')}.json`);
  const measured = runners.map(({ name, rounds, peakMegabytes }) => ({ name, rounds, peakMegabytes }));
  writeFileSync(file, `${JSON.stringify({ date, machine, options, losses, quantizers, measured, ratios }, null, 2)}\n`);
  console.log(`Written: ${file}`);
}

await main().finally(cleanUp);
