import { formKey, type Form } from '../../shared/domain/form.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { axisSum, fillMiddle, genomeKey, type GeneAxis, type SearchSpace } from '../../shared/domain/space.ts';
import { collectDistinct, GenomeScorer, ranked, ranking, type Fitness, type Population } from './fitness.ts';
import { fitWindow, repairGreedily, type SumWindow } from './repair.ts';
import { BitSampler } from './sampler.ts';
import { requireFeasible, sumWindow, targetWindows, type Target, type Windows } from './window.ts';

/** Draws of one axis of a child before the last one is repaired; the published code draws without end. */
const ATTEMPTS = 30;
/** Repeats in a row before a generation is content with fewer individuals (tiny spaces have no more). */
const PATIENCE = 50;

export interface GeneticOptions {
  space: SearchSpace;
  /** Form of the whole network; it is given, not searched. */
  form: Form;
  /** target - 0.5 < average bits <= target. */
  target: Target;
  fitness: Fitness;
  seed: number;
  /** Children of a generation, half mutants and half crossovers; also the size of the first generation. */
  population: number;
  /** Share of the population that survives as parents. */
  parents: number;
  /** Probability that a gene of a mutant is drawn anew. */
  mutation: number;
  /** Random configurations that the sampler's tables are counted from; the sampler's own number when left out. */
  samplerDraws?: number;
  /** Shared between searches of one space, whose tables it holds. */
  sampler?: BitSampler;
  /** Told what each generation scored; for watching, it changes nothing. */
  onScored?: (scored: ScoredGeneration) => void;
}

/** Individuals that a generation of one search scored for the first time. */
export interface ScoredGeneration {
  form: Form;
  target: Target;
  generation: number;
  genomes: readonly Uint8Array[];
  /** [genomes] */
  fitness: Float32Array;
}

/** All that a search has to remember. `genomes` are different, inside the windows, the best first. */
export interface GeneticState extends Population {
  /** 0 = the Monte-Carlo start. */
  generation: number;
  /** Individuals of each generation that were not in the one before; whoever comes back later counts again, and is not predicted again. */
  evaluations: number;
}

/**
 * The genetic search of EQ-Net (section 3.5; eqnet-spec section 6): Monte-Carlo start, parents = the best quarter, half
 * mutants and half crossovers, elitism. The next pool is parents + children, each individual once.
 *
 * A generation is a pure function of (seed, form, target, state): a search that continues from a saved state gives what
 * an uninterrupted one gives.
 */
export class GeneticSearch {
  private readonly space: SearchSpace;
  private readonly windows: Windows;
  private readonly axes: readonly { axis: GeneAxis; bounds: SumWindow }[];
  private readonly scorer: GenomeScorer;
  private readonly streamName: string;
  private sampler: BitSampler | undefined;
  /** Of every individual so far, by its key. */
  private readonly scores = new Map<string, number>();
  private last: { state: GeneticState; keys: readonly string[] } | undefined;

  /** @throws WorkbenchError `recipe-invalid` when no configuration lies in the windows */
  constructor(private readonly options: GeneticOptions) {
    const { space, form, target } = options;
    this.space = space;
    this.windows = targetWindows(target);
    requireFeasible(space, this.windows, form);
    this.axes = [
      { axis: space.weights, bounds: sumWindow(space.weights, this.windows.weights) },
      { axis: space.activations, bounds: sumWindow(space.activations, this.windows.activations) },
    ];
    this.scorer = new GenomeScorer(space, form, options.fitness);
    this.sampler = options.sampler;
    this.streamName = `search/${formKey(form)}/${this.windows.weights.high}/${this.windows.activations.high}`;
  }

  /** Generation 0. */
  async start(): Promise<GeneticState> {
    const stream = this.stream(0);
    this.sampler ??= new BitSampler(this.space, this.options.seed, this.options.samplerDraws);
    const sampler = this.sampler;
    const found = collectDistinct(this.options.population, new Set(), PATIENCE, () => {
      const genes = new Uint8Array(this.space.length);
      return sampler.draw(this.windows, stream, genes) ? genes : null;
    });
    const individuals = [...found];
    if (individuals.length === 0) {
      const genes = this.anyFit();
      individuals.push([genomeKey(genes), genes]);
    }
    const fitness = await this.score(0, individuals);
    const genomes = individuals.map(([, genes]) => genes);
    return { generation: 0, evaluations: genomes.length, ...ranked(genomes, fitness) };
  }

