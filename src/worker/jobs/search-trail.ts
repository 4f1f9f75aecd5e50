import type { SearchPoints } from '../../shared/contract/look.ts';
import { configurationKey } from '../../shared/domain/configuration.ts';
import { formKey, MAX_BITS, type Form, type FormKey } from '../../shared/domain/form.ts';
import { nonDominated } from '../../shared/domain/pareto.ts';
import { decodeGenome, type SearchSpace } from '../../shared/domain/space.ts';
import type { ScoredGeneration } from '../search/genetic.ts';

const INTERVAL_MS = 100;
const POINTS_PER_ROUND = 100;
const MOST_EXPLORED = 5000;

/** An individual that a search scored. */
interface Entry {
  target: number;
  form: Form;
  generation: number;
  genes: Uint8Array;
  predicted: number;
  bitOps: number;
  /** packed weight bits */
  weightBits: number;
}

/** At most `atMost` items, evenly spaced, in their order. */
export function thin<T>(items: readonly T[], atMost: number): T[] {
  if (items.length <= atMost) return [...items];
  return Array.from({ length: atMost }, (_, i) => items[Math.floor((i * items.length) / atMost)]);
}

function frontOf(entries: readonly Entry[]): Set<Entry> {
  const front = nonDominated(entries.map(({ bitOps, weightBits, predicted }) => [bitOps, weightBits, -predicted]));
  return new Set(front.map((index) => entries[index]));
}

/** At most `atMost` of the entries, in their order: the non-dominated ones, and of the others evenly spaced ones. */
function reduce(entries: readonly Entry[], atMost: number): Entry[] {
  if (entries.length <= atMost) return [...entries];
  const front = frontOf(entries);
  if (front.size >= atMost)
    return thin(
      [...entries].filter((entry) => front.has(entry)),
      atMost,
    );
  const others = thin(
    entries.filter((entry) => !front.has(entry)),
    atMost - front.size,
  );
  const kept = new Set([...front, ...others]);
  return entries.filter((entry) => kept.has(entry));
}

/** What the searches of a sweep have looked at: shown while they run, kept in part for the picture afterwards. */
export class SearchTrail {
  /** of the search under way */
  private current: Entry[] = [];
  private pending: Entry[] = [];
  private finished: Entry[] = [];
  private lastSent = -Infinity;

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
  ) {}

  /** Takes the individuals that a generation scored for the first time. */
  add({ form, target, generation, genomes, fitness }: ScoredGeneration): void {
    const name = typeof target === 'number' ? target : target.weights;
    const last = this.current.at(-1);
    if (last && (last.target !== name || formKey(last.form) !== formKey(form))) this.closeSearch();
    const entries = genomes.map((genes, i) => ({ target: name, form, generation, genes, predicted: fitness[i], ...this.costOf(genes) }));
    this.current.push(...entries);
    this.pending.push(...entries);
    if (this.pending.length && this.now() - this.lastSent >= INTERVAL_MS) this.sendPending();
  }

  /** Up to 5,000 different configurations over all searches, the non-dominated ones among them, in the order of the searches. */
  finish(): SearchPoints[] {
    if (this.pending.length) this.sendPending();
    this.closeSearch();
    const seen = new Set<string>();
    const keyed = this.finished.map((entry) => ({ entry, key: this.keyOf(entry) })).filter(({ key }) => !seen.has(key) && seen.add(key));
    const keys = new Map(keyed.map(({ entry, key }) => [entry, key]));
    const rounds: SearchPoints[] = [];
    for (const entry of reduce([...keys.keys()], MOST_EXPLORED)) {
      const form = formKey(entry.form);
      let round = rounds.at(-1);
      if (!round || round.target !== entry.target || round.form !== form || round.generation !== entry.generation)
        rounds.push((round = this.round(entry, form)));
      round.points.push({ key: keys.get(entry)!, predicted: entry.predicted });
    }
    return rounds;
  }

  private round({ target, generation }: Entry, form: FormKey): SearchPoints {
    return { target, form, generation, generations: this.generations, points: [] };
  }

  private closeSearch(): void {
    this.finished.push(...reduce(this.current, Math.ceil((2 * MOST_EXPLORED) / this.searches)));
    this.current = [];
    this.pending = [];
  }

  private sendPending(): void {
    const last = this.pending.at(-1)!;
    const points = thin(this.pending, POINTS_PER_ROUND).map((entry) => ({ key: this.keyOf(entry), predicted: entry.predicted }));
    this.send({ ...this.round(last, formKey(last.form)), points });
    this.pending = [];
    this.lastSent = this.now();
  }

  private keyOf({ genes, form }: Entry): string {
    return configurationKey(decodeGenome(this.space, genes, form));
  }

  /** As `configurationCost`, without what is the same for all genomes of a form: tens of thousands are counted. */
  private costOf(genes: Uint8Array): Pick<Entry, 'bitOps' | 'weightBits'> {
    const { facts, weights, activations } = this.space;
    const bits = { weight: new Uint8Array(facts.length).fill(MAX_BITS), activation: new Uint8Array(facts.length).fill(MAX_BITS) };
    for (const { what, offset, layers } of [weights, activations])
      for (let gene = 0; gene < layers.length; gene++) for (const layer of layers[gene]) bits[what][layer] = genes[offset + gene];
    let [bitOps, weightBits] = [0, 0];
    for (let layer = 0; layer < facts.length; layer++) {
      bitOps += facts[layer].macs * bits.weight[layer] * bits.activation[layer];
      weightBits += facts[layer].weights * bits.weight[layer];
    }
    return { bitOps, weightBits };
  }
}
