/** What can be done with runs of the project, from buttons, menu, palette and keys alike. */
import { computed, ref, type ComputedRef } from 'vue';
import type { RunView } from '../../../shared/contract/api/views.ts';
import { PHASES, type Phase } from '../../../shared/contract/job-protocol.ts';
import { useAction } from '../../actions/registry.ts';
import { duration } from '../../format.ts';
import { language, t } from '../../i18n.ts';
import { useRouter } from '../../router/router.ts';
import { useDialogs } from '../../shell/dialogs.ts';
import { useApp } from '../../stores/app.ts';
import { isLive, useJobs } from '../../stores/jobs.ts';
import { useProjects } from '../../stores/projects.ts';
import { useRuns } from '../../stores/runs.ts';
import { secondsFrom } from '../redo.ts';
import type { RunRow } from './run-rows.ts';

/** Phases that a run could be done again from: all before them are done, and they began. */
export function redoable(run: Pick<RunView, 'phases'>): Phase[] {
  return PHASES.filter(
    (phase, index) =>
      run.phases[phase].state !== 'pending' && PHASES.slice(0, index).every((before) => run.phases[before].state === 'done'),
  );
}

/**
 * @param current the run that the actions are about
 * @param ticked the runs that are ticked; deleting is about them where there are some
 */
export function useRunActions(current: ComputedRef<RunRow | null>, ticked: ComputedRef<RunRow[]>) {
  const app = useApp();
  const dialogs = useDialogs();
  const jobs = useJobs();
  const projects = useProjects();
  const router = useRouter();
  const runs = useRuns();

  const live = (row: RunRow): boolean => row.job !== null && isLive(row.job);
  const canResume = computed(() => current.value !== null && !live(current.value) && current.value.run.state !== 'done');
  const phases = computed(() => (current.value && !live(current.value) ? redoable(current.value.run) : []));
  const deletable = computed(() =>
    (ticked.value.length > 0 ? ticked.value : current.value ? [current.value] : []).filter((row) => !live(row)),
  );
  /** the dialog that asks from which phase on */
  const retrying = ref(false);

  async function resume(): Promise<void> {
    const row = current.value;
    if (row) await app.attempt(() => runs.resume(row.id));
  }
  async function retry(from: Phase): Promise<void> {
    const row = current.value;
    if (!row) return;
    const lost = PHASES.slice(PHASES.indexOf(from)).filter((phase) => row.run.phases[phase].state !== 'pending');
    const question = {
      title: t('runs.retry.title', { phase: t(`shell.phase.${from}`) }),
      text: t('runs.retry.text', {
        run: row.title,
        phases: lost.map((phase) => t(`shell.phase.${phase}`)).join(', '),
        time: duration(secondsFrom(row.run, from)),
      }),
      action: t('runs.retry.action'),
    };
    if (await dialogs.confirm(question)) await app.attempt(() => runs.resume(row.id, { from }));
  }
  async function again(): Promise<void> {
    const row = current.value;
    if (!row) return;
    const started = await app.attempt(() => runs.start(row.run.settings));
    if (started) router.go('train');
  }
  function adopt(): void {
    const row = current.value;
    if (!row) return;
    const name = row.title;
    const result = projects.replaceDraft(t('runs.adopted', { run: name }), row.run.settings);
    if (result.ok) {
      app.notify('ok', t('runs.adopted', { run: name }), { action: { label: t('shell.undo'), run: () => projects.undo() } });
      router.go('data');
    } else app.notify('error', t('shell.recipeProblem', { problem: result.problems.join(' ') }));
  }
  async function open(view: 'train' | 'search'): Promise<void> {
    const row = current.value;
    if (!row) return;
    if (runs.current?.id !== row.id) await app.attempt(() => runs.select(row.id));
    router.go(view);
  }
  function lossText(rows: readonly RunRow[]): string {
    const shelf = projects.view?.shelf ?? [];
    const kept = shelf.filter((entry) => rows.some(({ id }) => id === entry.run)).length;
    const files = rows.reduce((sum, { exports }) => sum + exports.count, 0);
    const time = duration(rows.reduce((sum, { seconds }) => sum + seconds, 0));
    const parts = [t('runs.remove.checkpoints', { time })];
    if (files > 0) parts.push(t('runs.remove.files', { count: files }, files));
    if (kept > 0) parts.push(t('runs.remove.shelf', { count: kept }, kept));
    return t('runs.remove.text', {
      names: rows.map(({ title }) => title).join(', '),
      parts: new Intl.ListFormat(language()).format(parts),
    });
  }
  async function remove(): Promise<void> {
    const rows = deletable.value;
    if (rows.length === 0) return;
    const question = {
      title: t('runs.remove.title', { count: rows.length, name: rows[0].title }, rows.length),
      text: lossText(rows),
      action: t('runs.remove.action', { count: rows.length }, rows.length),
      danger: true,
    };
    if (!(await dialogs.confirm(question))) return;
    for (const { id } of rows) if ((await app.attempt(() => runs.remove(id).then(() => true))) !== true) return;
  }

  const some = (): boolean => current.value !== null;
  useAction('run.resume', resume, () => canResume.value);
  useAction(
    'runs.retry',
    () => void (retrying.value = true),
    () => phases.value.length > 0,
  );
  useAction('runs.again', again, some);
  useAction('runs.adopt', adopt, some);
  useAction('runs.train', () => open('train'), some);
  useAction('runs.search', () => open('search'), some);
  useAction('runs.delete', remove, () => deletable.value.length > 0);

  /** Holds the live job of a run, or lets it go on. */
  async function pause(row: RunRow): Promise<void> {
    const { job } = row;
    if (job) await app.attempt(() => (job.state === 'paused' ? jobs.resume(job.id) : jobs.pause(job.id)));
  }
  return { live, canResume, phases, deletable, retrying, retry, pause };
}
export type RunActions = ReturnType<typeof useRunActions>;
