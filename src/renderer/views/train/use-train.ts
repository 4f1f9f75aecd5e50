/** Everything that the parts of the Train screen share: the shown run, its job, its curves and how they are drawn. */
import { computed, onScopeDispose, ref, watch } from 'vue';
import type { RunView } from '../../../shared/contract/api/views.ts';
import { canonicalJson } from '../../../shared/domain/canonical-json.ts';
import type { Recipe } from '../../../shared/schema/recipe.ts';
import { useCrosshair } from '../../charts/crosshair.ts';
import type { LineSeries } from '../../charts/line-cache.ts';
import { fixed, whole } from '../../format.ts';
import { t } from '../../i18n.ts';
import { useApp } from '../../stores/app.ts';
import { isLive } from '../../stores/jobs.ts';
import { useProjects } from '../../stores/projects.ts';
import { useRuns } from '../../stores/runs.ts';
import { NO_SERIES, type SeriesView } from '../../stores/metric-series.ts';
import { seriesOf, startOf, withPoints, type CurveSource } from './curves.ts';
import { checkpointsOf, isTraining, nextPhase, planOf, roundUpSeconds, runStatus, trainingOf, type Training } from './train-state.ts';
import { seriesToRead } from './train-series.ts';
import { useTrainZoom, zoomGroup } from './use-train-zoom.ts';
import { useTrainSettings, type Part } from './train-settings.ts';

