import type { Candidate, MeasuredCandidate, OpenedInfo } from '../shared/contract/job-protocol.ts';
import { costsOf } from '../shared/domain/cost.ts';
import { parseForm, type FormKey } from '../shared/domain/form.ts';
import { nearestUniform } from '../shared/domain/layer-space.ts';
import type { Recipe } from '../shared/schema/recipe.ts';

/**
 * What the export phase of a recipe writes: for each target the candidate that is best on the validation images (fewer
 * BitOps, then the id, decide a draw), and the uniform configurations asked for, in the form of the first of those or else
 * in the first form that the search looks at.
 */
export function chooseExports(
  { export: wanted, search, space }: Recipe,
  { layers, points = [] }: Pick<OpenedInfo, 'layers' | 'points'>,
  candidates: readonly Candidate[],
  measured: readonly MeasuredCandidate[],
): Candidate[] {
  const accuracy = new Map(measured.map((entry) => [entry.id, entry.validationAccuracy]));
  const best = wanted.targets.flatMap((target) =>
    candidates
      .filter((candidate) => candidate.target === target && candidate.rank !== 'uniform' && accuracy.has(candidate.id))
      .sort((a, b) => accuracy.get(b.id)! - accuracy.get(a.id)! || a.costs.bitops - b.costs.bitops || (a.id < b.id ? -1 : 1))
      .slice(0, 1),
  );
  const form = best[0]?.form ?? (search.forms[0] as FormKey);
  const uniform = wanted.uniformBits.map((bits): Candidate => {
    const configuration = nearestUniform(space, layers, points, bits, parseForm(form));
    const id = `${bits}/uniform/${form}`;
    return { id, target: bits, form, rank: 'uniform', predicted: null, configuration, costs: costsOf(configuration, layers) };
  });
  return [...best, ...uniform];
}
