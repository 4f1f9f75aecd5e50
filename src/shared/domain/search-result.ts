import type { Configuration } from '../schema/configuration.ts';
import type { AverageBits } from './configuration.ts';
import type { FormKey } from './form.ts';

/** One configuration that a search found. */
export interface SearchCandidate {
  /** `configurationKey` of the configuration. */
  key: string;
  configuration: Configuration;
  form: FormKey;
  /** Average-bit target of the search that found it. */
  target: number;
  /** Fitness: the predicted accuracy, 0..1. */
  predicted: number;
  averageBits: AverageBits;
  bitOps: number;
  equivalentBits: number;
  sizeBytes: number;
}

/** How far one generation had come. */
export interface GenerationRecord {
  generation: number;
  /** Highest and mean fitness of the pool. */
  best: number;
  mean: number;
}

/** One finished genetic search: one form, one target. */
export interface SearchRun {
  form: FormKey;
  target: number;
  generations: number;
  /** Individuals judged; one that comes back counts again, though it is predicted once. */
  evaluations: number;
  history: GenerationRecord[];
  /** Best candidates, best first. */
  best: SearchCandidate[];
}

/** Searches over targets and forms with their common Pareto front. */
export interface SearchResult {
  runs: SearchRun[];
  /** The best candidates of all runs, each configuration once. */
  candidates: SearchCandidate[];
  /** Indices of the candidates that none beats in predicted accuracy, BitOps and size at once; ascending BitOps. */
  front: number[];
  /** The knee of the front, or null when there is no candidate. */
  knee: number | null;
}
