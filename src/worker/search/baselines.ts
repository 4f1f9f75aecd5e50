import type { Form } from '../../shared/domain/form.ts';
import { formKey } from '../../shared/domain/form.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import type { GeneAxis, SearchSpace } from '../../shared/domain/space.ts';
import { GenomeScorer, ranked, type Fitness, type Population } from './fitness.ts';
import { collectDistinct, Individuals, Marks } from './individuals.ts';
import { BitSampler } from './sampler.ts';
import { requireFeasible, sumWindow, targetWindows, type Target } from './window.ts';

const PATIENCE = 50;
/** Most sums that the exact search tells apart; beyond, masses are rounded to a grid of that many. */
const STATES = 200_000;

export interface RandomSearchOptions {
  space: SearchSpace;
  form: Form;
  target: Target;
  fitness: Fitness;
  seed: number;
  /** Configurations to score; fewer when the windows hold fewer. */
  evaluations: number;
  /** As in `GeneticOptions`. */
  samplerDraws?: number;
  /** Scored in one call. */
  batch?: number;
}

/**
 * Random search: different configurations from the Monte-Carlo sampler inside the windows, the best first. What a
 * genetic search must beat at the same number of evaluations.
 * @throws WorkbenchError `recipe-invalid` when no configuration lies in the windows
 */
export async function randomSearch(options: RandomSearchOptions): Promise<Population> {
  const { space, form, target, fitness, seed, evaluations, batch = 1000 } = options;
  const windows = targetWindows(target);
  requireFeasible(space, windows, form);
  const sampler = new BitSampler(space, seed, options.samplerDraws);
  const stream = new RandomStream(seed, `random-search/${formKey(form)}/${windows.weights.high}/${windows.activations.high}`);
  const individuals = new Individuals();
  const found = collectDistinct(evaluations, individuals, new Marks(), PATIENCE, new Uint8Array(space.length), (genes) =>
    sampler.draw(windows, stream, genes),
  );
  const genomes = found.map((number) => individuals.genome(number));
  const scorer = new GenomeScorer(space, form, fitness);
  const scores = new Float32Array(genomes.length);
  for (let start = 0; start < genomes.length; start += batch) {
    scores.set(await scorer.evaluate(genomes.slice(start, start + batch)), start);
  }
  return ranked(genomes, scores);
}

/** A score that is a sum over genes: `gain(gene, bits)` is what a gene of the genome adds at a bit-width. */
export type AdditiveGain = (gene: number, bits: number) => number;

export interface ExactOptimum {
  genes: Uint8Array;
  /** Sum of the gains. */
  gain: number;
  /** False when masses had to be rounded: then the optimum may be missed by what a hundredth of a bit is worth. */
  exact: boolean;
}

function commonDivisor(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/** Best choice of one axis by dynamic programming over its sum of mass x bits; writes the genes. */
function optimizeAxis(
  axis: GeneAxis,
  window: { low: number; high: number },
  gain: AdditiveGain,
  genes: Uint8Array,
): { gain: number; exact: boolean } | null {
  const { masses, choices, offset, heldSum } = axis;
  const bases = choices.map((bits) => bits[0]);
  const spans = choices.map((bits) => bits[bits.length - 1] - bits[0]);
  const spread = masses.reduce((sum, mass, gene) => sum + mass * spans[gene], 0);
  const lowest = masses.reduce((sum, mass, gene) => sum + mass * bases[gene], heldSum);
  // Sums are counted from "all genes at their lowest bits", in units of the masses' common divisor.
  let unit = masses.reduce(commonDivisor, 0) || 1;
  const exact = spread / unit < STATES;
  if (!exact) unit = spread / STATES;
  const units = Uint32Array.from(masses, (value) => Math.round(value / unit));
  const slack = exact ? 0 : (spans.reduce((sum, span) => sum + span, 0) * unit) / 2;
  const bounds = sumWindow(axis, window);
  const low = bounds.low - lowest + slack;
  const high = bounds.high - lowest - slack;

  const states = units.reduce((sum, size, gene) => sum + size * spans[gene], 0) + 1;
  let best = new Float64Array(states).fill(-Infinity);
  best[0] = 0;
  let reach = 0;
  const decisions = masses.length ? Array.from(units, () => new Uint8Array(states)) : [];
  units.forEach((size, gene) => {
    const after = new Float64Array(states).fill(-Infinity);
    choices[gene].forEach((bits, choice) => {
      const step = size * (bits - bases[gene]);
      const added = gain(offset + gene, bits);
      for (let state = 0; state <= reach; state++) {
        const value = best[state] + added;
        if (value > after[state + step]) {
          after[state + step] = value;
          decisions[gene][state + step] = choice;
        }
      }
    });
    best = after;
    reach += size * spans[gene];
  });

  let end = -1;
  for (let state = 0; state < states; state++) {
    const sum = state * unit;
    if (best[state] > -Infinity && sum > low && sum <= high && (end < 0 || best[state] > best[end])) end = state;
  }
  if (end < 0) return null;
  const total = best[end];
  for (let gene = units.length - 1, state = end; gene >= 0; gene--) {
    const bits = choices[gene][decisions[gene][state]];
    genes[offset + gene] = bits;
    state -= units[gene] * (bits - bases[gene]);
  }
  return { gain: total, exact };
}

/**
 * The best genome for a score that is a sum over genes, by dynamic programming. Exact as long as the masses, in units of
 * their greatest common divisor, sum to few enough states (the usual networks do).
 * @returns null when rounding leaves nothing in the windows
 * @throws WorkbenchError `recipe-invalid` when no configuration lies in the windows
 */
export function exactAdditiveSearch(space: SearchSpace, form: Form, target: Target, gain: AdditiveGain): ExactOptimum | null {
  const windows = targetWindows(target);
  requireFeasible(space, windows, form);
  const genes = new Uint8Array(space.length);
  const weights = optimizeAxis(space.weights, windows.weights, gain, genes);
  const activations = optimizeAxis(space.activations, windows.activations, gain, genes);
  if (!weights || !activations) return null;
  return { genes, gain: weights.gain + activations.gain, exact: weights.exact && activations.exact };
}
