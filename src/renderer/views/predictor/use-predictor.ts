/** Everything that the parts of the Predictor screen share. */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { SampleLabel } from '../../../shared/contract/api/views.ts';
import { isLive } from '../../stores/jobs.ts';
import { host } from '../../stores/host.ts';
import { useProjects } from '../../stores/projects.ts';
import { useRuns } from '../../stores/runs.ts';
import { changesOf, predictorRedo, stageOf } from '../run-step.ts';

/** ms between two questions for labels while they are being measured */
const ASK_MS = 1000;

export function usePredictor() {
  const projects = useProjects();
  const runs = useRuns();
  const run = computed(() => runs.current);
  const stage = computed(() => stageOf(run.value, runs.currentJob, ['sample', 'predictor']));
  const job = computed(() => (stage.value === 'running' ? runs.currentJob : null));
  const result = computed(() => run.value?.predictor ?? null);
  /** settings that the result followed */
  const settings = computed(() => run.value?.settings.predictor ?? null);

  const labels = shallowRef<readonly SampleLabel[]>([]);
  const problem = shallowRef<unknown>(null);
  let askedFor = '';
  let timer: ReturnType<typeof setTimeout> | undefined;
  async function load(): Promise<void> {
    const [project, id] = [projects.view?.folder, run.value?.id];
    if (!project || !id) return;
    askedFor = `${project}\n${id}`;
    const key = askedFor;
    try {
      const found = await host().runs.samples({ project, run: id });
      if (askedFor !== key) return;
      labels.value = found;
      problem.value = null;
    } catch (error) {
      if (askedFor === key) problem.value = error;
    }
  }
  watch(
    [() => projects.view?.folder, () => run.value?.id, () => run.value?.phases.sample.state, () => runs.missed],
    ([, id], before) => {
      if (id !== before?.[1]) labels.value = [];
      void load();
    },
    { immediate: true },
  );
  // labels come one by one while they are measured
  watch(
    () => (job.value?.phase === 'sample' ? job.value.progress?.done : undefined),
    (done) => {
      if (done === undefined || timer !== undefined) return;
      timer = setTimeout(() => {
        timer = undefined;
        void load();
      }, ASK_MS);
    },
  );
  onScopeDispose(() => clearTimeout(timer));

  const changes = computed(() => (projects.draft && run.value ? changesOf(projects.draft, run.value) : null));
  /** the phase from which the draft's settings have to be done again; null where the run follows them */
  const again = computed(() =>
    projects.draft && settings.value && run.value?.phases.predictor.state === 'done'
      ? predictorRedo(projects.draft.predictor, settings.value)
      : null,
  );
  const idle = computed(() => !(runs.currentJob && isLive(runs.currentJob)));
  const hovered = ref<string | null>(null);

  return { run, stage, job, result, settings, labels, problem, load, changes, again, idle, hovered };
}
export type PredictorModel = ReturnType<typeof usePredictor>;
