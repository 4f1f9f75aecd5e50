import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Candidate, PhaseInputs, SearchPhaseResult } from '../../shared/contract/job-protocol.ts';
import { parseForm, type FormKey } from '../../shared/domain/form.ts';
import { allowsUniform, nearestUniform } from '../../shared/domain/layer-space.ts';
import type { SearchPoints } from '../../shared/contract/look.ts';
import type { SearchCandidate } from '../../shared/domain/search-result.ts';
import { buildSearchSpace } from '../../shared/domain/space.ts';
import { encodeConfiguration, encodingLength } from '../predictor/encoding.ts';
import { Predictor } from '../predictor/cqap.ts';
import type { Target } from '../search/window.ts';
import { paretoSweep, type SweepOptions, type SweepState } from '../search/pareto-sweep.ts';
import { costsOf } from '../../shared/domain/cost.ts';
import { PREDICTOR_CHECKPOINT } from './predictor.ts';
import { SearchTrail } from './search-trail.ts';
import type { RunContext } from './context.ts';

async function openPredictor(context: RunContext): Promise<Predictor> {
  const checkpoint = context.checkpoints.load(PREDICTOR_CHECKPOINT);
  if (!checkpoint)
    throw new WorkbenchError('checkpoint-invalid', "The accuracy predictor of this run is missing: run it again with '--from predictor'.");
  return Predictor.open(checkpoint.tensors as Map<string, Float32Array>, context.predictorEngine());
}

/** The best predictions of one target over all forms, each configuration once, best first. */
function bestOf(found: readonly SearchCandidate[], target: number, keep: number): SearchCandidate[] {
  const seen = new Set<string>();
  return found
    .filter((candidate) => candidate.target === target && !seen.has(candidate.key) && seen.add(candidate.key))
    .sort((a, b) => b.predicted - a.predicted)
    .slice(0, keep);
}

/**
 * The genetic search of the paper for every target and form, then for each target the best predictions over all forms,
 * and the uniform configuration of the best one's form as the baseline, where every layer allows its bits.
 * @param targets average bits; a candidate is called after its weight target
 */
export async function searchTargets(
  context: RunContext,
  forms: readonly FormKey[],
  targets: readonly Target[],
): Promise<SearchPhaseResult> {
  const { control } = context;
  const started = performance.now() - control.heldMilliseconds;
  const model = await openPredictor(context);
  try {
    return await searchWith(context, model, forms, targets, started);
  } finally {
    model.dispose();
  }
}

async function searchWith(
  context: RunContext,
  model: Predictor,
  forms: readonly FormKey[],
  targets: readonly Target[],
  started: number,
): Promise<SearchPhaseResult> {
  const { recipe, layout, reporter, control } = context;
  const { population, generations, parents, mutation, samplerDraws, remeasure } = recipe.search;
  const space = buildSearchSpace(layout.facts, layout.points, recipe.space);
  const send = (round: SearchPoints) => reporter.send({ type: 'search-points', round });
  const trail = new SearchTrail(space, generations, forms.length * targets.length, send);
  const options: SweepOptions = {
    space,
    forms,
    targets,
    fitness: (codes, count) => model.predict(codes, count),
    seed: recipe.seed,
    population,
    generations,
    parents,
    mutation,
    samplerDraws,
    keep: remeasure,
    onScored: (scored) => trail.add(scored),
  };
  const total = forms.length * targets.length * generations;
  let state: SweepState = { completed: [], current: null };
  for await (state of paretoSweep(options)) {
    const done = state.completed.length * generations + (state.current?.state.generation ?? 0);
    const best = state.current?.history.at(-1)?.best;
    reporter.report({
      phase: 'search',
      unit: 'generation',
      done,
      total,
      note: best === undefined ? undefined : `best ${(100 * best).toFixed(2)} %`,
    });
    await context.breathe();
  }
  const found = state.completed.flatMap((run) => run.best);
  const candidates: Candidate[] = [];
  for (const wanted of targets) {
    const target = typeof wanted === 'number' ? wanted : wanted.weights;
    const best = bestOf(found, target, remeasure);
    best.forEach(({ configuration, form, predicted, key }, rank) =>
      candidates.push({
        id: `${target}/${key}`,
        target,
        form,
        rank,
        predicted,
        configuration,
        costs: costsOf(configuration, layout.facts),
      }),
    );
    const comparable = typeof wanted === 'number' || wanted.weights === wanted.activations;
    if (!comparable || !Number.isInteger(target)) continue;
    if (!allowsUniform(recipe.space, layout.facts, layout.points, target)) {
      const text = `Target ${target} has no uniform configuration to compare with: not every layer allows ${target} weight and ${target} activation bits.`;
      reporter.send({ type: 'log', text });
      continue;
    }
    for (const form of new Set(best.map((candidate) => candidate.form))) {
      const configuration = nearestUniform(recipe.space, layout.facts, layout.points, target, parseForm(form));
      const code = new Float32Array(encodingLength(layout.facts.length));
      encodeConfiguration(configuration, layout.facts, code);
      const [predicted] = await model.predict(code, 1);
      candidates.push({
        id: `${target}/uniform/${form}`,
        target,
        form,
        rank: 'uniform',
        predicted,
        configuration,
        costs: costsOf(configuration, layout.facts),
      });
    }
  }
  return {
    candidates,
    evaluations: state.completed.reduce((sum, run) => sum + run.evaluations, 0),
    seconds: (performance.now() - control.heldMilliseconds - started) / 1000,
    explored: trail.finish(),
  };
}

export function search(context: RunContext, _input: PhaseInputs['search']): Promise<SearchPhaseResult> {
  return searchTargets(context, context.recipe.search.forms as FormKey[], context.recipe.search.targets);
}
