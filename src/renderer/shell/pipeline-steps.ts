/** State and one fact of every step of the pipeline, for the rail. */
import type { JobView, ProjectView, RunView } from '../../shared/contract/api/views.ts';
import { PHASES, type Phase } from '../../shared/contract/job-protocol.ts';
import { canonicalJson } from '../../shared/domain/canonical-json.ts';
import { PIPELINE_VIEWS, type PipelineView } from '../../shared/actions.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { fixed, percent, whole } from '../format.ts';
import { t } from '../i18n.ts';
import { isLive } from '../stores/jobs.ts';

export type StepState = 'todo' | 'running' | 'done' | 'stale' | 'error';

export interface PipelineStep {
  view: PipelineView;
  state: StepState;
  fact: string;
}

/** Phases of a run that each step shows. */
const STEP_PHASES: Readonly<Partial<Record<PipelineView, readonly Phase[]>>> = {
  train: ['pretrain', 'calibrate', 'supernet', 'grid'],
  predictor: ['sample', 'predictor'],
  search: ['search', 'measure'],
};

/** Sections of the recipe that the result of each step rests on, those of the steps before it included. */
const BASIS: Readonly<Partial<Record<PipelineView, readonly (keyof Recipe)[]>>> = {
  train: ['seed', 'data', 'model', 'space', 'pretrain', 'calibration', 'supernet', 'evaluation'],
  predictor: ['seed', 'data', 'model', 'space', 'pretrain', 'calibration', 'supernet', 'evaluation', 'predictor'],
  search: ['seed', 'data', 'model', 'space', 'pretrain', 'calibration', 'supernet', 'evaluation', 'predictor', 'search'],
};

/** Whether the draft would give another result than the run did. */
function differs(view: PipelineView, draft: Recipe, run: RunView): boolean {
  return (BASIS[view] ?? []).some((key) => canonicalJson(draft[key]) !== canonicalJson(run.settings[key]));
}

/** Words of a counted unit; a unit without a translation as it is. */
export function unitName(unit: string): string {
  const key = `shell.unit.${unit}`;
  const text = t(key);
  return text === key ? unit : text;
}

/** What a running phase does now, e.g. `Step 11,934 of 21,060`. */
export function progressFact(job: JobView): string {
  if (job.state === 'queued') return t('shell.fact.queued');
  if (job.state === 'paused') return t('shell.fact.paused');
  const { progress } = job;
  if (!progress || progress.total === 0) return t('shell.fact.preparing');
  return t('shell.fact.unit', { unit: unitName(progress.unit), done: whole(progress.done), total: whole(progress.total) });
}

function trainFact(run: RunView): string {
  const byBits = [...run.grid].sort((a, b) => a.weightBits - b.weightBits);
  const [low, high] = [byBits[0], byBits.at(-1)];
  if (!low || !high || low.weightBits === high.weightBits) return t('shell.job.done');
  const best = (bits: number): string =>
    percent(Math.max(...run.grid.filter((cell) => cell.weightBits === bits).map((cell) => cell.accuracy)), 1);
  return t('shell.fact.bits', {
    low: low.weightBits,
    lowValue: best(low.weightBits),
    high: high.weightBits,
    highValue: best(high.weightBits),
  });
}

function doneFact(view: PipelineView, run: RunView): string {
  if (view === 'train') return trainFact(run);
  if (view === 'predictor') return t('shell.fact.kendall', { value: fixed(run.predictor?.kendall ?? null, 2) });
  return t('shell.fact.front', { count: run.front.length });
}

function runStep(view: PipelineView, draft: Recipe, run: RunView | null, job: JobView | null): PipelineStep {
  const phases = STEP_PHASES[view] ?? [];
  const waiting = { train: 'notStarted', predictor: 'afterTraining', search: 'afterPredictor' }[view as 'train' | 'predictor' | 'search'];
  const todo = (fact: string): PipelineStep => ({ view, state: 'todo', fact });
  if (!run) return todo(t(`shell.fact.${waiting}`));
  const states = phases.map((phase) => run.phases[phase].state);
  if (job && isLive(job) && job.phase && phases.includes(job.phase)) return { view, state: 'running', fact: progressFact(job) };
  if (states.every((state) => state === 'done')) {
    if (differs(view, draft, run)) return { view, state: 'stale', fact: t('shell.fact.changed') };
    return { view, state: 'done', fact: doneFact(view, run) };
  }
  if (states.includes('failed')) return { view, state: 'error', fact: t('shell.fact.failed') };
  if (states.includes('running') && run.state === 'running') return { view, state: 'running', fact: t('shell.fact.preparing') };
  if (states.includes('stopped') || (states.includes('done') && run.state === 'stopped')) return todo(t('shell.fact.stoppedAt'));
  const before = PHASES.slice(0, PHASES.indexOf(phases[0]));
  return todo(
    before.length > 0 && before.every((phase) => run.phases[phase].state === 'done') ? t('shell.fact.ready') : t(`shell.fact.${waiting}`),
  );
}

/**
 * All steps of the open project.
 * @param space its size in words, null while unknown, and what keeps it from being trained
 */
export function pipelineSteps(
  project: ProjectView,
  draft: Recipe,
  run: RunView | null,
  job: JobView | null,
  space: { text: string | null; problems: readonly string[] },
): PipelineStep[] {
  const compared = project.shelf.filter((entry) => entry.compare !== null).length;
  const exports = project.runs.flatMap((each) => each.exports);
  const proved = exports.filter((each) => each.proof.passed).length;
  return PIPELINE_VIEWS.map((view): PipelineStep => {
    switch (view) {
      case 'data':
        return {
          view,
          state: 'done',
          fact: `${t(`shell.dataset.${draft.data.dataset}`)} · ${t(`shell.architecture.${draft.model.architecture}`)}`,
        };
      case 'space':
        if (space.problems.length > 0)
          return { view, state: 'error', fact: t('shell.fact.spaceProblems', { count: space.problems.length }, space.problems.length) };
        return { view, state: 'done', fact: space.text === null ? '' : t('shell.fact.spaceSize', { size: space.text }) };
      case 'compare':
        return compared > 0
          ? { view, state: 'done', fact: t('shell.fact.configurations', { count: compared }, compared) }
          : { view, state: 'todo', fact: t('shell.fact.noConfigurations') };
      case 'export':
        if (job && isLive(job) && job.phase === 'export') return { view, state: 'running', fact: progressFact(job) };
        if (exports.length === 0) return { view, state: 'todo', fact: t('shell.fact.nothingToExport') };
        return {
          view,
          state: proved === exports.length ? 'done' : 'error',
          fact: t('shell.fact.exports', { count: exports.length, proved }, exports.length),
        };
      default:
        return runStep(view, draft, run, job);
    }
  });
}
