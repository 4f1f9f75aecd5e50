/** Starting, changing and removing runs. */
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { PHASES, type Phase } from '../../shared/contract/job-protocol.ts';
import type { SampleLabel } from '../../shared/contract/api/views.ts';
import type { SearchPoints } from '../../shared/contract/look.ts';
import { jsonDifferences } from '../../shared/domain/canonical-json.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { assertSameRun, fingerprintOf } from '../fingerprint.ts';
import { fitRecipe } from '../fit-recipe.ts';
import { lastTouched, phaseBefore, requireOrder } from '../run-plan.ts';
import type { HostContext } from './context.ts';
import type { OpenProject } from './open-project.ts';
import { RunJob, type RunJobOptions } from './run-job.ts';

interface Started {
  job: string;
  run: string;
}

function noticeOfFit(context: HostContext, project: OpenProject, run: string, wanted: Recipe, fitted: Recipe): void {
  const left = jsonDifferences(wanted, fitted).map(({ path, from, to }) => `${path} ${JSON.stringify(from)} -> ${JSON.stringify(to)}`);
  if (!left.length) return;
  const text = `Fitted to the space: ${left.join('; ')}.`;
  project.store.log(run, text);
  context.hub.post({ type: 'notice', level: 'info', text, project: project.folder, run });
}

/** What the space holds no longer is left out; in a window the space is set first, and everything else follows it. */
const fit = (recipe: Recipe): Recipe => fitRecipe(recipe, null, `Recipe '${recipe.name}'`);

/** What a recipe says of the engine, and the settings where it says nothing. */
export function engineOf(context: HostContext, { engine }: Recipe): Recipe['engine'] {
  const { executor, threads } = context.settings.get();
  return {
    executor: engine.executor === 'auto' ? executor : engine.executor,
    ...((engine.threads ?? threads) && { threads: engine.threads ?? threads ?? undefined }),
  };
}

/** Makes a run of a recipe and queues it. */
export function startRun(context: HostContext, project: OpenProject, wanted: Recipe, until?: Phase): Started {
  const recipe = fit({ ...wanted, engine: engineOf(context, wanted) });
  const expected = context.engines.expected(recipe.engine.executor);
  const { store } = project;
  const run = store.createRun(recipe, fingerprintOf(recipe, expected), expected);
  store.setRunState(run.id, 'stopped');
  noticeOfFit(context, project, run.id, { ...wanted, engine: recipe.engine }, recipe);
  project.touch(run.id);
  return { job: context.jobs.add(new RunJob(context, project, run.id, { until })).id, run: run.id };
}

function requireIdle(context: HostContext, project: OpenProject, run: string, what: string): void {
  const [job] = context.jobs.unfinished(project.folder, run);
  if (job)
    throw new WorkbenchError(
      'usage',
      `${job.work.title} is still at work on run ${run}, so it cannot be ${what}: stop it or wait for its end.`,
    );
}

/**
 * Queues the rest of a run, or with `from` that phase and all later ones again.
 * @throws WorkbenchError `fingerprint-mismatch` naming what differs in `options.recipe` that the phases before `from` rest on
 */
export function resumeRun(context: HostContext, project: OpenProject, id: string, wanted: RunJobOptions): Started {
  const options = { ...wanted };
  const { store } = project;
  const run = store.run(id);
  const [job] = context.jobs.unfinished(project.folder, id).filter(({ work }) => work.kind === 'run');
  if (job) throw new WorkbenchError('usage', `Run ${id} ${job.isQueued ? 'waits in the queue' : 'is running'} already.`, { job: job.id });
  const records = store.phases(id);
  const { from, until } = options;
  if (options.recipe && !from)
    throw new WorkbenchError('usage', `Run ${id} can take another recipe only where phases are done again: name the first of them.`);
  if (from) {
    const missing = records.find(({ phase, state }) => PHASES.indexOf(phase) < PHASES.indexOf(from) && state !== 'done');
    if (missing)
      throw new WorkbenchError(
        'usage',
        `Run ${id} cannot be done again from '${from}' because '${missing.phase}' is not done yet: resume it first.`,
      );
    requireIdle(context, project, id, 'done again');
    if (options.recipe) {
      const other = { ...options.recipe, name: run.recipe.name, engine: run.recipe.engine };
      options.recipe = fit(other);
      assertSameRun(run, options.recipe, run.engine, phaseBefore(from));
      noticeOfFit(context, project, id, other, options.recipe);
    }
  } else if (run.state === 'done') {
    throw new WorkbenchError('usage', `Run ${id} is finished: choose the phase from which it is to be done again, or start a new run.`);
  }
  requireOrder(from, until);
  return { job: context.jobs.add(new RunJob(context, project, id, options)).id, run: id };
}

/**
 * Changes what phases that have not begun will do.
 * @throws WorkbenchError `fingerprint-mismatch` naming the fields that finished phases depend on
 */
export function amendRun(context: HostContext, project: OpenProject, id: string, wanted: Recipe): void {
  requireIdle(context, project, id, 'changed');
  const { store } = project;
  const run = store.run(id);
  const recipe = fit({ ...wanted, name: run.recipe.name, engine: run.recipe.engine });
  assertSameRun(run, recipe, run.engine, lastTouched(store, run));
  store.setRecipe(id, recipe, fingerprintOf(recipe, run.engine));
  noticeOfFit(context, project, id, { ...wanted, name: recipe.name, engine: recipe.engine }, recipe);
  project.touch(id);
}

/** Deletes a run with its checkpoints and exports. */
export async function removeRun(context: HostContext, project: OpenProject, id: string): Promise<void> {
  requireIdle(context, project, id, 'deleted');
  await context.runWorkers.endRun(project.folder, id);
  context.explored.forget(project.folder, id);
  try {
    project.store.removeRun(id);
  } finally {
    project.touch(id);
  }
}

/** What was measured for the predictor of a run, also while it is being measured. */
export function sampleLabels(project: OpenProject, id: string): SampleLabel[] {
  return project.store.units(id, 'sample').map(({ configuration: _configuration, ...label }) => label);
}

/** What searches of a run have looked at, the newest last. */
export function exploredBy(context: HostContext, project: OpenProject, id: string): SearchPoints[] {
  return [...(project.store.result(id, 'search')?.explored ?? []), ...context.explored.of(project.folder, id)];
}
