import type { JobKind } from '../../shared/contract/api/views.ts';
import type { Progress } from '../../shared/contract/job-protocol.ts';
import type { LoneWorkerOptions } from '../lone-worker.ts';
import type { HostContext } from './context.ts';
import type { Job } from './job.ts';
import type { OpenProject } from './open-project.ts';

/** Queues work of a worker of its own on a project. */
export function workerJob(
  context: HostContext,
  project: OpenProject,
  { kind, title, awaited }: { kind: JobKind; title: string; awaited?: boolean },
  work: (options: LoneWorkerOptions, job: Job) => Promise<unknown>,
): Job {
  const stopper = new AbortController();
  return context.jobs.add({
    kind,
    project: project.folder,
    run: null,
    title,
    awaited,
    start: async (job: Job) => {
      const release = project.retain();
      job.working();
      const onProgress = ({ unit, done, total, note }: Progress) => job.tell({ unit, done, total, note });
      const { signal } = stopper;
      const { workerPath } = context.options;
      try {
        return await work({ signal, onProgress, onVitals: (rss) => job.vitals(rss), workerPath, launch: context.launcher() }, job);
      } finally {
        release();
        project.touch();
      }
    },
    stop: () => stopper.abort(),
  });
}
