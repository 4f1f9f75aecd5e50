/** Measurements that this window asked for, by configuration, so that a screen shows how far its own one is. */
import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';
import type { JobView } from '../../shared/contract/api/views.ts';
import { configurationKey } from '../../shared/domain/configuration.ts';
import type { Configuration } from '../../shared/schema/configuration.ts';
import { host } from './host.ts';
import { isLive, useJobs } from './jobs.ts';
import { useProjects } from './projects.ts';

export interface MeasureWish {
  configuration: Configuration;
  name: string;
  candidateId: string | null;
  /** its entry on the shelf, where it has one */
  shelf?: string;
}

export const useMeasuring = defineStore('measuring', () => {
  const projects = useProjects();
  const jobs = useJobs();
  const started = shallowReactive(new Map<string, string>());
  const place = (run: string, key: string): string => `${projects.view?.folder ?? ''}\n${run}\n${key}`;

  /** Queues a measurement of configurations of one run on its test images; each lands on the shelf. */
  async function measure(run: string, wishes: readonly MeasureWish[]): Promise<void> {
    const project = projects.view?.folder;
    if (!project || wishes.length === 0) return;
    const entries = JSON.parse(JSON.stringify(wishes)) as MeasureWish[];
    const { job } = await host().jobs.measure({ project, run, entries });
    for (const { configuration } of wishes) started.set(place(run, configurationKey(configuration)), job);
  }
  /** The job that measures, or measured, a configuration; null when there is none. Reactive. */
  function jobOf(run: string, key: string): JobView | null {
    const id = started.get(place(run, key));
    return id === undefined ? null : (jobs.byId(id) ?? null);
  }
  const isMeasuring = (run: string, key: string): boolean => {
    const job = jobOf(run, key);
    return job !== null && isLive(job);
  };
  /** Share of a live measurement that is done, for a button; true while it is not known, false when nothing runs. */
  function progressOf(run: string, key: string): number | boolean {
    const job = jobOf(run, key);
    if (!job || !isLive(job)) return false;
    return job.progress && job.progress.total > 0 ? job.progress.done / job.progress.total : true;
  }
  return { measure, jobOf, isMeasuring, progressOf };
});
