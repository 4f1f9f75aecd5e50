// Step times, float and elastic, against PyTorch (eager and torch.compile) on the same weights, images and subnets.
//   npm run bench:step -- [--nets resnet20:128,mobilenetv2-0.5:64] [--rounds 5] [--steps 6] [--threads N] [--eager] [--check] [--out FILE]
import { mkdirSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pythonOf } from './python.mjs';
import { bench, BUSY, buildOurs, describeMachine, isQuiet, machineText, median, once, Runner } from './runner.mjs';
import { textTable, watched, workplace, writeResults } from './runner.mjs';
import { FORMS, summarize } from './step-report.mjs';

const TOLERANCE = 1e-4;
const WARM_UP = 4;
/** Networks with their batches; sizes of images are in problem.ts. */
const NETS = 'resnet20:128,mobilenetv2-0.5:64';

const { values: options } = parseArgs({
  options: {
    nets: { type: 'string', default: NETS },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '6' },
    threads: { type: 'string' },
    // without torch.compile, whose first step takes a minute or more, and without the runs in one form
    eager: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const threads = options.threads ?? String(os.availableParallelism());
const { directory, runners: all, cleanUp } = workplace();
const relative = (a, b) => Math.abs(a - b) / Math.abs(b);

/** Compares first steps from the same numbers; `errors` gets one sentence for each disagreement. */
function compareLosses(firsts, errors) {
  const report = [];
  const compare = (what, ours, theirs, tolerance) => {
    const error = relative(ours, theirs);
    report.push({ what, ours, theirs, error, tolerance });
    if (tolerance && !(error <= tolerance)) errors.push(`${what}: ours ${ours}, PyTorch ${theirs}`);
  };
  const [ours, theirs] = [firsts.get('ours elastic'), firsts.get('PyTorch elastic')];
  for (const side of ['PyTorch', 'torch.compile'].filter((name) => firsts.has(`${name} float`))) {
    compare(`float loss, ${side}`, firsts.get('ours float')[0], firsts.get(`${side} float`)[0], TOLERANCE);
    compare(`WDR loss, ${side}`, ours.at(-1), firsts.get(`${side} elastic`).at(-1), TOLERANCE);
  }
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

/** All sides of one network, ready, each after its first step. */
async function start(python, ours, folder, net, batch, compiles) {
  const peer = join(bench, 'peer_step.py');
  const mine = (name, mode) =>
    new Runner(name, process.execPath, [ours, mode, folder, net, batch, ...(options.threads ? [options.threads] : [])]);
  // Each time compiled anew: the first step is one of the numbers, and nothing stays behind.
  const theirs = (name, mode) =>
    new Runner(name, python, [peer, mode, folder, threads], { TORCHINDUCTOR_CACHE_DIR: join(folder, `${mode}-cache`) });
  const sides = [];
  for (const kind of ['float', 'elastic']) {
    sides.push(mine(`ours ${kind}`, kind), theirs(`PyTorch ${kind}`, kind));
    if (compiles) sides.push(theirs(`torch.compile ${kind}`, `${kind}-compile`));
  }
  if (!options.eager && !options.check)
    for (const form of Object.values(FORMS)) sides.push(mine(`ours elastic, form ${form}`, `elastic-${form}`));
  all.push(...sides);
  const firsts = new Map();
  for (const side of sides) {
    await side.ready();
    const { milliseconds, losses } = await side.ask(1);
    side.firstMilliseconds = milliseconds[0];
    firsts.set(side.name, losses[0]);
  }
  return { sides, firsts };
}

async function takeTurns(sides) {
  for (const side of sides) await side.ask(WARM_UP - 1);
  for (let round = 0; round < Number(options.rounds); round++) {
    // Every other round runs backwards, so that a slow drift of the machine favours nobody.
    for (const side of round % 2 ? [...sides].reverse() : sides) {
      const { losses: _, peakMegabytes, ...answer } = await watched(() => side.ask(options.steps));
      side.rounds.push({ ...answer, median: median(answer.milliseconds) });
      side.peakMegabytes = peakMegabytes;
    }
  }
}

async function measureNet(python, ours, found, net, batch) {
  const folder = join(directory, net);
  mkdirSync(folder);
  const { tensorflow } = await once('problem', process.execPath, [ours, 'problem', folder, net, batch]);
  const { torch, quantizers } = await once('check', python, [join(bench, 'peer_step.py'), 'check', folder, threads]);
  if (!found.machine) {
    found.machine = describeMachine({ TensorFlow: tensorflow, PyTorch: torch }, threads);
    console.log(machineText(found.machine));
    const { compiles, why } =
      options.eager || options.check ? {} : await once('compiles', python, [join(bench, 'peer_step.py'), 'compiles', folder, threads]);
    found.compiles = compiles ?? false;
    if (why) found.notes.push(`torch.compile does not work here and is left out: ${why}`);
  }
  const errors = judgeQuantizers(quantizers);
  const { sides, firsts } = await start(python, ours, folder, net, batch, found.compiles);
  const losses = compareLosses(firsts, errors);
  for (const { what, ours: a, theirs: b, error, tolerance } of losses) {
    console.log(
      `First step, ${what}: ${a.toFixed(6)} ours, ${b.toFixed(6)} PyTorch, ${error.toExponential(1)}${tolerance ? '' : ' (not judged)'}`,
    );
  }
  if (errors.length) throw new Error(`Ours and PyTorch disagree on ${net}: ${errors.join('; ')}`);
  if (!options.check) {
    await takeTurns(sides);
    const { times, shares, ratios } = summarize(sides, `${net}:`);
    const title = `${net}, batch ${batch}; medians of ${options.steps} steps a round, sides in turn`;
    found.tables.push({ title, rows: times }, { title: `${net}, batch ${batch}: ratios`, rows: shares });
    Object.assign(found.ratios, ratios);
    const measured = sides.map(({ name, readySeconds, firstMilliseconds, rounds, peakMegabytes }) => ({
      name,
      readySeconds,
      firstMilliseconds,
      rounds,
      peakMegabytes,
    }));
    found.measured[net] = { losses, quantizers, sides: measured };
    console.log(`\n${title}\n${textTable(times)}\n\n${textTable(shares)}`);
    for (const [name, value] of Object.entries(ratios)) console.log(`${name}: ${value.toFixed(3)}`);
    const turns = sides.flatMap((side) => side.rounds);
    found.turns += turns.length;
    found.disturbed += turns.filter((round) => !isQuiet(round)).length;
  }
  for (const side of sides) side.end();
}

async function main() {
  const python = pythonOf(bench);
  const ours = await buildOurs('step-ours');
  const found = { tables: [], notes: [], ratios: {}, measured: {}, turns: 0, disturbed: 0 };
  for (const net of options.nets.split(',')) {
    const [name, batch] = net.split(':');
    await measureNet(python, ours, found, name, batch);
  }
  if (options.check) return console.log('The two sides agree.');
  if (found.disturbed)
    console.log(
      `* other programs had more than ${100 * BUSY} % of the processors (${found.disturbed} of ${found.turns} turns). PyTorch, which waits at a barrier after each operation, loses most by that; such turns count only where there are no others.`,
    );
  writeResults('step', found, options.out);
}

await main().finally(cleanUp);
