/** What computes: kept from the host's answer, renewed when an install job ends. */
import { defineStore } from 'pinia';
import { shallowRef, watch } from 'vue';
import type { EngineView } from '../../shared/contract/api/views.ts';
import { host } from './host.ts';
import { useJobs } from './jobs.ts';

export const useEngine = defineStore('engine', () => {
  const jobs = useJobs();
  const view = shallowRef<EngineView | null>(null);

  async function load(): Promise<void> {
    view.value = await host().engine.view();
  }
  /** Looks the engine over again; takes some seconds. */
  async function examine(): Promise<void> {
    view.value = await host().engine.doctor();
  }
  const install = (options: { gpu?: boolean; force?: boolean } = {}): Promise<{ job: string }> => host().engine.install(options);

  watch(
    () => jobs.all.filter((job) => job.kind === 'install' && job.state === 'done').length,
    (count, before) => {
      if (count > before) void load();
    },
  );
  return { view, load, examine, install };
});
