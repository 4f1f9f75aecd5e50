/** What the Train screen shows of a run: its state in one word, the phase, the plan and the last checkpoint. */
import type { JobState, JobView, RunView } from '../../../shared/contract/api/views.ts';
import { PHASES, type Phase } from '../../../shared/contract/job-protocol.ts';
import { stepsOf, stepsPerEpoch } from '../../../shared/domain/steps.ts';
import type { SeriesView } from '../../stores/metric-series.ts';

/** The phases that train weights, each with curves of its own. */
export const TRAININGS = ['pretrain', 'supernet'] as const;
export type Training = (typeof TRAININGS)[number];
/** The last phase that belongs to this screen: a run that ends there has a trained and measured supernet. */
export const LAST_PHASE: Phase = 'grid';
const OWN_PHASES: readonly Phase[] = PHASES.slice(0, PHASES.indexOf(LAST_PHASE) + 1);

export type RunStatus = 'none' | Exclude<JobState, 'done' | 'stopped' | 'failed'> | 'stopped' | 'failed' | 'done';

const LIVE: ReadonlySet<JobState> = new Set<JobState>(['queued', 'starting', 'running', 'pausing', 'paused', 'stopping']);

export const isTraining = (phase: Phase | null): phase is Training => phase === 'pretrain' || phase === 'supernet';

/** What the run does now: its live job tells it, else what is stored. A job that ended with an error counts as failed. */
export function runStatus(run: Pick<RunView, 'state'> | null, job: Pick<JobView, 'state'> | null): RunStatus {
  if (!run) return 'none';
  if (job && LIVE.has(job.state)) return job.state as RunStatus;
  if (run.state === 'done') return 'done';
  if (run.state === 'failed' || job?.state === 'failed') return 'failed';
  return 'stopped';
}

/** The training where a run is: elastic training once that has begun. */
export const trainingOf = (run: Pick<RunView, 'phases'>): Training => (run.phases.supernet.state === 'pending' ? 'pretrain' : 'supernet');

/** The first phase that is not done; null where all are. */
export function nextPhase(run: Pick<RunView, 'phases'>): Phase | null {
  return PHASES.find((phase) => run.phases[phase].state !== 'done') ?? null;
}

/** Whether every phase of this screen is done. */
export const isTrained = (run: Pick<RunView, 'phases'>): boolean => OWN_PHASES.every((phase) => run.phases[phase].state === 'done');

/** Steps that a training phase takes in all and in one epoch; null while the count of images is not known. */
export function planOf(
  run: Pick<RunView, 'settings' | 'images' | 'phases' | 'supernet'>,
  phase: Training,
): { total: number; perEpoch: number } | null {
  const { epochs, batch } = run.settings[phase];
  const images = run.images?.train ?? run.settings.data.trainImages;
  if (images === undefined) return null;
  return { total: stepsOf(epochs, images, batch), perEpoch: Math.max(1, stepsPerEpoch(images, batch)) };
}

export interface CheckpointFact {
  step: number;
  /** ms since 1970; null where it was not noted */
  at: number | null;
}

/** Checkpoints of a training phase, oldest first: those that the run noted, and the newest one that its job tells of. */
export function checkpointsOf(noted: SeriesView, job: Pick<JobView, 'phase' | 'checkpoint'> | null, phase: Phase): CheckpointFact[] {
  const found: CheckpointFact[] = [];
  for (let i = 0; i < noted.count; i++) found.push({ step: noted.steps[i], at: Number.isFinite(noted.times[i]) ? noted.times[i] : null });
  const live = job?.phase === phase ? job.checkpoint : null;
  if (live && !found.some(({ step }) => step === live.step)) found.push(live);
  return found.sort((a, b) => a.step - b.step);
}

/** Steps that were done but are in no checkpoint; null while nothing of the phase is known. */
export function lostSteps(loss: SeriesView, checkpoints: readonly CheckpointFact[]): number | null {
  if (loss.count === 0) return null;
  const done = loss.steps[loss.count - 1] + 1;
  return Math.max(0, done - (checkpoints.at(-1)?.step ?? 0));
}

/** The best value of a series with its step; null where there is none. */
export function bestOf(series: SeriesView): { value: number; step: number } | null {
  let best: { value: number; step: number } | null = null;
  for (let i = 0; i < series.count; i++) {
    const value = series.values[i];
    if (Number.isFinite(value) && (!best || value > best.value)) best = { value, step: series.steps[i] };
  }
  return best;
}

/** The newest finite value of a series; null where there is none. */
export function lastOf(series: SeriesView): number | null {
  for (let i = series.count - 1; i >= 0; i--) if (Number.isFinite(series.values[i])) return series.values[i];
  return null;
}

/** The first finite value of a series; null where there is none. */
export function firstOf(series: SeriesView): number | null {
  for (let i = 0; i < series.count; i++) if (Number.isFinite(series.values[i])) return series.values[i];
  return null;
}

/**
 * The share of all steps of a training in which nothing was computed, 0..1; null where none was noted.
 * @param times of a step on average, ms; its points stand for the same steps as those of `shares`
 */
export function idleShare(shares: SeriesView, times: SeriesView): number | null {
  let [idle, total] = [0, 0];
  for (let i = 0; i < Math.min(shares.count, times.count); i++) {
    if (!(times.values[i] > 0 && Number.isFinite(shares.values[i]))) continue;
    idle += shares.values[i] * times.values[i];
    total += times.values[i];
  }
  return total > 0 ? idle / total : null;
}

/** A little more than `seconds`, on a coarse grid, so that a time axis does not move with every new estimate. */
export function roundUpSeconds(seconds: number): number {
  if (!(seconds > 0)) return 0;
  const step = Math.max(1, 10 ** Math.floor(Math.log10(seconds)) / 2);
  return Math.ceil(seconds / step) * step;
}
