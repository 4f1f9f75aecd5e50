// The genetic search of the paper on ResNet-18, 100 individuals x 500 generations, against pymoo with the same predictor in PyTorch.
//   npm run bench:search -- [--searches 5] [--predictors paper,default] [--threads N] [--peers nsga2:1,...] [--check] [--out FILE]
import os from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pythonOf } from './python.mjs';
import { bench, BUSY, buildOurs, describeMachine, isQuiet, machineText, median, once, quietest, Runner, starred } from './runner.mjs';
import { textTable, watched, workplace, writeResults } from './runner.mjs';

/** float32 in another order of summation */
const TOLERANCE = 1e-6;
/** What is compared: the algorithm and its threads. More threads (nsga2:2) make matrices this small no faster, and much slower beside other programs. */
const PEERS = 'nsga2:1,nsga2-bitops:1,ga:1';
const TITLES = {
  nsga2: 'pymoo NSGA-II',
  'nsga2-bitops': 'pymoo NSGA-II, BitOps as second objective',
  ga: 'pymoo GA',
};

const { values: options } = parseArgs({
  options: {
    searches: { type: 'string', default: '5' },
    predictors: { type: 'string', default: 'paper,default' },
    threads: { type: 'string', default: String(os.availableParallelism()) },
    peers: { type: 'string', default: PEERS },
    check: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const { directory, runners, cleanUp } = workplace();

/** Rounds of one search for each side, the order turned round in every other; the first search of each is not among them. */
async function measure(python, ours, predictor) {
  const peers = options.peers.split(',').map((peer) => peer.split(':'));
  const sides = [
    new Runner('ours', process.execPath, [ours, 'search', directory, predictor, options.threads]),
    ...peers.map(
      ([kind, threads]) =>
        new Runner(`${TITLES[kind]}, ${threads} thread${threads === '1' ? '' : 's'}`, python, [
          join(bench, 'peer_search.py'),
          kind,
          directory,
          predictor,
          threads,
        ]),
    ),
  ];
  runners.push(...sides);
  for (const side of sides) {
    await side.ready();
    side.first = (await side.ask(1)).searches[0];
  }
  for (let round = 0; round < Number(options.searches); round++) {
    for (const side of round % 2 ? [...sides].reverse() : sides) {
      const answer = await watched(async () => {
        const { searches, peakMegabytes } = await side.ask(1);
        return { ...searches[0], peakMegabytes, cpuMilliseconds: [searches[0].cpuMilliseconds] };
      });
      side.rounds.push(answer);
    }
  }
  for (const side of sides) side.end();
  return sides;
}

function summarize(sides) {
  const seconds = (milliseconds) => (milliseconds / 1000).toFixed(2);
  const of = (side, key) => median(quietest(side.rounds).map((round) => round[key]));
  const turns = sides[0].rounds.map((_, i) => `round ${i + 1} `);
  const rows = [
    ['s per search', 'first', ...turns, 'median', 'of it predictions', 'CPU', 'peak MB', 'evaluations', 'best accuracy found, %'],
  ];
  for (const side of sides) {
    rows.push([
      side.name,
      seconds(side.first.milliseconds),
      ...side.rounds.map((round) => starred(seconds(round.milliseconds), isQuiet(round))),
      seconds(of(side, 'milliseconds')),
      seconds(of(side, 'predicting')),
      seconds(median(quietest(side.rounds).map((round) => round.cpuMilliseconds[0]))),
      of(side, 'peakMegabytes').toFixed(0),
      String(side.rounds[0].evaluations),
      `${(100 * median(side.rounds.map((round) => round.best))).toFixed(3)}`,
    ]);
  }
  const [ours, ...peers] = sides;
  const fastest = (kind) => Math.min(...peers.filter((side) => side.name.startsWith(TITLES[kind])).map((side) => of(side, 'milliseconds')));
  return { rows, seconds: of(ours, 'milliseconds') / 1000, ratio: of(ours, 'milliseconds') / fastest('nsga2') };
}

async function main() {
  const python = pythonOf(bench);
  const ours = await buildOurs('search-ours');
  const found = { tables: [], notes: [], ratios: {}, measured: {} };
  for (const predictor of options.predictors.split(',')) {
    const problem = await once('problem', process.execPath, [ours, 'problem', directory, predictor, options.threads]);
    const checked = await once('check', python, [join(bench, 'peer_search.py'), 'check', directory, predictor, options.threads]);
    if (!found.machine) {
      found.machine = describeMachine(
        { TensorFlow: problem.tensorflow, PyTorch: checked.torch, pymoo: checked.pymoo, NumPy: checked.numpy },
        options.threads,
      );
      console.log(machineText(found.machine));
    }
    console.log(
      `Predictor '${predictor}': ${problem.samples} samples, ${problem.epochs} epochs in ${problem.trainSeconds.toFixed(1)} s, Kendall ${problem.kendall.toFixed(2)} on held-out ones; predictions of both sides differ by at most ${checked.predictions.toExponential(1)}`,
    );
    if (!(checked.codes === 0 && checked.predictions <= TOLERANCE))
      throw new Error(
        `Ours and PyTorch disagree: codes by ${checked.codes}, predictions by ${checked.predictions}, allowed ${TOLERANCE}: mend bench/peer_search.py before any time counts.`,
      );
    if (options.check) continue;
    const sides = await measure(python, ours, predictor);
    const { rows, seconds, ratio } = summarize(sides);
    const title = `Search of ResNet-18 (${problem.genes} genes), 100 x 500, predictor '${predictor}'`;
    found.tables.push({ title, rows });
    found.ratios[`search ${predictor}: seconds`] = seconds;
    found.ratios[`search ${predictor}: ours / fastest NSGA-II`] = ratio;
    found.measured[predictor] = { problem, checked, sides: sides.map(({ name, first, rounds }) => ({ name, first, rounds })) };
    const longest = Math.max(...quietest(sides[0].rounds).map((round) => round.longest));
    const note = `Ours takes ${seconds.toFixed(2)} s, ${(1 / ratio).toFixed(1)} times faster than the fastest NSGA-II; the longest time without a look at messages is ${longest.toFixed(0)} ms.`;
    found.notes.push(`${title}: ${note}`);
    const turns = sides.flatMap((side) => side.rounds);
    const disturbed = turns.filter((round) => !isQuiet(round)).length;
    found.disturbed = (found.disturbed ?? 0) + disturbed;
    found.turns = (found.turns ?? 0) + turns.length;
    console.log(`\n${title}\n${textTable(rows)}\n\n${note}`);
    if (disturbed) console.log(`* other programs had more than ${100 * BUSY} % of the processors (${disturbed} of ${turns.length} turns).`);
  }
  if (options.check) return console.log('The two sides agree.');
  writeResults('search', found, options.out);
}

await main().finally(cleanUp);
