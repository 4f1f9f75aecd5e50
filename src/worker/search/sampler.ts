import type { Configuration } from '../../shared/schema/configuration.ts';
import { configurationKey } from '../../shared/domain/configuration.ts';
import { formKey, type Form, type FormKey } from '../../shared/domain/form.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { averageRange, axisSum, decodeGenome, type GeneAxis, type SearchSpace } from '../../shared/domain/space.ts';
import { ConditionalTable } from './conditional-table.ts';
import { fitWindow, repairGreedily } from './repair.ts';
import { sumWindow, type Window, type Windows } from './window.ts';

/** Draws of one axis before repair; one in five to ten lands in a window of 0.2 bits. */
const ATTEMPTS = 60;
/** Half width of the window around a wanted average when configurations are sampled for the predictor. */
const TOLERANCE = 0.1;
/** Distance of the wanted averages from what all genes at their lowest and highest bits give: 2.4 .. 7.6 for bits 2..8. */
const MARGIN = 0.4;
/** Of the tables, where nothing else is asked for; the published code takes 500,000. */
const TABLE_DRAWS = 20_000;
/** New draws for a configuration that was already drawn, before the sampler takes the space for exhausted. */
const REPEATS = 20;

/**
 * The Monte-Carlo sampler of the paper (eqnet-spec section 6): for a wanted average it draws every gene independently
 * from P(bits | average), until the average lies in the window. Unlike the published code it gives up after a number of
 * draws and repairs the closest one. Weights and activations are independent, so each axis is drawn on its own.
 */
export class BitSampler {
  private readonly tables: readonly ConditionalTable[];

  /** @param draws uniformly random configurations that the tables are counted from */
  constructor(
    private readonly space: SearchSpace,
    seed: number,
    draws = TABLE_DRAWS,
  ) {
    this.tables = [space.weights, space.activations].map((axis) => new ConditionalTable(axis, seed, draws));
  }

  /**
   * Fills a genome (`space.length` long) with averages inside the windows.
   * @returns false when an axis could not be brought into its window; it then holds the closest draw
   */
  draw(windows: Windows, stream: RandomStream, genes: Uint8Array): boolean {
    const weights = this.drawAxis(this.space.weights, this.tables[0], windows.weights, stream, genes);
    return this.drawAxis(this.space.activations, this.tables[1], windows.activations, stream, genes) && weights;
  }

  private drawAxis(axis: GeneAxis, table: ConditionalTable, window: Window, stream: RandomStream, genes: Uint8Array): boolean {
    const range = averageRange(axis);
    const bounds = sumWindow(axis, window);
    // A window may stick out of what the space reaches; aiming there would only push every draw to one end.
    const low = Math.min(Math.max(window.low, range.low), range.high);
    const high = Math.max(Math.min(window.high, range.high), low);
    const probabilities = table.near(stream.between(low, high));
    const centre = ((low + high) / 2) * axis.total;
    const end = axis.offset + axis.masses.length;
    let closest = genes.slice(axis.offset, end);
    let distance = Infinity;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      table.draw(probabilities, stream, genes);
      const sum = axisSum(axis, genes);
      if (sum > bounds.low && sum <= bounds.high) return true;
      if (Math.abs(sum - centre) < distance) {
        distance = Math.abs(sum - centre);
        closest = genes.slice(axis.offset, end);
      }
    }
    genes.set(closest, axis.offset);
    if (repairGreedily(axis, bounds, genes)) return true;
    genes.set(closest, axis.offset);
    return fitWindow(axis, bounds, genes);
  }
}

/** The window around one wanted average. */
function around(axis: GeneAxis, stream: RandomStream): Window {
  const low = axis.ends.low + MARGIN;
  const high = axis.ends.high - MARGIN;
  const wanted = low < high ? stream.between(low, high) : (low + high) / 2;
  return { low: wanted - TOLERANCE, high: wanted + TOLERANCE };
}

/** A configuration and the form of the network that it was drawn under; layers with sets of their own may differ from it. */
export interface DrawnConfiguration {
  form: FormKey;
  configuration: Configuration;
}

export interface SampleOptions {
  count: number;
  /** Forms, taken in turn. */
  forms: readonly Form[];
  seed: number;
  /** Purpose: names the random stream, so that sets with different purposes are independent. */
  purpose: string;
  /** Configurations (by `configurationKey`) not to draw again. */
  exclude?: ReadonlySet<string>;
  /** Of the same space; one with the default number of draws when left out. */
  sampler?: BitSampler;
}

/**
 * Different configurations for the predictor (eqnet-spec section 5): forms in turn, average bits uniform in the range of the
 * candidate bits less 0.4 at each end, weights and activations independent. In a network with few layers, where not every
 * average can be met, the closest one is taken. Fewer than `count` come back when the space has no more. The first n are the same whatever
 * the count is.
 */
export function sampleConfigurations(space: SearchSpace, options: SampleOptions): DrawnConfiguration[] {
  const { count, forms, seed, purpose, exclude = new Set<string>(), sampler = new BitSampler(space, seed) } = options;
  const seen = new Set(exclude);
  const samples: DrawnConfiguration[] = [];
  const genes = new Uint8Array(space.length);
  let exhausted = new Set<string>();
  for (let index = 0; samples.length < count && exhausted.size < forms.length; index++) {
    const form = forms[index % forms.length];
    const stream = new RandomStream(seed, `samples/${purpose}`, index);
    let fresh = false;
    for (let repeat = 0; repeat < REPEATS && !fresh; repeat++) {
      sampler.draw({ weights: around(space.weights, stream), activations: around(space.activations, stream) }, stream, genes);
      const configuration = decodeGenome(space, genes, form);
      const key = configurationKey(configuration);
      fresh = !seen.has(key);
      if (!fresh) continue;
      seen.add(key);
      samples.push({ form: formKey(form), configuration });
    }
    if (fresh) exhausted = new Set();
    else exhausted.add(formKey(form));
  }
  return samples;
}
