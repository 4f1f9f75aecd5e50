import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Form } from '../../shared/domain/form.ts';
import { decodeGenome, genomeKey, type SearchSpace } from '../../shared/domain/space.ts';
import { configurationKey } from '../../shared/domain/configuration.ts';
import { encodingLength, genomeEncoder } from '../predictor/encoding.ts';

/**
 * Scores configurations, higher is better: usually the accuracy predictor.
 * @param codes CQAP codes, `[count, encodingLength(layers)]` row-major; valid only until the call returns or resolves
 * @returns `[count]` scores, finite, the same for the same code in every call
 */
export type Fitness = (codes: Float32Array, count: number) => Float32Array | Promise<Float32Array>;

/** Genomes with their scores; the best first. */
export interface Population {
  genomes: readonly Uint8Array[];
  fitness: Float32Array;
}

/** Scores genomes under one form in one call. */
export class GenomeScorer {
  private readonly encode: ReturnType<typeof genomeEncoder>;
  private readonly width: number;
  private codes = new Float32Array(0);

  constructor(
    private readonly space: SearchSpace,
    private readonly form: Form,
    private readonly fitness: Fitness,
  ) {
    this.encode = genomeEncoder(space, form);
    this.width = encodingLength(space.facts.length);
  }

  /** @throws WorkbenchError `engine-failed` when a score is missing or not finite */
  async evaluate(genomes: readonly Uint8Array[]): Promise<Float32Array> {
    if (genomes.length === 0) return new Float32Array(0);
    const size = genomes.length * this.width;
    if (this.codes.length < size) this.codes = new Float32Array(size);
    genomes.forEach((genes, row) => this.encode(genes, this.codes, row * this.width));
    const scores = await this.fitness(this.codes.subarray(0, size), genomes.length);
    if (scores.length !== genomes.length) {
      throw new WorkbenchError('internal', `The predictor gave ${scores.length} scores for ${genomes.length} configurations: report this.`);
    }
    const bad = scores.findIndex((score) => !Number.isFinite(score));
    if (bad >= 0) {
      const key = configurationKey(decodeGenome(this.space, genomes[bad], this.form));
      throw new WorkbenchError(
        'engine-failed',
        `The predictor gives ${scores[bad]} for configuration ${key}: train it again with a lower predictor.learningRate.`,
      );
    }
    return scores;
  }
}

/** Indices by falling score; equal scores keep their order, so the result does not depend on the platform. */
export function ranking(fitness: ArrayLike<number>): number[] {
  return Array.from(fitness, (_, index) => index).sort((a, b) => fitness[b] - fitness[a] || a - b);
}

/** Joins genomes and scores, the best first. */
export function ranked(genomes: readonly Uint8Array[], fitness: ArrayLike<number>, order = ranking(fitness)): Population {
  return { genomes: order.map((index) => genomes[index]), fitness: Float32Array.from(order, (index) => fitness[index]) };
}

/**
 * Collects different genomes: calls `next` until there are `count` of them or it has given `patience` repeats in a row.
 * @param taken keys that count as repeats; the new ones are added to it
 * @returns the genomes by their keys, in the order in which they came
 */
export function collectDistinct(
  count: number,
  taken: Set<string>,
  patience: number,
  next: (repeat: number) => Uint8Array | null,
): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (let repeat = 0; found.size < count && repeat < patience;) {
    const genes = next(repeat);
    const key = genes && genomeKey(genes);
    if (!genes || key === null || taken.has(key)) repeat++;
    else {
      taken.add(key);
      found.set(key, genes);
      repeat = 0;
    }
  }
  return found;
}
