import { describe, expect, it } from 'vitest';
import { parseForm } from '../../shared/domain/form.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { buildSearchSpace, genomeKey, searchSpaceOf } from '../../shared/domain/space.ts';
import { axisAverage, chainFacts, FULL_SPACE, RESNET18 } from '../../shared/domain/test-networks.ts';
import { encodingLength } from '../predictor/encoding.ts';
import { exactAdditiveSearch, randomSearch } from './baselines.ts';
import type { Fitness } from './fitness.ts';
import { GeneticSearch, type GeneticOptions, type GeneticState } from './genetic.ts';

const SPACE = searchSpaceOf(RESNET18, FULL_SPACE);
const FORM = parseForm('caa');
const WIDTH = encodingLength(SPACE.facts.length);

/**
 * A separable toy: every gene loses `importance * 4^-bits`-like accuracy, read from the code as a linear model would.
 * Sensitivities of two decades, independent of size, so that the optimum is far from uniform.
 */
const columnGain = (() => {
  const stream = new RandomStream(5, 'test/fitness');
  const gains = new Float32Array(WIDTH);
  for (let slot = 0; slot < (WIDTH - 6) / 7; slot++) {
    const importance = 10 ** stream.between(-2, 0);
    for (let bit = 0; bit < 7; bit++) gains[6 + 7 * slot + bit] = -importance * 2 ** -bit;
  }
  return gains;
})();

const linear: Fitness = (codes, count) => {
  const scores = new Float32Array(count);
  for (let row = 0; row < count; row++) {
    let sum = 0;
    for (let column = 0; column < WIDTH; column++) sum += codes[row * WIDTH + column] * columnGain[column];
    scores[row] = sum;
  }
  return scores;
};

/** What one gene of the genome adds to `linear`. */
function gain(gene: number, bits: number): number {
  const layers = SPACE.facts.length;
  const { offset } = SPACE.activations;
  return gene < offset
    ? SPACE.weights.layers[gene].reduce((sum, layer) => sum + columnGain[6 + 7 * layer + bits - 2], 0)
    : SPACE.activations.layers[gene - offset].reduce((sum, layer) => sum + columnGain[6 + 7 * (layers + layer) + bits - 2], 0);
}

const options = (change: Partial<GeneticOptions> = {}): GeneticOptions => ({
  space: SPACE,
  form: FORM,
  target: 3,
  fitness: linear,
  seed: 0,
  population: 100,
  parents: 0.25,
  mutation: 0.1,
  ...change,
});

async function finish(search: GeneticSearch, generations: number, from?: GeneticState): Promise<GeneticState[]> {
  const states: GeneticState[] = [];
  for await (const state of search.run(generations, from)) states.push(state);
  return states;
}

function expectInWindows(state: GeneticState, target: number, space = SPACE): void {
  for (const genes of state.genomes) {
    for (const axis of [space.weights, space.activations]) {
      expect(axisAverage(axis, genes)).toBeGreaterThan(target - 0.5);
      expect(axisAverage(axis, genes)).toBeLessThanOrEqual(target);
    }
  }
}

describe('exactAdditiveSearch', () => {
  it('equals brute force on a small network', () => {
    const space = buildSearchSpace(chainFacts([10, 91, 37, 153, 70, 10]), [], { ...FULL_SPACE, activationBits: [4] });
    const stream = new RandomStream(0, 'test/brute');
    for (const target of [2.4, 3, 4.1]) {
      const table = Array.from({ length: 8 }, () => Array.from({ length: 9 }, () => stream.normal()));
      let best = -Infinity;
      const genes = new Uint8Array(space.length).fill(4);
      for (let code = 0; code < 7 ** 4; code++) {
        for (let gene = 0, rest = code; gene < 4; gene++, rest = Math.floor(rest / 7)) genes[gene] = 2 + (rest % 7);
        const average = axisAverage(space.weights, genes);
        if (average > target - 0.5 && average <= target)
          best = Math.max(
            best,
            genes.reduce((sum, bits, gene) => sum + table[gene][bits], 0),
          );
      }
      const target2 = { weights: target, activations: 4 };
      const found = exactAdditiveSearch(space, FORM, target2, (gene, bits) => table[gene][bits])!;
      expect(found.exact).toBe(true);
      expect(found.gain).toBeCloseTo(best, 12);
      expect(found.genes.reduce((sum, bits, gene) => sum + table[gene][bits], 0)).toBeCloseTo(best, 12);
    }
  });
  it('stays inside the windows when masses must be rounded', () => {
    const space = buildSearchSpace(chainFacts([10, 1_000_003, 2_000_029, 500_009, 3_000_017, 10]), [], {
      ...FULL_SPACE,
      activationBits: [4],
    });
    const found = exactAdditiveSearch(space, FORM, { weights: 4, activations: 4 }, (_, bits) => bits)!;
    expect(found.exact).toBe(false);
    expect(axisAverage(space.weights, found.genes)).toBeLessThanOrEqual(4);
    expect(axisAverage(space.weights, found.genes)).toBeGreaterThan(3.5);
  });
});

