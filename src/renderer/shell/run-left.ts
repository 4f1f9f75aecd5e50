import type { JobView } from '../../shared/contract/api/views.ts';
import { remainingOfRun } from '../../shared/domain/run-estimate.ts';
import { useProjects } from '../stores/projects.ts';

/** Seconds left of the whole run of a job, low and high; null while unknown, and for a job of another project. */
export function runLeft(job: JobView | null): [number, number] | null {
  const projects = useProjects();
  const { view } = projects;
  if (!view || !job?.phase || job.project !== view.folder || !job.progress) return null;
  const run = view.runs.find(({ id }) => id === job.run);
  if (!run?.images) return null;
  const { done, total, left } = job.progress;
  const course = { settings: run.settings, images: run.images, phases: run.phases, candidates: run.candidates.length };
  return remainingOfRun(course, { phase: job.phase, done, total, left }, job.until ?? undefined);
}
