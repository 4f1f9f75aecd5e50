import { WorkbenchError } from '../shared/contract/errors.ts';
import { PHASES, type Phase } from '../shared/contract/job-protocol.ts';
import type { Recipe } from '../shared/schema/recipe.ts';
import { assertSameRun, fingerprintOf } from './fingerprint.ts';
import type { ProjectStore } from './project-store.ts';
import type { RunEngine, RunRecord } from './run-record.ts';

export interface RunRequest {
  recipe: Recipe;
  engine: RunEngine;
  /** Go on where an interrupted run of this recipe ended. */
  resume: boolean;
  /** Do this phase and all later ones again. */
  from?: Phase;
}

export interface RunPlan {
  kind: 'new' | 'resume' | 'redo' | 'finished';
  /** null for a new run, which `beginRun` makes */
  run: RunRecord | null;
}

/** The last phase of a run that has begun; what only later ones depend on may change. */
export function lastTouched(store: ProjectStore, run: RunRecord): Phase | null {
  return store.phases(run.id).findLast(({ state }) => state !== 'pending')?.phase ?? null;
}

/** @throws WorkbenchError `usage` when a run would have to end before it begins */
export function requireOrder(from: Phase | undefined, until: Phase | undefined): void {
  if (from && until && PHASES.indexOf(until) < PHASES.indexOf(from))
    throw new WorkbenchError(
      'usage',
      `A run cannot begin at '${from}' and end with '${until}', which comes before it: name a phase from ${PHASES.slice(PHASES.indexOf(from)).join(', ')}.`,
    );
}

/** The phase that comes before; null before the first. */
export const phaseBefore = (phase: Phase): Phase | null => PHASES[PHASES.indexOf(phase) - 1] ?? null;

/**
 * Decides which run a request means; changes nothing.
 *  - nothing asked: a new run, unless an unfinished one of the same recipe waits (then a sentence, so that no work is lost by mistake);
 *  - `resume`: the unfinished run of the same recipe, or of one that differs only in what its phases to come depend on; a finished one when there is nothing left to do; a new one in a project without runs of it;
 *  - `from`: the latest run of the same recipe; only what the phases before `from` depend on has to be the same.
 * @throws WorkbenchError `usage` or `fingerprint-mismatch`
 */
export function planRun(store: ProjectStore, { recipe, engine, resume, from }: RunRequest): RunPlan {
  const runs = store.runs();
  const fingerprint = fingerprintOf(recipe, engine);
  const same = runs.filter((run) => run.fingerprint === fingerprint);
  const unfinished = same.findLast((run) => run.state !== 'done') ?? null;
  if (from) {
    const run = same.at(-1) ?? runs.findLast((candidate) => candidate.recipe.name === recipe.name) ?? runs.at(-1);
    if (!run)
      throw new WorkbenchError('usage', `Project ${store.folder} has no run that could be done again from '${from}': leave out --from.`);
    assertSameRun(run, recipe, engine, phaseBefore(from));
    const missing = store.phases(run.id).find(({ phase, state }) => PHASES.indexOf(phase) < PHASES.indexOf(from) && state !== 'done');
    if (missing)
      throw new WorkbenchError(
        'usage',
        `Run ${run.id} cannot be done again from '${from}' because '${missing.phase}' is not done yet: use --resume.`,
      );
    return { kind: 'redo', run };
  }
  if (!resume) {
    if (!unfinished) return { kind: 'new', run: null };
    throw new WorkbenchError(
      'usage',
      `Run ${unfinished.id} of this recipe is not finished: add --resume to go on with it (nothing is lost).`,
      { run: unfinished.id },
    );
  }
  if (unfinished) return { kind: 'resume', run: unfinished };
  const finished = same.at(-1);
  if (finished) return { kind: 'finished', run: finished };
  const other = runs.findLast((run) => run.state !== 'done' || run.recipe.name === recipe.name);
  if (other) {
    const kept = lastTouched(store, other);
    assertSameRun(other, recipe, engine, kept);
    if (kept !== null && other.state !== 'done') return { kind: 'resume', run: other };
  }
  return { kind: 'new', run: null };
}
