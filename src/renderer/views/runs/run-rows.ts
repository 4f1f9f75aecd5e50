/** What the table of runs shows of a run. Accuracies are 0..1, times ms since 1970, durations seconds. */
import type { JobView, RunView } from '../../../shared/contract/api/views.ts';
import { PHASES, type Phase } from '../../../shared/contract/job-protocol.ts';
import { runStatus, type RunStatus } from '../train/train-state.ts';

/** Bit-widths with a column of their own. */
export const SHOWN_BITS = [8, 4, 3, 2] as const;
export type ShownBits = (typeof SHOWN_BITS)[number];

/** Steps of the pipeline that the phases of a run belong to; they shade the bar of its time. */
export const PHASE_GROUPS = ['train', 'predictor', 'search', 'export'] as const;
export type PhaseGroup = (typeof PHASE_GROUPS)[number];
const GROUP_OF: Readonly<Record<Phase, PhaseGroup>> = {
  pretrain: 'train',
  calibrate: 'train',
  supernet: 'train',
  grid: 'train',
  sample: 'predictor',
  predictor: 'predictor',
  search: 'search',
  measure: 'search',
  export: 'export',
};

export interface PhaseTime {
  phase: Phase;
  group: PhaseGroup;
  state: RunView['phases'][Phase]['state'];
  seconds: number;
}

export interface RunRow {
  id: string;
  run: RunView;
  job: JobView | null;
  /** its label, else its id */
  title: string;
  status: RunStatus;
  /** the phase at work, else the one that failed or comes next; null when all are done */
  phase: Phase | null;
  /** 0..1 of the phase at work; null while nothing counts */
  share: number | null;
  startedAt: number;
  phases: PhaseTime[];
  seconds: number;
  float: number | null;
  /** the lowest of all measured forms; null where that bit-width was not measured */
  bits: Record<ShownBits, number | null>;
  kendall: number | null;
  /** test accuracy of the searched configuration with the best validation accuracy */
  best: number | null;
  exports: { count: number; proved: number };
  /** executor with its version, e.g. `TensorFlow 2.21.0` */
  engine: string;
  seed: number;
}

/** The lowest accuracy among the forms of a uniform bit-width. */
export function lowestOfForms(grid: RunView['grid'], bits: number): number | null {
  const found = grid.filter((cell) => cell.weightBits === bits && cell.activationBits === bits).map(({ accuracy }) => accuracy);
  return found.length > 0 ? Math.min(...found) : null;
}

/** Test accuracy of what a search would choose: the best on the validation images, never on the test images. */
export function bestSearched(candidates: RunView['candidates']): number | null {
  const searched = candidates.filter(({ rank, measured }) => rank !== 'uniform' && measured !== null);
  if (searched.length === 0) return null;
  return searched.reduce((a, b) => ((b.validationAccuracy ?? 0) > (a.validationAccuracy ?? 0) ? b : a)).measured;
}

/** `tensorflow-2.21.0-tfjs-4.22.0-linux-x64-cpu` as people call it. */
export function engineText({ executor, version, gpu }: RunView['engine']): string {
  const tensorflow = /^tensorflow-([\d.]+)/.exec(version)?.[1];
  if (!tensorflow) return executor === 'portable' ? version || executor : `${executor} ${version}`.trim();
  return `TensorFlow ${tensorflow}${gpu ? ', GPU' : ''}${executor === 'eager' ? ', eager' : ''}`;
}

export function rowOf(run: RunView, job: JobView | null): RunRow {
  const status = runStatus(run, job);
  const live = status !== 'none' && status !== 'done' && status !== 'failed' && status !== 'stopped';
  const phases = PHASES.map((phase): PhaseTime => {
    const { state, seconds } = run.phases[phase];
    // what is stored may be older than the job
    const now = live && job?.phase === phase ? 'running' : state === 'running' && !live ? 'stopped' : state;
    return { phase, group: GROUP_OF[phase], state: now, seconds };
  });
  const progress = live ? job?.progress : null;
  return {
    id: run.id,
    run,
    job,
    title: run.label || run.id,
    status,
    phase:
      (live ? job?.phase : null) ??
      phases.find(({ state }) => state === 'failed')?.phase ??
      phases.find(({ state }) => state !== 'done')?.phase ??
      null,
    share: progress && progress.total > 0 ? progress.done / progress.total : null,
    startedAt: Date.parse(run.createdAt),
    phases,
    seconds: phases.reduce((sum, { seconds }) => sum + seconds, 0),
    float: run.float?.accuracy ?? null,
    bits: Object.fromEntries(SHOWN_BITS.map((bits) => [bits, lowestOfForms(run.grid, bits)])) as RunRow['bits'],
    kendall: run.predictor?.kendall ?? null,
    best: bestSearched(run.candidates),
    exports: { count: run.exports.length, proved: run.exports.filter(({ proof }) => proof.passed).length },
    engine: engineText(run.engine),
    seed: run.settings.seed,
  };
}

/** Rows whose name, recipe, engine, seed or digest holds every word of the text, and whose state is the wanted one. */
export function filterRows(rows: readonly RunRow[], text: string, state: RunStatus | 'live' | null): RunRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const { status, run } = row;
    if (state === 'live' ? status === 'done' || status === 'failed' || status === 'stopped' : state !== null && status !== state)
      return false;
    const holds = [row.id, run.label, run.recipe, run.title, row.engine, `seed ${row.seed}`, run.digest ?? ''].join(' ').toLowerCase();
    return words.every((word) => holds.includes(word));
  });
}