  /** The generation after `state`, which it leaves alone. */
  async next(state: GeneticState): Promise<GeneticState> {
    const { population, parents: share } = this.options;
    const generation = state.generation + 1;
    const stream = this.stream(generation);
    const parents = state.genomes.slice(0, Math.max(2, Math.round(population * share)));
    const keys = this.keysOf(state);
    const taken = new Set(keys.slice(0, parents.length));
    const mutants = Math.floor(population / 2);
    const children = [
      ...collectDistinct(mutants, taken, PATIENCE, () => this.mutant(parents, stream)),
      ...collectDistinct(population - mutants, taken, PATIENCE, () =>
        parents.length > 1 ? this.crossover(parents, stream) : this.mutant(parents, stream),
      ),
    ];
    const old = new Set(keys);
    const evaluations = state.evaluations + children.filter(([key]) => !old.has(key)).length;
    // Half of the individuals of a search that has settled were there before, in the last pool or long ago.
    await this.score(
      generation,
      children.filter(([key]) => !this.scores.has(key)),
    );
    const pool = [...parents, ...children.map(([, genes]) => genes)];
    const poolKeys = [...keys.slice(0, parents.length), ...children.map(([key]) => key)];
    const fitness = poolKeys.map((key) => this.scores.get(key)!);
    const order = ranking(fitness);
    const next = { generation, evaluations, ...ranked(pool, fitness, order) };
    this.last = { state: next, keys: order.map((index) => poolKeys[index]) };
    return next;
  }

  /** Keys of the genomes of a state, whose scores are then known. */
  private keysOf(state: GeneticState): readonly string[] {
    if (this.last?.state === state) return this.last.keys;
    const keys = state.genomes.map(genomeKey);
    keys.forEach((key, index) => this.scores.set(key, state.fitness[index]));
    return keys;
  }

  /**
   * Yields every generation up to `generations`, the given or started one included. Stopping is leaving the loop.
   * @param from a state saved earlier
   */
  async *run(generations: number, from?: GeneticState): AsyncGenerator<GeneticState, void, undefined> {
    let state = from ?? (await this.start());
    yield state;
    while (state.generation < generations) yield (state = await this.next(state));
  }

  /** Scores genomes, given with their keys, and remembers what they got. */
  private async score(generation: number, individuals: readonly (readonly [key: string, genes: Uint8Array])[]): Promise<Float32Array> {
    const genomes = individuals.map(([, genes]) => genes);
    const fitness = await this.scorer.evaluate(genomes);
    individuals.forEach(([key], index) => this.scores.set(key, fitness[index]));
    const { form, target, onScored } = this.options;
    onScored?.({ form, target, generation, genomes, fitness });
    return fitness;
  }

  private stream(generation: number): RandomStream {
    return new RandomStream(this.options.seed, this.streamName, generation);
  }

  private anyFit(): Uint8Array {
    const genes = new Uint8Array(this.space.length);
    for (const { axis, bounds } of this.axes) {
      fitWindow(axis, bounds, fillMiddle(axis, genes));
    }
    return genes;
  }

  private mutant(parents: readonly Uint8Array[], stream: RandomStream): Uint8Array | null {
    const parent = stream.pick(parents);
    const { mutation } = this.options;
    // The gap to the next mutated gene is geometric: a few draws instead of one for each gene.
    const logKeep = Math.log1p(-mutation);
    const gap = () => (mutation >= 1 ? 0 : mutation <= 0 ? Infinity : Math.floor(Math.log(1 - stream.uniform()) / logKeep));
    return this.child(parent, (axis, genes) => {
      for (let gene = gap(); gene < axis.masses.length; gene += 1 + gap()) genes[axis.offset + gene] = stream.pick(axis.choices[gene]);
    });
  }

  private crossover(parents: readonly Uint8Array[], stream: RandomStream): Uint8Array | null {
    const first = stream.integer(parents.length);
    const second = (first + 1 + stream.integer(parents.length - 1)) % parents.length;
    const other = parents[second];
    return this.child(parents[first], (axis, genes) => {
      let coins = 0;
      for (let i = 0; i < axis.masses.length; i++) {
        if (i % 32 === 0) coins = stream.uint32();
        if ((coins >>> (i % 32)) & 1) genes[axis.offset + i] = other[axis.offset + i];
      }
    });
  }

  /**
   * Changes a copy of the parent until both windows hold. Genes change independently, so redrawing each axis on its own
   * gives the same distribution as redrawing the whole child, in far fewer draws.
   */
  private child(parent: Uint8Array, change: (axis: GeneAxis, genes: Uint8Array) => void): Uint8Array | null {
    const genes = parent.slice();
    for (const { axis, bounds } of this.axes) {
      let inside = false;
      for (let attempt = 0; attempt < ATTEMPTS && !inside; attempt++) {
        if (attempt > 0) for (let i = 0; i < axis.masses.length; i++) genes[axis.offset + i] = parent[axis.offset + i];
        change(axis, genes);
        const sum = axisSum(axis, genes);
        inside = sum > bounds.low && sum <= bounds.high;
      }
      if (!inside && !repairGreedily(axis, bounds, genes) && !fitWindow(axis, bounds, genes)) return null;
    }
    return genes;
  }
}