/** Sections of the recipe that training rests on. */
const BASIS: readonly (keyof Recipe)[] = ['seed', 'data', 'model', 'space', 'pretrain', 'calibration', 'supernet', 'evaluation'];
export function useTrain() {
  const app = useApp();
  const projects = useProjects();
  const runs = useRuns();
  const { settings } = useTrainSettings();

  const run = computed<RunView | null>(() => runs.current);
  const job = computed(() => runs.currentJob);
  const status = computed(() => runStatus(run.value, job.value));
  const live = computed(() => job.value !== null && isLive(job.value));
  /** the phase that runs, else the one that is next; null where all are done */
  const phase = computed(() => (live.value ? job.value?.phase : null) ?? (run.value ? nextPhase(run.value) : null));
  const overlay = computed(() => (settings.overlay === run.value?.id ? null : runs.byId(settings.overlay)));

  /** the part that is shown: the chosen one, else the one where the run is */
  const part = computed<Part>(() => {
    if (settings.part) return settings.part;
    return run.value && trainingOf(run.value) === 'pretrain' ? 'float' : 'supernet';
  });
  const training = computed<Training>(() => (part.value === 'float' ? 'pretrain' : 'supernet'));

  const loading = ref(false);
  const problem = ref<string | null>(null);
  async function load(ids: readonly string[]): Promise<void> {
    loading.value = true;
    problem.value = null;
    try {
      for (const id of ids) for (const { prefixes, groups } of seriesToRead(training.value)) await runs.load(id, prefixes, groups);
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error);
    } finally {
      loading.value = false;
    }
  }
  const shownIds = computed(() => [run.value?.id, overlay.value?.id].filter((id): id is string => id !== undefined));
  watch(
    [() => shownIds.value.join(' '), () => runs.missed, () => app.link === 'open'],
    ([, , connected]) => {
      if (connected) void load(shownIds.value);
    },
    { immediate: true },
  );

  const read = (series: string): SeriesView => runs.series(run.value?.id ?? '', series);
  const plan = computed(() => (run.value ? planOf(run.value, training.value) : null));

  function sourceOf(each: RunView, base: CurveSource | null): CurveSource {
    const own: CurveSource = {
      run: each.id,
      title: runs.title(each),
      slot: each.slot,
      read: (series) => runs.series(each.id, series),
      drawn: (series) => runs.curves.drawn(each.id, series),
      names: runs.seriesNames(each.id),
      timeShift: 0,
      stepFactor: 1,
    };
    if (!base) return own;
    const [mine, theirs] = [startOf(base, training.value), startOf(own, training.value)];
    if (settings.x === 'time' && mine !== null && theirs !== null) own.timeShift = mine - theirs;
    const other = planOf(each, training.value);
    if (settings.x === 'epoch' && plan.value && other) own.stepFactor = plan.value.perEpoch / other.perEpoch;
    return own;
  }
  /** the shown run first, then the one that is laid over it */
  const sources = computed<CurveSource[]>(() => {
    if (!run.value) return [];
    const own = sourceOf(run.value, null);
    return overlay.value ? [own, sourceOf(overlay.value, own)] : [own];
  });

  /** The same lines with all points that are stored of them, for files. */
  async function unthinned(lines: readonly LineSeries[]): Promise<LineSeries[]> {
    const found = new Map<string, LineSeries>();
    for (const source of sources.value) {
      const own = lines.filter((line) => seriesOf(line, source) !== null);
      const views = await runs.curves.whole(
        source.run,
        own.map((line) => seriesOf(line, source)!),
      );
      for (const line of own) found.set(line.id, withPoints(line, source, views.get(seriesOf(line, source)!) ?? NO_SERIES));
    }
    return lines.map((line) => found.get(line.id) ?? line);
  }

  const startTime = computed(() => (sources.value[0] ? startOf(sources.value[0], training.value) : null));
  /** what all line charts of a part are drawn with */
  const axes = computed(() => {
    const x = settings.x === 'time' && startTime.value === null ? ('step' as const) : settings.x;
    const left = job.value?.phase === training.value ? job.value.progress?.left : null;
    const elapsed = startTime.value === null ? 0 : (Date.now() - startTime.value) / 1000;
    return {
      x,
      stepsPerEpoch: plan.value?.perEpoch,
      plannedSteps: plan.value?.total,
      ...(startTime.value !== null && { startTime: startTime.value }),
      ...(x === 'time' && left && { plannedSeconds: roundUpSeconds(elapsed + left[1]) }),
      smoothing: settings.smoothing,
      crosshair: `train ${training.value}`,
      zoom: zoomGroup(training.value),
    };
  });

  const zoom = useTrainZoom(sources, { training: () => training.value, unit: () => axes.value.x, isLoading: () => loading.value });

  const pointed = computed(() => useCrosshair(`train ${training.value}`).value);
  onScopeDispose(() => {
    for (const each of ['pretrain', 'supernet']) useCrosshair(`train ${each}`).value = null;
  });
  /** where the crosshair stands, in words; empty without it */
  const cursor = computed(() => {
    const step = pointed.value;
    if (step === null) return '';
    if (axes.value.x === 'epoch' && plan.value) return t('train.cursor.epoch', { epoch: fixed(step / plan.value.perEpoch, 1) });
    return t('train.cursor.step', { step: whole(step) });
  });

  const checkpoints = computed(() => checkpointsOf(read(`${training.value}/checkpoint-ms`), job.value, training.value));
  /** checkpoints of the phase that would go on */
  const phaseCheckpoints = computed(() =>
    isTraining(phase.value) ? checkpointsOf(read(`${phase.value}/checkpoint-ms`), job.value, phase.value) : [],
  );

  /** whether the draft would give another supernet than the run did */
  const changed = computed(() => {
    const { draft } = projects;
    const settled = run.value?.settings;
    return Boolean(draft && settled && BASIS.some((key) => canonicalJson(draft[key]) !== canonicalJson(settled[key])));
  });

  return {
    settings,
    run,
    job,
    status,
    live,
    phase,
    overlay,
    part,
    training,
    loading,
    problem,
    reload: () => load(shownIds.value),
    read,
    plan,
    sources,
    unthinned,
    axes,
    zoom,
    cursor,
    pointed,
    checkpoints,
    phaseCheckpoints,
    changed,
    hasTimes: computed(() => startTime.value !== null),
  };
}
export type Train = ReturnType<typeof useTrain>;
