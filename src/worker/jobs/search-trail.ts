import type { SearchPoints } from '../../shared/contract/look.ts';
import { formKey, MAX_BITS, type Form, type FormKey } from '../../shared/domain/form.ts';
import { nonDominatedColumns } from '../../shared/domain/pareto.ts';
import { genomeNamer, layerGenes, type SearchSpace } from '../../shared/domain/space.ts';
import type { ScoredGeneration } from '../search/genetic.ts';
import { Individuals } from '../search/individuals.ts';

const INTERVAL_MS = 100;
const POINTS_PER_ROUND = 100;
const MOST_EXPLORED = 5000;

/** Individuals that one search scored, in their order; those from `sent` on were not shown yet. */
interface Scored {
  target: number;
  form: Form;
  genomes: Uint8Array[];
  predicted: number[];
  generations: number[];
  sent: number;
}

/** One of them. */
interface Entry {
  target: number;
  form: Form;
  generation: number;
  genes: Uint8Array;
  predicted: number;
}

const entryOf = ({ target, form, genomes, predicted, generations }: Scored, index: number): Entry => ({
  target,
  form,
  generation: generations[index],
  genes: genomes[index],
  predicted: predicted[index],
});

/** At most `atMost` items, evenly spaced, in their order. */
export function thin<T>(items: readonly T[], atMost: number): T[] {
  if (items.length <= atMost) return [...items];
  return Array.from({ length: atMost }, (_, i) => items[Math.floor((i * items.length) / atMost)]);
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** BitOps and packed weight bits of genomes: as `configurationCost`, without what is the same for all genomes of a form. */
function genomeCosts(space: SearchSpace): (genomes: readonly Uint8Array[]) => [bitOps: Float64Array, weightBits: Float64Array] {
  const { weight, activation } = layerGenes(space);
  const macs = Float64Array.from(space.facts, (fact) => fact.macs);
  const weights = Float64Array.from(space.facts, (fact) => fact.weights);
  return (genomes) => {
    const [bitOps, weightBits] = [new Float64Array(genomes.length), new Float64Array(genomes.length)];
    for (let i = 0; i < genomes.length; i++) {
      const genes = genomes[i];
      for (let layer = 0; layer < macs.length; layer++) {
        const bits = weight[layer] < 0 ? MAX_BITS : genes[weight[layer]];
        bitOps[i] += macs[layer] * bits * (activation[layer] < 0 ? MAX_BITS : genes[activation[layer]]);
        weightBits[i] += weights[layer] * bits;
      }
    }
    return [bitOps, weightBits];
  };
}

/** What the searches of a sweep have looked at: shown while they run, kept in part for the picture afterwards. */
export class SearchTrail {
  /** of the search under way */
  private current: Scored | null = null;
  private finished: Entry[] = [];
  private lastSent = -Infinity;
  private readonly costsOf: ReturnType<typeof genomeCosts>;
  private readonly namers = new Map<FormKey, { name: (genes: Uint8Array) => string; form: string }>();

  /**
   * @param generations of every search
   * @param searches    how many there will be; each gets an equal share of what is kept
   * @param send        at most ten rounds a second
   */
  constructor(
    private readonly space: SearchSpace,
    private readonly generations: number,
    private readonly searches: number,
    private readonly send: (round: SearchPoints) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.costsOf = genomeCosts(space);
  }

  /** Takes the individuals that a generation scored for the first time. */
  add({ form, target, generation, genomes, fitness }: ScoredGeneration): void {
    const name = typeof target === 'number' ? target : target.weights;
    if (this.current && (this.current.target !== name || formKey(this.current.form) !== formKey(form))) this.closeSearch();
    const current = (this.current ??= { target: name, form, genomes: [], predicted: [], generations: [], sent: 0 });
    for (let i = 0; i < genomes.length; i++) {
      current.genomes.push(genomes[i]);
      current.predicted.push(fitness[i]);
      current.generations.push(generation);
    }
    if (this.now() - this.lastSent >= INTERVAL_MS) this.sendPending(current);
  }

  /** Up to 5,000 different configurations over all searches, the non-dominated ones among them, in the order of the searches. */
  finish(): SearchPoints[] {
    if (this.current) this.sendPending(this.current);
    this.closeSearch();
    const seen = new Map<string, Individuals>();
    const different = this.finished.filter(({ genes, form }) => {
      const { form: name } = this.namer(form);
      let individuals = seen.get(name);
      if (!individuals) seen.set(name, (individuals = new Individuals()));
      const { count } = individuals;
      return individuals.add(genes) === count;
    });
    const rounds: SearchPoints[] = [];
    const predictions = different.map(({ predicted }) => predicted);
    const kept = this.reduce(
      different.map(({ genes }) => genes),
      predictions,
      MOST_EXPLORED,
    );
    for (const entry of kept.map((index) => different[index])) {
      const form = formKey(entry.form);
      let round = rounds.at(-1);
      if (!round || round.target !== entry.target || round.form !== form || round.generation !== entry.generation)
        rounds.push((round = this.round(entry, form)));
      round.points.push(this.pointOf(entry));
    }
    return rounds;
  }

  private round({ target, generation }: Entry, form: FormKey): SearchPoints {
    return { target, form, generation, generations: this.generations, points: [] };
  }

  private closeSearch(): void {
    const { current } = this;
    if (!current) return;
    const kept = this.reduce(current.genomes, current.predicted, Math.ceil((2 * MOST_EXPLORED) / this.searches));
    for (const index of kept) this.finished.push(entryOf(current, index));
    this.current = null;
  }

  private sendPending(current: Scored): void {
    const { genomes, sent } = current;
    if (genomes.length === sent) return;
    const entries = thin(numbers(sent, genomes.length), POINTS_PER_ROUND).map((index) => entryOf(current, index));
    const last = entryOf(current, genomes.length - 1);
    this.send({ ...this.round(last, formKey(last.form)), points: entries.map((entry) => this.pointOf(entry)) });
    current.sent = genomes.length;
    this.lastSent = this.now();
  }

  private pointOf({ genes, form, predicted }: Entry): SearchPoints['points'][number] {
    return { key: this.namer(form).name(genes), predicted };
  }

  /** What names genomes of a form, and what names the form itself: two forms may come to the same in every layer. */
  private namer(form: Form): { name: (genes: Uint8Array) => string; form: string } {
    const key = formKey(form);
    let namer = this.namers.get(key);
    if (!namer) {
      const name = genomeNamer(this.space, form);
      this.namers.set(key, (namer = { name, form: name(new Uint8Array(this.space.length)) }));
    }
    return namer;
  }

  /** Indices of at most `atMost` individuals, in their order: of the non-dominated ones, and of others evenly spaced ones. */
  private reduce(genomes: readonly Uint8Array[], predicted: readonly number[], atMost: number): number[] {
    const all = numbers(0, genomes.length);
    if (all.length <= atMost) return all;
    const front = nonDominatedColumns([...this.costsOf(genomes), Float64Array.from(predicted, (value) => -value)]);
    const ascending = (indices: number[]) => indices.sort((a, b) => a - b);
    if (front.length >= atMost) return thin(ascending(front), atMost);
    const isFront = new Uint8Array(all.length);
    for (const index of front) isFront[index] = 1;
    return ascending([
      ...front,
      ...thin(
        all.filter((index) => !isFront[index]),
        atMost - front.length,
      ),
    ]);
  }
}
