/** Training of the draft's space: at once where no run is there, else after the question what becomes of it. */
import { computed, ref } from 'vue';
import { useAction } from '../../actions/registry.ts';
import { t } from '../../i18n.ts';
import { useRouter } from '../../router/router.ts';
import { useApp } from '../../stores/app.ts';
import { host } from '../../stores/host.ts';
import { useProjects } from '../../stores/projects.ts';
import { useRuns } from '../../stores/runs.ts';
import type { SpaceModel } from './use-space.ts';

/** A new run, or the shown one again from its float network. */
export type TrainChoice = 'new' | 'again';

export function useTrainSpace(model: SpaceModel) {
  const app = useApp();
  const projects = useProjects();
  const router = useRouter();
  const runs = useRuns();

  const asking = ref(false);
  const starting = ref(false);
  /** why this space cannot be trained; null = it can */
  const blocked = computed(() => model.problems.value[0] ?? (model.network.value ? null : (projects.networkProblem ?? t('space.reading'))));

  async function again(run: string): Promise<string | undefined> {
    await projects.flush();
    const [project, recipe] = [projects.view, projects.draft];
    if (!project || !recipe) return undefined;
    const started = await host().runs.resume({ project: project.folder, run, from: 'calibrate', recipe });
    await runs.select(started.run);
    return started.run;
  }
  async function start(choice: TrainChoice): Promise<void> {
    const shown = runs.current;
    starting.value = true;
    const run = await app.attempt(() => (choice === 'again' && shown ? again(shown.id) : runs.start()));
    starting.value = false;
    asking.value = false;
    if (run) router.go('train');
  }
  useAction(
    'run.start',
    () => {
      if (runs.all.length) asking.value = true;
      else void start('new');
    },
    () => blocked.value === null && !starting.value,
  );
  return { asking, starting, blocked, start };
}
