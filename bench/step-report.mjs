// Tables and ratios of `npm run bench:step`.
import { isQuiet, median, quietest, starred } from './runner.mjs';

/** Quantization of every layer in one form, the cheapest and the dearest: per-tensor symmetric, per-channel and asymmetric. */
export const FORMS = { cheapest: 'tss', dearest: 'caa' };

const number = (value) => value.toFixed(0);
const cpuOf = (rounds) => median(rounds.flatMap((round) => round.cpuMilliseconds));
const stepsOf = (rounds) => quietest(rounds).flatMap((round) => round.milliseconds);

/** Times of all sides; disturbed turns have a star. */
function timeRows(runners) {
  const turns = runners[0].rounds.map((_, i) => `round ${i + 1} `);
  const rows = [['ms per step', 'start, s', 'first step', ...turns, 'median', 'min', 'CPU', 'peak MB']];
  for (const { name, readySeconds, firstMilliseconds, rounds, peakMegabytes } of runners) {
    const all = stepsOf(rounds);
    rows.push([
      name,
      readySeconds.toFixed(1),
      number(firstMilliseconds),
      ...rounds.map((round) => starred(number(round.median), isQuiet(round))),
      number(median(all)),
      number(Math.min(...all)),
      number(cpuOf(quietest(rounds))),
      peakMegabytes == null ? '?' : number(peakMegabytes),
    ]);
  }
  return rows;
}

/** `first` over `second`: medians of each round, their median, least times, CPU times. */
function compare(first, second) {
  const perRound = first.rounds.map((round, i) => ({
    ratio: round.median / second.rounds[i].median,
    others: Math.max(round.others, second.rounds[i].others),
  }));
  return {
    perRound,
    median: median(quietest(perRound).map(({ ratio }) => ratio)),
    min: Math.min(...stepsOf(first.rounds)) / Math.min(...stepsOf(second.rounds)),
    cpu: cpuOf(quietest(first.rounds)) / cpuOf(quietest(second.rounds)),
  };
}

/**
 * @param runners of one network, with their rounds
 * @returns `{ times, shares }`, rows of two tables, and `ratios` by name; `prefix` begins the names
 */
export function summarize(runners, prefix) {
  const find = (name) => runners.find((runner) => runner.name === name);
  const pairs = [];
  for (const kind of ['float', 'elastic'])
    for (const side of ['PyTorch', 'torch.compile']) if (find(`${side} ${kind}`)) pairs.push([`ours ${kind}`, `${side} ${kind}`]);
  const [dear, cheap] = [`ours elastic, form ${FORMS.dearest}`, `ours elastic, form ${FORMS.cheapest}`];
  if (find(dear)) pairs.push([dear, cheap]);

  const turns = runners[0].rounds.map((_, i) => `round ${i + 1} `);
  const shares = [['ratio', ...turns, 'median', 'of least times', 'of CPU times', 'of peak memory']];
  const ratios = {};
  for (const [first, second] of pairs) {
    const { perRound, median: middle, min, cpu } = compare(find(first), find(second));
    const memory = find(first).peakMegabytes / find(second).peakMegabytes;
    const name = first === dear ? `${FORMS.dearest} / ${FORMS.cheapest}` : `${first} / ${second}`;
    ratios[`${prefix} ${name}`] = middle;
    if (first === 'ours elastic') ratios[`${prefix} peak memory, ${name}`] = memory;
    shares.push([
      name,
      ...perRound.map((round) => starred(round.ratio.toFixed(2), isQuiet(round))),
      ...[middle, min, cpu, memory].map((ratio) => (Number.isFinite(ratio) ? ratio.toFixed(2) : '?')),
    ]);
  }
  const [float, elastic] = [find('ours float'), find('ours elastic')];
  if (float && elastic) {
    const whole = median(stepsOf(elastic.rounds));
    ratios[`${prefix} our elastic step / 3 float steps`] = whole / (3 * median(stepsOf(float.rounds)));
    ratios[`${prefix} WDR, clip, Adam and tables / elastic step`] =
      median(quietest(elastic.rounds).flatMap((round) => round.updates)) / whole;
    ratios[`${prefix} first elastic step, s`] = elastic.firstMilliseconds / 1000;
    ratios[`${prefix} longest time without a look at messages, s`] =
      Math.max(...quietest(elastic.rounds).flatMap((round) => round.longest)) / 1000;
  }
  return { times: timeRows(runners), shares, ratios };
}
