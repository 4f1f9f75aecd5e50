import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Form } from '../../shared/domain/form.ts';
import { decodeGenome, type SearchSpace } from '../../shared/domain/space.ts';
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

const floats = new Float32Array(1);
const words = new Uint32Array(floats.buffer);
/** More than a population may have. */
const PLACES = 2 ** 21;

/** Grows as a finite float32 falls, 0 .. 2^32-1: the bits of a float are ordered as it is, those of a negative one backwards. */
function fallingWord(value: number): number {
  // -0 is no less than 0.
  floats[0] = value + 0;
  return (words[0] & 0x80000000 ? words[0] : ~words[0] & 0x7fffffff) >>> 0;
}

/**
 * Indices by falling score (float32, finite); equal scores keep their order, so the result does not depend on the platform. Score and
 * index are sorted as one number, without a call of ours for each comparison.
 */
export function ranking(fitness: ArrayLike<number>): Uint32Array {
  const numbers = new Float64Array(fitness.length);
  for (let index = 0; index < numbers.length; index++) numbers[index] = fallingWord(fitness[index]) * PLACES + index;
  numbers.sort();
  return Uint32Array.from(numbers, (number) => number % PLACES);
}

/** Joins genomes and scores, the best first. */
export function ranked(genomes: readonly Uint8Array[], fitness: Float32Array): Population {
  const order = ranking(fitness);
  return { genomes: Array.from(order, (index) => genomes[index]), fitness: Float32Array.from(order, (index) => fitness[index]) };
}
