/** Everything that takes time on the host, live. */
import { defineStore } from 'pinia';
import { computed, shallowRef } from 'vue';
import type { JobState, JobView } from '../../shared/contract/api/views.ts';
import { host } from './host.ts';

const LIVE: ReadonlySet<JobState> = new Set<JobState>(['queued', 'starting', 'running', 'pausing', 'paused', 'stopping']);

/** Whether a job still has something to do. */
export const isLive = (job: JobView): boolean => LIVE.has(job.state);

export const useJobs = defineStore('jobs', () => {
  const all = shallowRef<JobView[]>([]);
  const live = computed(() => all.value.filter(isLive));
  /** the one that the status bar shows: running before paused before waiting */
  const foremost = computed<JobView | null>(() => {
    const order: JobState[] = ['running', 'pausing', 'stopping', 'starting', 'paused', 'queued'];
    return [...live.value].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state))[0] ?? null;
  });

  function adopt(jobs: JobView[]): void {
    all.value = jobs;
  }
  const byId = (id: string): JobView | undefined => all.value.find((job) => job.id === id);
  /** The live job of a run, else its last one. */
  function ofRun(project: string, run: string): JobView | null {
    const own = all.value.filter((job) => job.project === project && job.run === run && job.kind === 'run');
    return own.find(isLive) ?? own.at(-1) ?? null;
  }

  const pause = (job: string): Promise<void> => host().jobs.pause({ job });
  const resume = (job: string): Promise<void> => host().jobs.resume({ job });
  const stop = (job: string, keep = false): Promise<void> => host().jobs.stop({ job, keep });
  const snapshot = (job: string): Promise<void> => host().jobs.snapshot({ job });
  /** What an ended measurement, search or export found. */
  const result = (job: string): Promise<unknown> => host().jobs.result({ job });
  const dismiss = (job: string): Promise<void> => host().jobs.dismiss({ job });

  return { all, live, foremost, adopt, byId, ofRun, pause, resume, stop, snapshot, result, dismiss };
});
