import type { SearchPoints } from '../../shared/contract/look.ts';
import { formKey, MAX_BITS, type Form, type FormKey } from '../../shared/domain/form.ts';
import { nonDominatedColumns } from '../../shared/domain/pareto.ts';
import { genomeKey, genomeNamer, layerGenes, type SearchSpace } from '../../shared/domain/space.ts';
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
}

/** At most `atMost` items, evenly spaced, in their order. */
export function thin<T>(items: readonly T[], atMost: number): T[] {
  if (items.length <= atMost) return [...items];
  return Array.from({ length: atMost }, (_, i) => items[Math.floor((i * items.length) / atMost)]);
}

/** BitOps and packed weight bits of a genome: as `configurationCost`, without what is the same for all genomes of a form. */
function genomeCosts(space: SearchSpace): (genes: Uint8Array) => [bitOps: number, weightBits: number] {
  const { weight, activation } = layerGenes(space);
  const macs = Float64Array.from(space.facts, (fact) => fact.macs);
  const weights = Float64Array.from(space.facts, (fact) => fact.weights);
  return (genes) => {
    let [bitOps, weightBits] = [0, 0];
    for (let layer = 0; layer < macs.length; layer++) {
      const bits = weight[layer] < 0 ? MAX_BITS : genes[weight[layer]];
      bitOps += macs[layer] * bits * (activation[layer] < 0 ? MAX_BITS : genes[activation[layer]]);
      weightBits += weights[layer] * bits;
    }
    return [bitOps, weightBits];
  };
}

/** What the searches of a sweep have looked at: shown while they run, kept in part for the picture afterwards. */
export class SearchTrail {
  /** of the search under way */
  private current: Entry[] = [];
  private pending: Entry[] = [];
  private finished: Entry[] = [];
  private lastSent = -Infinity;
  private readonly costOf: ReturnType<typeof genomeCosts>;
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
    this.costOf = genomeCosts(space);
  }

  /** Takes the individuals that a generation scored for the first time. */
  add({ form, target, generation, genomes, fitness }: ScoredGeneration): void {
    const name = typeof target === 'number' ? target : target.weights;
    const last = this.current.at(-1);
    if (last && (last.target !== name || formKey(last.form) !== formKey(form))) this.closeSearch();
    const entries = genomes.map((genes, i) => ({ target: name, form, generation, genes, predicted: fitness[i] }));
    this.current.push(...entries);
    this.pending.push(...entries);
    if (this.pending.length && this.now() - this.lastSent >= INTERVAL_MS) this.sendPending();
  }

  /** Up to 5,000 different configurations over all searches, the non-dominated ones among them, in the order of the searches. */
  finish(): SearchPoints[] {
    if (this.pending.length) this.sendPending();
    this.closeSearch();
    const seen = new Set<string>();
    const different = this.finished.filter(({ genes, form }) => {
      const key = genomeKey(genes) + this.namer(form).form;
      return !seen.has(key) && seen.add(key);
    });
    const rounds: SearchPoints[] = [];
    for (const entry of this.reduce(different, MOST_EXPLORED)) {
      const form = formKey(entry.form);
      let round = rounds.at(-1);
      if (!round || round.target !== entry.target || round.form !== form || round.generation !== entry.generation)
        rounds.push((round = this.round(entry, form)));
      round.points.push({ key: this.keyOf(entry), predicted: entry.predicted });
    }
    return rounds;
  }

  private round({ target, generation }: Entry, form: FormKey): SearchPoints {
    return { target, form, generation, generations: this.generations, points: [] };
  }

  private closeSearch(): void {
    this.finished.push(...this.reduce(this.current, Math.ceil((2 * MOST_EXPLORED) / this.searches)));
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
    return this.namer(form).name(genes);
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

  /** At most `atMost` of the entries, in their order: the non-dominated ones, and of the others evenly spaced ones. */
  private reduce(entries: readonly Entry[], atMost: number): Entry[] {
    if (entries.length <= atMost) return [...entries];
    const columns = [0, 1, 2].map(() => new Float64Array(entries.length));
    entries.forEach(({ genes, predicted }, i) => {
      [columns[0][i], columns[1][i]] = this.costOf(genes);
      columns[2][i] = -predicted;
    });
    const kept = new Uint8Array(entries.length);
    const keep = (indices: readonly number[]) => indices.forEach((index) => (kept[index] = 1));
    const front = nonDominatedColumns(columns);
    const others = () => Array.from(entries.keys()).filter((index) => !kept[index]);
    if (front.length >= atMost)
      keep(
        thin(
          front.sort((a, b) => a - b),
          atMost,
        ),
      );
    else {
      keep(front);
      keep(thin(others(), atMost - front.length));
    }
    return entries.filter((_, index) => kept[index]);
  }
}
