import { formKey, type Form } from '../../shared/domain/form.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { fillMiddle, type SearchSpace } from '../../shared/domain/space.ts';
import { GenomeScorer, ranked, ranking, type Fitness, type Population } from './fitness.ts';
import { collectDistinct, Individuals, Marks } from './individuals.ts';
import { fitWindow } from './repair.ts';
import { BitSampler } from './sampler.ts';
import { Variation, type BoundAxis } from './variation.ts';
import { requireFeasible, sumWindow, targetWindows, type Target, type Windows } from './window.ts';

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
  private readonly axes: readonly BoundAxis[];
  private readonly variation: Variation;
  private readonly scorer: GenomeScorer;
  private readonly streamName: string;
  private sampler: BitSampler | undefined;
  /** All so far. */
  private readonly individuals = new Individuals();
  /** Of each individual; undefined where it has none yet. */
  private readonly scores: number[] = [];
  private readonly inPool = new Marks();
  private readonly taken = new Marks();
  private readonly genes: Uint8Array;
  /** The state that `next` gave last, by the numbers of its individuals. */
  private last: { state: GeneticState; numbers: readonly number[] } | undefined;

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
    this.variation = new Variation(this.axes, options.mutation);
    this.genes = new Uint8Array(space.length);
    this.scorer = new GenomeScorer(space, form, options.fitness);
    this.sampler = options.sampler;
    this.streamName = `search/${formKey(form)}/${this.windows.weights.high}/${this.windows.activations.high}`;
  }

  /** Generation 0. */
  async start(): Promise<GeneticState> {
    const stream = this.stream(0);
    this.sampler ??= new BitSampler(this.space, this.options.seed, this.options.samplerDraws);
    const sampler = this.sampler;
    this.taken.clear();
    const found = collectDistinct(this.options.population, this.individuals, this.taken, PATIENCE, this.genes, (genes) =>
      sampler.draw(this.windows, stream, genes),
    );
    if (found.length === 0) found.push(this.individuals.add(this.anyFit()));
    const { genomes, fitness } = await this.score(0, found);
    return { generation: 0, evaluations: genomes.length, ...ranked(genomes, fitness) };
  }

  /** The generation after `state`, which it leaves alone. */
  async next(state: GeneticState): Promise<GeneticState> {
    const { population, parents: share } = this.options;
    const generation = state.generation + 1;
    const before = this.numbersOf(state);
    const parents = before.slice(0, Math.max(2, Math.round(population * share)));
    const children = this.children(parents, generation);
    this.inPool.clear();
    for (const number of before) this.inPool.add(number);
    const evaluations = state.evaluations + children.filter((number) => !this.inPool.has(number)).length;
    // Half of the individuals of a search that has settled were there before, in the last pool or long ago.
    await this.score(
      generation,
      children.filter((number) => this.scores[number] === undefined),
    );
    const pool = [...parents, ...children];
    const numbers = Array.from(ranking(pool.map((number) => this.scores[number])), (place) => pool[place]);
    const genomes = numbers.map((number) => this.individuals.genome(number));
    const next = { generation, evaluations, genomes, fitness: this.scoresOf(numbers) };
    this.last = { state: next, numbers };
    return next;
  }

  /** Different ones, none of which is a parent. */
  private children(parents: readonly number[], generation: number): number[] {
    const { individuals, taken, genes, variation } = this;
    const { population } = this.options;
    const stream = this.stream(generation);
    const mutant = () => variation.mutate(individuals.genome(stream.pick(parents)), stream, genes);
    const crossover = () => {
      const first = stream.integer(parents.length);
      const second = (first + 1 + stream.integer(parents.length - 1)) % parents.length;
      return variation.cross(individuals.genome(parents[first]), individuals.genome(parents[second]), stream, genes);
    };
    taken.clear();
    for (const number of parents) taken.add(number);
    const mutants = Math.floor(population / 2);
    return [
      ...collectDistinct(mutants, individuals, taken, PATIENCE, genes, mutant),
      ...collectDistinct(population - mutants, individuals, taken, PATIENCE, genes, parents.length > 1 ? crossover : mutant),
    ];
  }

  /** Numbers of the individuals of a state, whose scores are then known. */
  private numbersOf(state: GeneticState): readonly number[] {
    if (this.last?.state === state) return this.last.numbers;
    const numbers = state.genomes.map((genes) => this.individuals.add(genes));
    numbers.forEach((number, index) => (this.scores[number] = state.fitness[index]));
    return numbers;
  }

  private scoresOf(numbers: readonly number[]): Float32Array {
    const scores = new Float32Array(numbers.length);
    for (let i = 0; i < scores.length; i++) scores[i] = this.scores[numbers[i]];
    return scores;
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

  /** Scores individuals and remembers what they got. */
  private async score(generation: number, numbers: readonly number[]): Promise<{ genomes: readonly Uint8Array[]; fitness: Float32Array }> {
    const genomes = numbers.map((number) => this.individuals.genome(number));
    const fitness = await this.scorer.evaluate(genomes);
    numbers.forEach((number, index) => (this.scores[number] = fitness[index]));
    const { form, target, onScored } = this.options;
    onScored?.({ form, target, generation, genomes, fitness });
    return { genomes, fitness };
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
}
