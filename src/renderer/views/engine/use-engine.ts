/** What the parts of the Engine screen share. */
import { computed, onMounted, ref } from 'vue';
import { useI18n } from 'vue-i18n';
import type { EngineSetup } from '../../../shared/contract/api/views.ts';
import { toWorkbenchError } from '../../../shared/contract/client.ts';
import { useDialogs } from '../../shell/dialogs.ts';
import { useApp } from '../../stores/app.ts';
import { useEngine } from '../../stores/engine.ts';
import { isLive, useJobs } from '../../stores/jobs.ts';

export function useEngineScreen() {
  const { t } = useI18n();
  const app = useApp();
  const engine = useEngine();
  const jobs = useJobs();
  const dialogs = useDialogs();

  const view = computed(() => engine.view);
  const report = computed(() => engine.view?.doctor ?? null);
  const setups = computed<readonly EngineSetup[]>(() => engine.view?.setups ?? []);
  /** what the person wants; null = what fits the machine */
  const wish = ref<EngineSetup['device'] | null>(null);
  const device = computed<EngineSetup['device']>(() => {
    const has = (wanted: EngineSetup['device']): boolean => setups.value.some((each) => each.device === wanted);
    if (wish.value && has(wish.value)) return wish.value;
    const gpu = engine.view?.gpu === true || (report.value?.gpus.length ?? 0) > 0;
    return gpu && has('gpu') ? 'gpu' : 'cpu';
  });
  const setup = computed(() => setups.value.find((each) => each.device === device.value) ?? null);
  /** the chosen build is there */
  const ready = computed(() => engine.view?.executor === 'session' && (engine.view.gpu ? 'gpu' : 'cpu') === device.value);

  const examining = ref(false);
  const problem = ref<string | null>(null);
  async function examine(): Promise<void> {
    if (examining.value) return;
    examining.value = true;
    problem.value = null;
    try {
      await engine.examine();
    } catch (error) {
      problem.value = toWorkbenchError(error).message;
    } finally {
      examining.value = false;
    }
  }
  onMounted(() => {
    if (!report.value) void examine();
  });

  const installs = computed(() => jobs.all.filter(({ kind }) => kind === 'install'));
  const job = computed(() => installs.value.find(isLive) ?? null);
  const failed = computed(() => installs.value.filter(({ state }) => state === 'failed'));
  async function install(): Promise<void> {
    const force = ready.value;
    if (
      force &&
      !(await dialogs.confirm({ title: t('engine.again.title'), text: t('engine.again.text'), action: t('engine.setup.again') }))
    )
      return;
    await app.attempt(async () => {
      for (const each of failed.value) await jobs.dismiss(each.id);
      await engine.install({ gpu: device.value === 'gpu', force });
    });
  }
  async function cancel(): Promise<void> {
    const { value } = job;
    if (value) await app.attempt(() => jobs.stop(value.id));
  }
  const dismiss = (id: string): Promise<void | undefined> => app.attempt(() => jobs.dismiss(id));
  async function copy(text: string): Promise<void> {
    await app.attempt(async () => {
      await navigator.clipboard.writeText(text);
      app.notify('ok', t('shell.commandCopied'));
    });
  }

  return { view, report, setups, wish, device, setup, ready, examining, problem, examine, job, failed, install, cancel, dismiss, copy };
}
export type EngineModel = ReturnType<typeof useEngineScreen>;
