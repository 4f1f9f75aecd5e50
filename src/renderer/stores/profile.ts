/** Profiles of training steps that this window asked for: the newest of each project, kept while the window is open. */
import { defineStore } from 'pinia';
import { computed, markRaw, ref, shallowReactive } from 'vue';
import type { StepProfile } from '../../shared/contract/profile.ts';
import { host } from './host.ts';
import { useProjects } from './projects.ts';
import { useJob } from './use-job.ts';

export const useProfile = defineStore('profile', () => {
  const projects = useProjects();
  const found = shallowReactive(new Map<string, StepProfile>());
  /** the project that is, or was last, measured */
  const place = ref<string | null>(null);
  // raw: a store would take the refs in it apart
  const work = markRaw(
    useJob<StepProfile>((profile) => {
      if (place.value !== null) found.set(place.value, profile);
    }),
  );

  const folder = computed(() => projects.view?.folder ?? null);
  const here = computed(() => place.value === folder.value);
  /** Of the open project; null before its first. */
  const profile = computed(() => (folder.value === null ? null : (found.get(folder.value) ?? null)));
  /** The sentence of the last failure of the open project. */
  const problem = computed(() => (here.value ? work.problem.value : null));
  /** Whether a step of the open project is being measured. */
  const busy = computed(() => here.value && work.busy.value);
  /** Another project is measured; one at a time. */
  const elsewhere = computed(() => !here.value && work.busy.value);

  /** Measures a training step of the open project's recipe. */
  async function start(): Promise<void> {
    const [project, recipe] = [folder.value, projects.draft];
    if (project === null || recipe === null || work.busy.value) return;
    place.value = project;
    await work.start(() => host().engine.profile({ project, recipe }));
  }
  return { profile, problem, busy, elsewhere, work, start };
});
