import { RandomStream } from '../../shared/domain/random.ts';
import type { GeneAxis } from '../../shared/domain/space.ts';

/** Width of a bucket of average bits (eqnet-spec section 6). */
const BUCKET_BITS = 0.2;
/** A bucket with fewer random configurations than this gives poor frequencies. */
const ENOUGH = 200;

/**
 * P(bits of a gene | average bits) of one axis, for averages in buckets of 0.2 bits: gene-major cumulative
 * probabilities, one for each choice of each gene.
 *
 * Where uniformly random configurations reach, the frequencies are counted. They cluster near the middle; for the rest
 * the limit of the same conditional distribution is used (Gibbs conditioning): P(bits) ~ exp(theta * mass * bits) with
 * theta such that the expected average is the bucket's centre. The published code takes the nearest counted bucket
 * instead, from which a low target is never hit.
 */
export class ConditionalTable {
  private readonly buckets = new Map<number, Float64Array>();
  /** Where each gene's probabilities start in a table, and after the last gene the table's length. */
  private readonly starts: Uint32Array;

  constructor(
    private readonly axis: GeneAxis,
    seed: number,
    draws: number,
  ) {
    const { choices, masses } = axis;
    const genes = masses.length;
    this.starts = new Uint32Array(genes + 1);
    choices.forEach((bits, gene) => (this.starts[gene + 1] = this.starts[gene] + bits.length));
    for (const [bucket, { hits, table }] of this.count(new RandomStream(seed, `sampler/${axis.what}`), genes > 0 ? draws : 0)) {
      if (hits >= ENOUGH) this.buckets.set(bucket, this.accumulate(table.map((count) => count / hits)));
    }
  }

  /** How often uniformly random configurations took each choice, by the bucket of their average. */
  private count(stream: RandomStream, draws: number): Map<number, { hits: number; table: Float64Array }> {
    const { masses, choices, heldSum, total } = this.axis;
    const { starts } = this;
    const counts = new Map<number, { hits: number; table: Float64Array }>();
    const places = new Uint32Array(masses.length);
    for (let draw = 0; draw < draws; draw++) {
      let sum = heldSum;
      for (let gene = 0; gene < places.length; gene++) {
        const choice = stream.integer(choices[gene].length);
        places[gene] = starts[gene] + choice;
        sum += masses[gene] * choices[gene][choice];
      }
      const bucket = this.bucketOf(sum / total);
      let entry = counts.get(bucket);
      if (!entry) counts.set(bucket, (entry = { hits: 0, table: this.empty() }));
      entry.hits++;
      const { table } = entry;
      for (let gene = 0; gene < places.length; gene++) table[places[gene]]++;
    }
    return counts;
  }

  /** Cumulative probabilities for an average. */
  near(average: number): Float64Array {
    const bucket = this.bucketOf(average);
    let table = this.buckets.get(bucket);
    if (!table) this.buckets.set(bucket, (table = this.accumulate(this.tilted((bucket + 0.5) * BUCKET_BITS))));
    return table;
  }

  /** Draws all genes of the axis into a genome. */
  draw(cumulative: Float64Array, stream: RandomStream, genes: Uint8Array): void {
    const { choices, masses, offset } = this.axis;
    for (let gene = 0; gene < masses.length; gene++) {
      const u = stream.uniform();
      const last = choices[gene].length - 1;
      let choice = 0;
      while (choice < last && u >= cumulative[this.starts[gene] + choice]) choice++;
      genes[offset + gene] = choices[gene][choice];
    }
  }

  private empty(): Float64Array {
    return new Float64Array(this.starts[this.starts.length - 1]);
  }

  private bucketOf(average: number): number {
    return Math.floor(average / BUCKET_BITS + 1e-9);
  }

  private accumulate(probabilities: Float64Array): Float64Array {
    this.axis.choices.forEach(({ length }, gene) => {
      const start = this.starts[gene];
      for (let i = start + 1; i < start + length; i++) probabilities[i] += probabilities[i - 1];
    });
    return probabilities;
  }

  private tilted(average: number): Float64Array {
    let low = -1e5;
    let high = 1e5;
    let table = this.gibbs(0);
    for (let i = 0; i < 60; i++) {
      const theta = (low + high) / 2;
      table = this.gibbs(theta);
      if (this.expectedAverage(table) < average) low = theta;
      else high = theta;
    }
    return table;
  }

  private gibbs(theta: number): Float64Array {
    const { choices, masses, total } = this.axis;
    const table = this.empty();
    choices.forEach((candidates, gene) => {
      const slope = (theta * masses[gene]) / total;
      // Measured from the likeliest choice, so that no exponential overflows.
      const origin = slope > 0 ? candidates[candidates.length - 1] : candidates[0];
      const weights = candidates.map((bits) => Math.exp(slope * (bits - origin)));
      const sum = weights.reduce((a, b) => a + b, 0);
      weights.forEach((weight, choice) => (table[this.starts[gene] + choice] = weight / sum));
    });
    return table;
  }

  private expectedAverage(probabilities: Float64Array): number {
    const { choices, masses, heldSum, total } = this.axis;
    let sum = heldSum;
    choices.forEach((candidates, gene) => {
      candidates.forEach((bits, choice) => (sum += masses[gene] * bits * probabilities[this.starts[gene] + choice]));
    });
    return sum / total;
  }
}