describe('GeneticSearch', () => {
  it('comes within 2 % of the exact optimum of a separable fitness and beats random search', async () => {
    const exact = exactAdditiveSearch(SPACE, FORM, 3, gain)!;
    expect(exact.exact).toBe(true);
    const states = await finish(new GeneticSearch(options()), 300);
    const last = states[states.length - 1];
    const random = await randomSearch({ ...options(), evaluations: last.evaluations / 10 });
    const uniform = SPACE.weights.layers.concat(SPACE.activations.layers).reduce((sum, _, gene) => sum + gain(gene, 3), 0);
    expect(last.fitness[0]).toBeLessThanOrEqual(exact.gain + 1e-5);
    expect(last.fitness[0]).toBeGreaterThan(exact.gain - 0.02 * Math.abs(exact.gain));
    expect(last.fitness[0]).toBeGreaterThan(random.fitness[0]);
    expect(last.fitness[0]).toBeGreaterThan(uniform);
  });
  it('never loses its best, and keeps pools of different individuals, best first', async () => {
    const states = await finish(new GeneticSearch(options({ target: 4 })), 30);
    states.forEach((state, index) => {
      expect(state.generation).toBe(index);
      expect(state.genomes).toHaveLength(index === 0 ? 100 : 125);
      expect(new Set(state.genomes.map(genomeKey)).size).toBe(state.genomes.length);
      expect([...state.fitness]).toEqual([...state.fitness].sort((a, b) => b - a));
      if (index > 0) expect(state.fitness[0]).toBeGreaterThanOrEqual(states[index - 1].fitness[0]);
    });
  });
  it.each([2, 2.1, 3, 7.9, 8])('keeps every individual in the window of target %d', async (target) => {
    for (const state of await finish(new GeneticSearch(options({ target, population: 40 })), 15)) {
      expect(state.genomes.length).toBeGreaterThan(0);
      expectInWindows(state, target);
    }
  });
  it('takes different targets for weights and activations', async () => {
    const last = (await finish(new GeneticSearch(options({ target: { weights: 2.5, activations: 6 }, population: 20 })), 5)).at(-1)!;
    for (const genes of last.genomes) {
      expect(axisAverage(SPACE.weights, genes)).toBeLessThanOrEqual(2.5);
      expect(axisAverage(SPACE.activations, genes)).toBeGreaterThan(5.5);
    }
  });
  it('refuses a target that cannot be met', () => {
    expect(() => new GeneticSearch(options({ target: 1.5 }))).toThrow('the space reaches 2.00 to 8.00');
  });
  it('works in a space of a single configuration', async () => {
    const space = buildSearchSpace(chainFacts([10, 20, 10]), [], { ...FULL_SPACE, weightBits: [4], activationBits: [4] });
    const fitness: Fitness = (_, count) => new Float32Array(count).fill(0.5);
    const last = (await finish(new GeneticSearch(options({ space, fitness, target: 4 })), 3)).at(-1)!;
    expect(last.genomes.map((genes) => [...genes])).toEqual([[4, 4]]);
    expect(last.evaluations).toBe(1);
  });
  it('is the same for the same seed, another for another, and the same after a resume', async () => {
    const whole = await finish(new GeneticSearch(options({ population: 40 })), 12);
    const saved = structuredClone(whole[5]);
    expect((await finish(new GeneticSearch(options({ population: 40 })), 12, saved)).slice(1)).toEqual(whole.slice(6));
    expect(await finish(new GeneticSearch(options({ population: 40 })), 12)).toEqual(whole);
    expect((await finish(new GeneticSearch(options({ population: 40, seed: 1 })), 2))[2].genomes).not.toEqual(whole[2].genomes);
  });
  it('gives the same with a fitness that answers later', async () => {
    const later: Fitness = async (codes, count) => {
      await new Promise((resolve) => setImmediate(resolve));
      return linear(codes, count);
    };
    expect(await finish(new GeneticSearch(options({ population: 20, fitness: later })), 3)).toEqual(
      await finish(new GeneticSearch(options({ population: 20 })), 3),
    );
  });
  it('never predicts an individual twice, though one may come back after it has left the pool', async () => {
    const seen: string[] = [];
    const counting: Fitness = (codes, count) => {
      for (let row = 0; row < count; row++) seen.push(codes.subarray(row * WIDTH, (row + 1) * WIDTH).join(''));
      return linear(codes, count);
    };
    const watched: string[] = [];
    const onScored: GeneticOptions['onScored'] = ({ genomes }) => watched.push(...genomes.map(genomeKey));
    const states = await finish(new GeneticSearch(options({ population: 40, fitness: counting, onScored })), 120);
    expect(new Set(seen).size).toBe(seen.length);
    expect([watched.length, new Set(watched).size]).toEqual([seen.length, seen.length]);
    expect(states[1].evaluations).toBeLessThanOrEqual(80);
    expect(states.at(-1)!.evaluations).toBeGreaterThan(seen.length);
  });
  it('names the configuration whose score is not a number', async () => {
    const broken: Fitness = (_, count) => new Float32Array(count).fill(Number.NaN);
    await expect(new GeneticSearch(options({ fitness: broken })).start()).rejects.toThrow(/gives NaN for configuration caa:88-/);
  });
});
