import type { JobView } from '../../shared/contract/api/views.ts';
import { bytes, durationRange, whole } from '../format.ts';
import { t } from '../i18n.ts';
import { unitName } from '../shell/pipeline-steps.ts';

/** How far a job is, as a share 0..1; null while unknown. */
export function jobShare({ progress, state }: JobView): number | null {
  // before it runs, what counts is the reading of images
  return state !== 'starting' && progress && progress.total > 0 ? progress.done / progress.total : null;
}

/** What a job does now and how long that takes, e.g. `Image 300 of 1,797 · 4–6 s left`; else its state. */
export function jobFacts({ progress, state }: JobView): string {
  if (state !== 'running' || !progress || progress.total === 0) return t(`shell.job.${state}`);
  const [done, total] = [progress.done, progress.total].map(progress.unit === 'bytes' ? bytes : whole);
  const counted =
    progress.unit === 'bytes'
      ? t('shell.fact.bytes', { done, total })
      : t('shell.fact.unit', { unit: unitName(progress.unit), done, total });
  const parts = [counted];
  if (progress.note) parts.push(progress.note);
  if (progress.left) parts.push(`${t('shell.status.left')} ${durationRange(progress.left)}`);
  return parts.join(' · ');
}
