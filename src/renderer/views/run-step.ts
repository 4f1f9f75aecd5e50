/** Where a step of the pipeline stands in a run, for the screens that show phases after the training. */
import type { JobView, RunView } from '../../shared/contract/api/views.ts';
import { PHASES, type Phase } from '../../shared/contract/job-protocol.ts';
import { canonicalJson } from '../../shared/domain/canonical-json.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { isLive } from '../stores/jobs.ts';

/**
 * `none` no run; `before` phases before are not done and nothing runs; `waiting` they run; `ready` the phases can begin;
 * `running`; `stopped` they began; `failed` they, or a phase before, ended with an error; `done`.
 */
export type StepStage = 'none' | 'before' | 'waiting' | 'ready' | 'running' | 'stopped' | 'failed' | 'done';

type Phases = Pick<RunView, 'phases' | 'state'>;

const isDone = (run: Phases, phase: Phase): boolean => run.phases[phase].state === 'done';

/** @param own the phases that the screen shows, in order */
export function stageOf(run: Phases | null, job: JobView | null, own: readonly Phase[]): StepStage {
  if (!run) return 'none';
  const earlier = PHASES.slice(0, PHASES.indexOf(own[0]));
  const live = job !== null && isLive(job);
  if (own.every((phase) => isDone(run, phase))) return 'done';
  const ready = earlier.every((phase) => isDone(run, phase));
  if (live) return job.phase !== null && own.includes(job.phase) ? 'running' : ready ? 'running' : 'waiting';
  if (run.state === 'failed' || job?.state === 'failed') return 'failed';
  if (!ready) return 'before';
  return own.some((phase) => run.phases[phase].state !== 'pending') ? 'stopped' : 'ready';
}

/** Sections of the recipe that decide over the training; a change of one of them means a new run. */
const TRAINING: readonly (keyof Recipe)[] = ['seed', 'data', 'model', 'space', 'pretrain', 'calibration', 'supernet', 'evaluation'];

export interface RecipeChanges {
  /** sections of the training that differ; only a new run follows them */
  training: (keyof Recipe)[];
  predictor: boolean;
  search: boolean;
}

/** What of the draft a run does not follow. */
export function changesOf(draft: Recipe, run: Pick<RunView, 'settings'>): RecipeChanges {
  const differs = (section: keyof Recipe): boolean => canonicalJson(draft[section]) !== canonicalJson(run.settings[section]);
  return { training: TRAINING.filter(differs), predictor: differs('predictor'), search: differs('search') };
}

/** Fields of the predictor's section that decide over the measurements; the others only over the fit. */
const MEASUREMENT_FIELDS = [
  'trainSamples',
  'heldOutSamples',
  'sampleImages',
  'recalibrationImages',
  'noiseSamples',
  'heldOut',
  'heldOutBits',
  'heldOutForms',
] as const satisfies readonly (keyof Recipe['predictor'])[];

/** The first phase that has to be done again so that a run follows the draft's predictor; null where it does already. */
export function predictorRedo(draft: Recipe['predictor'], run: Recipe['predictor']): 'sample' | 'predictor' | null {
  const differs = (field: keyof Recipe['predictor']): boolean => canonicalJson(draft[field]) !== canonicalJson(run[field]);
  if (MEASUREMENT_FIELDS.some(differs)) return 'sample';
  return (Object.keys(draft) as (keyof Recipe['predictor'])[]).some(differs) ? 'predictor' : null;
}
