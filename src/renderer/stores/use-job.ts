/** One job that a dialog starts: how far it is, what it found, or why it failed. */
import { computed, ref, watch, type ComputedRef, type Ref } from 'vue';
import type { JobView } from '../../shared/contract/api/views.ts';
import { toWorkbenchError } from '../../shared/contract/client.ts';
import { t } from '../i18n.ts';
import { useApp } from './app.ts';
import { isLive, useJobs } from './jobs.ts';

export interface DialogJob {
  /** null before the host knows it, and after its end */
  job: ComputedRef<JobView | null>;
  /** from the wish to the end */
  busy: ComputedRef<boolean>;
  /** the sentence of the last failure */
  problem: Ref<string | null>;
  /** @param ask tells the host what to do. Does nothing while another job of this kind is at work */
  start: (ask: () => Promise<{ job: string }>) => Promise<void>;
  stop: () => Promise<void>;
}

/** @param onDone gets what the job found */
export function useJob<Result>(onDone: (result: Result) => void | Promise<void>): DialogJob {
  const app = useApp();
  const jobs = useJobs();
  const id = ref<string | null>(null);
  const asking = ref(false);
  const problem = ref<string | null>(null);
  /** stop was pressed before the host had answered */
  let unwanted = false;
  const job = computed(() => (id.value === null ? null : (jobs.byId(id.value) ?? null)));

  async function start(ask: () => Promise<{ job: string }>): Promise<void> {
    if (asking.value || id.value !== null) return;
    asking.value = true;
    unwanted = false;
    problem.value = null;
    try {
      id.value = (await ask()).job;
      if (unwanted) await jobs.stop(id.value);
    } catch (error) {
      problem.value = toWorkbenchError(error).message;
    } finally {
      asking.value = false;
    }
  }
  async function stop(): Promise<void> {
    unwanted = true;
    const own = id.value;
    if (own !== null) await app.attempt(() => jobs.stop(own));
  }

  watch(
    () => (job.value && !isLive(job.value) ? job.value : null),
    async (ended) => {
      if (!ended) return;
      if (ended.state === 'failed') problem.value = ended.error?.message ?? t('shell.job.failed');
      if (ended.state === 'done') await app.attempt(async () => onDone((await jobs.result(ended.id)) as Result));
      id.value = null;
      // everything that it had to say was said
      await app.attempt(() => jobs.dismiss(ended.id));
    },
  );
  return { job, busy: computed(() => asking.value || id.value !== null), problem, start, stop };
}
