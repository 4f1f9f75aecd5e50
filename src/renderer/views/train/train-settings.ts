/** How the curves are shown: kept with the project, so that it is as it was when the project is opened again. */
import { defineStore } from 'pinia';
import { reactive, watch } from 'vue';
import type { XUnit } from '../../charts/line-model.ts';
import { ALL_BITS, GRANULARITIES, SYMMETRIES, type Granularity, type Symmetry } from '../../../shared/domain/form.ts';
import { useApp } from '../../stores/app.ts';
import { useProjects } from '../../stores/projects.ts';

export const PARTS = ['float', 'supernet', 'result'] as const;
export type Part = (typeof PARTS)[number];

export interface TrainSettings {
  /** 0..0.98 */
  smoothing: number;
  x: XUnit;
  log: boolean;
  /** what the last curve panel shows */
  third: 'wdr' | 'rate';
  /** id of a run that is laid over; null = none */
  overlay: string | null;
  /** null = follows the run */
  part: Part | null;
  bits: number;
  granularity: Granularity;
  symmetry: Symmetry;
  /** a run ends with the grid instead of going through all phases */
  supernetOnly: boolean;
}

const DEFAULTS: TrainSettings = {
  smoothing: 0.6,
  x: 'epoch',
  log: false,
  third: 'wdr',
  overlay: null,
  part: null,
  bits: 3,
  granularity: 'tensor',
  symmetry: 'symmetric',
  supernetOnly: false,
};
export const MAX_SMOOTHING = 0.98;
const KEY = 'train';
const SAVE_MS = 400;

/** Stored facts as settings; what is missing or unknown gets its default. */
export function readSettings(stored: unknown): TrainSettings {
  const found = (typeof stored === 'object' && stored !== null ? stored : {}) as Partial<Record<keyof TrainSettings, unknown>>;
  const among = <Value>(value: unknown, choices: readonly Value[], fallback: Value): Value =>
    choices.includes(value as Value) ? (value as Value) : fallback;
  const { smoothing, overlay } = found;
  return {
    smoothing: typeof smoothing === 'number' && smoothing >= 0 && smoothing <= MAX_SMOOTHING ? smoothing : DEFAULTS.smoothing,
    x: among(found.x, ['step', 'epoch', 'time'] as const, DEFAULTS.x),
    log: found.log === true,
    third: among(found.third, ['wdr', 'rate'] as const, DEFAULTS.third),
    overlay: typeof overlay === 'string' ? overlay : null,
    part: among<Part | null>(found.part, PARTS, null),
    bits: among(found.bits, ALL_BITS, DEFAULTS.bits),
    granularity: among(found.granularity, GRANULARITIES, DEFAULTS.granularity),
    symmetry: among(found.symmetry, SYMMETRIES, DEFAULTS.symmetry),
    supernetOnly: found.supernetOnly === true,
  };
}

export const useTrainSettings = defineStore('train-settings', () => {
  const app = useApp();
  const projects = useProjects();
  const settings = reactive<TrainSettings>({ ...DEFAULTS });
  let folder: string | null = null;
  let known = '';
  let timer: ReturnType<typeof setTimeout> | undefined;

  // another project, or another window of this one, has settings of its own
  watch(
    [() => projects.view?.folder ?? null, () => projects.view?.ui[KEY]],
    ([project, stored]) => {
      if (project === folder && timer !== undefined) return;
      clearTimeout(timer);
      timer = undefined;
      folder = project;
      const next = readSettings(stored);
      known = JSON.stringify(next);
      Object.assign(settings, next);
    },
    { immediate: true, flush: 'sync' },
  );
  watch(
    () => JSON.stringify(settings),
    (text) => {
      if (text === known) return;
      known = text;
      clearTimeout(timer);
      timer = setTimeout(() => {
        timer = undefined;
        void app.attempt(() => projects.saveUi({ [KEY]: { ...settings } }));
      }, SAVE_MS);
    },
  );
  return { settings };
});
