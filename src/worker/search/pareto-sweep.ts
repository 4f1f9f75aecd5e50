import { averageBits, configurationKey } from '../../shared/domain/configuration.ts';
import { configurationCost } from '../../shared/domain/cost.ts';
import { parseForm, type FormKey } from '../../shared/domain/form.ts';
import { kneePoint, nonDominated } from '../../shared/domain/pareto.ts';
import type { GenerationRecord, SearchCandidate, SearchResult, SearchRun } from '../../shared/domain/search-result.ts';
import { decodeGenome, type SearchSpace } from '../../shared/domain/space.ts';
import { mean } from '../../shared/domain/statistics.ts';
import type { Fitness } from './fitness.ts';
import { GeneticSearch, type GeneticOptions, type GeneticState } from './genetic.ts';
import { BitSampler } from './sampler.ts';
import { requireFeasible, targetWindows, type Target } from './window.ts';

export interface SweepOptions {
  space: SearchSpace;
  forms: readonly FormKey[];
  /** Average-bit targets, different in weights: a result is called after its weight target. */
  targets: readonly Target[];
  fitness: Fitness;
  seed: number;
  population: number;
  generations: number;
  parents: number;
  mutation: number;
  /** As in `GeneticOptions`. */
  samplerDraws?: number;
  /** Best candidates kept of each search. */
  keep: number;
  /** As in `GeneticOptions`. */
  onScored?: GeneticOptions['onScored'];
}

/** Where a sweep is; a structured clone of it (a checkpoint) is enough to continue. */
export interface SweepState {
  completed: readonly SearchRun[];
  /** The search under way, or null between two and at the end. */
  current: { form: FormKey; target: number; state: GeneticState; history: readonly GenerationRecord[] } | null;
}

function candidate(space: SearchSpace, genes: Uint8Array, predicted: number, form: FormKey, target: number): SearchCandidate {
  const configuration = decodeGenome(space, genes, parseForm(form));
  const { total, equivalentBits } = configurationCost(configuration, space.facts);
  return {
    key: configurationKey(configuration),
    configuration,
    form,
    target,
    predicted,
    averageBits: averageBits(configuration, space.facts),
    bitOps: total.bitOps,
    equivalentBits,
    sizeBytes: total.sizeBytes,
  };
}

function record({ generation, fitness }: GeneticState): GenerationRecord {
  return { generation, best: fitness[0], mean: mean(fitness)! };
}

const nameOf = (target: Target): number => (typeof target === 'number' ? target : target.weights);

/**
 * Runs the genetic search for every target and form and yields after each generation; leave the loop to stop. Each
 * search has its own random stream, so the order and an interruption change nothing.
 *
 * Generations follow each other without a pause: a caller that must answer messages meanwhile lets its loop wait for
 * the event loop (`setImmediate`) between them.
 * @param from a state that an interrupted sweep yielded
 * @throws WorkbenchError `recipe-invalid`, before any search, when a target cannot be met
 */
export async function* paretoSweep(options: SweepOptions, from?: SweepState): AsyncGenerator<SweepState, void, undefined> {
  const { space, forms, targets, generations } = options;
  for (const form of forms) for (const target of targets) requireFeasible(space, targetWindows(target), parseForm(form));
  let completed = from?.completed ?? [];
  const sampler = new BitSampler(space, options.seed, options.samplerDraws);
  for (const form of forms) {
    for (const wanted of targets) {
      const target = nameOf(wanted);
      if (completed.some((run) => run.form === form && run.target === target)) continue;
      const search = new GeneticSearch({ ...options, form: parseForm(form), target: wanted, sampler });
      const resumed = from?.current?.form === form && from.current.target === target ? from.current : undefined;
      let history = resumed?.history.slice(0, -1) ?? [];
      let last: GeneticState | undefined;
      for await (const state of search.run(generations, resumed?.state)) {
        history = [...history, record(state)];
        last = state;
        if (state.generation < generations) yield { completed, current: { form, target, state, history } };
      }
      completed = [...completed, finishedRun(options, form, target, last!, history)];
      yield { completed, current: null };
    }
  }
}

function finishedRun(
  { space, keep }: SweepOptions,
  form: FormKey,
  target: number,
  state: GeneticState,
  history: readonly GenerationRecord[],
): SearchRun {
  return {
    form,
    target,
    generations: state.generation,
    evaluations: state.evaluations,
    history: [...history],
    best: state.genomes.slice(0, keep).map((genes, index) => candidate(space, genes, state.fitness[index], form, target)),
  };
}

/**
 * Merges finished searches, and the present best of the one under way, into one front of predicted accuracy, BitOps and size.
 * @param state the last one that the sweep yielded
 */
export function sweepResult(options: SweepOptions, state: SweepState): SearchResult {
  const { current } = state;
  const runs = [
    ...state.completed,
    ...(current ? [finishedRun(options, current.form, current.target, current.state, current.history)] : []),
  ];
  const candidates = [...new Map(runs.flatMap((run) => run.best.map((best) => [best.key, best] as const))).values()];
  const objectives = candidates.map(({ bitOps, sizeBytes, predicted }) => [bitOps, sizeBytes, -predicted]);
  const front = nonDominated(objectives);
  return { runs, candidates, front, knee: kneePoint(objectives, front) };
}
