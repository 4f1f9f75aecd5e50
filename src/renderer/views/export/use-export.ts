/** Everything that the parts of the Export screen share: the configuration, its file and proof, the job, what can be done. */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import { useI18n } from 'vue-i18n';
import type { JobView, ReportedExport } from '../../../shared/contract/api/views.ts';
import { toWorkbenchError } from '../../../shared/contract/client.ts';
import type { NetworkView } from '../../../shared/contract/look.ts';
import { configurationKey, parseConfigurationKey } from '../../../shared/domain/configuration.ts';
import { configurationCost } from '../../../shared/domain/cost.ts';
import { EXPORT_FORMATS } from '../../../shared/domain/export-formats.ts';
import type { FormKey } from '../../../shared/domain/form.ts';
import { TARGETS } from '../../../shared/domain/targets/index.ts';
import type { Configuration } from '../../../shared/schema/configuration.ts';
import { useRouter } from '../../router/router.ts';
import { useDialogs } from '../../shell/dialogs.ts';
import { joinPath } from '../../shell/new-project.ts';
import { useApp } from '../../stores/app.ts';
import { host } from '../../stores/host.ts';
import { isLive, useJobs } from '../../stores/jobs.ts';
import { useProjects } from '../../stores/projects.ts';
import { useRuns } from '../../stores/runs.ts';
import { storedSettings } from '../../stores/stored-settings.ts';
import { formCode } from '../../ui/form-name.ts';
import { choicesOf, firstChoice, type Choice } from './choices.ts';
import { commandsOf, fileStem, freeFileName } from './commands.ts';

interface ExportSettings {
  /** key of the chosen configuration by run */
  chosen: Record<string, string>;
  /** file whose proof is shown; null = the newest of the configuration */
  shown: string | null;
  target: string;
  /** where files go; null = the exports folder of the run */
  folder: string | null;
}

function readSettings(stored: unknown): ExportSettings {
  const found = (stored ?? {}) as Partial<Record<keyof ExportSettings, unknown>>;
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  const chosen = Object.entries((found.chosen ?? {}) as Record<string, unknown>).filter(([, key]) => typeof key === 'string');
  return {
    chosen: Object.fromEntries(chosen) as Record<string, string>,
    shown: text(found.shown),
    target: TARGETS.find(({ id }) => id === found.target)?.id ?? TARGETS[0].id,
    folder: text(found.folder),
  };
}

export function useExport() {
  const { t } = useI18n();
  const app = useApp();
  const projects = useProjects();
  const runs = useRuns();
  const jobs = useJobs();
  const router = useRouter();
  const dialogs = useDialogs();
  const settings = storedSettings('export', readSettings);

  const run = computed(() => runs.current);
  const folder = computed(() => projects.view?.folder ?? '');
  const trained = computed(() => run.value?.phases.supernet.state === 'done' && run.value.network !== null);
  const format = EXPORT_FORMATS[0];
  const target = computed(() => TARGETS.find(({ id }) => id === settings.target) ?? TARGETS[0]);

  // The layer graph of the run's network: residual adds, and which layers share a quantizer.
  const network = shallowRef<NetworkView | null>(null);
  const networkProblem = ref<string | null>(null);
  let gone = false;
  onScopeDispose(() => (gone = true));
  async function loadNetwork(): Promise<void> {
    const current = run.value;
    network.value = null;
    networkProblem.value = null;
    if (!current || !trained.value) return;
    try {
      const found = await host().recipes.network({ recipe: current.settings, project: projects.view?.folder });
      if (!gone && run.value?.id === current.id) network.value = found;
    } catch (error) {
      if (!gone && run.value?.id === current.id) networkProblem.value = toWorkbenchError(error).message;
    }
  }
  watch([() => run.value?.id, trained], loadNetwork, { immediate: true });

  // Another screen may have asked for a configuration.
  const asked = shallowRef<Configuration | null>(null);
  watch(
    [() => router.params, () => run.value?.id, () => run.value?.network !== null, () => projects.view?.shelf],
    async ([params]) => {
      if (router.view !== 'export') return;
      if (params.run && params.run !== run.value?.id && runs.byId(params.run)) {
        await app.attempt(() => runs.select(params.run));
        return;
      }
      const current = run.value;
      if (!current?.network || (!params.key && !params.shelf)) return;
      const kept = projects.view?.shelf.find(({ id }) => id === params.shelf);
      await app.attempt(async () => {
        asked.value = kept ? kept.configuration : parseConfigurationKey(params.key, current.network?.layers ?? []);
        choose(configurationKey(asked.value));
      });
      router.setParams({ run: undefined, key: undefined, shelf: undefined });
    },
    { immediate: true },
  );

  const uniformName = (bits: number, form: FormKey): string => t('export.uniformName', { bits, form: formCode(form) });
  const exports = computed<readonly ReportedExport[]>(() => run.value?.exports ?? []);
  const choices = computed<Choice[]>(() => {
    if (!run.value || !trained.value) return [];
    const written = exports.value.flatMap(({ configuration }) => (configuration ? [configuration] : []));
    const extra = asked.value ? [asked.value, ...written] : written;
    const fits = extra.filter(({ layers }) => layers.length === run.value?.network?.layers.length);
    return choicesOf(run.value, network.value?.points ?? null, projects.view?.shelf ?? [], fits, uniformName);
  });
  const byKey = computed(() => new Map(choices.value.map((choice) => [choice.key, choice])));
  const keyOf = ({ configuration }: ReportedExport): string | null => (configuration ? configurationKey(configuration) : null);
  const choice = computed<Choice | null>(() => {
    const exported = exports.value.flatMap((each) => keyOf(each) ?? []);
    return byKey.value.get(settings.chosen[run.value?.id ?? ''] ?? '') ?? firstChoice(choices.value, exported);
  });
  const cost = computed(() =>
    choice.value && run.value?.network ? configurationCost(choice.value.configuration, run.value.network.layers).total : null,
  );

  /** files of a configuration, oldest first */
  const filesOf = (key: string): ReportedExport[] => exports.value.filter((each) => keyOf(each) === key);
  const nameOf = (exported: ReportedExport): string => byKey.value.get(keyOf(exported) ?? '')?.name ?? t('export.unknown');
  const shown = computed<ReportedExport | null>(() => {
    const key = choice.value?.key;
    const chosen = exports.value.find(({ file }) => file === settings.shown);
    if (chosen && (keyOf(chosen) === null || keyOf(chosen) === key)) return chosen;
    return key === undefined ? null : (filesOf(key).at(-1) ?? null);
  });

  function choose(key: string): void {
    const id = run.value?.id;
    if (!id) return;
    settings.chosen = { ...settings.chosen, [id]: key };
    settings.shown = null;
  }
  /** Shows a file with its configuration and proof. */
  function show(exported: ReportedExport): void {
    const key = keyOf(exported);
    if (key !== null) choose(key);
    settings.shown = exported.file;
  }

  // Exports of this run that are being written, or that failed.
  const own = computed(() => jobs.all.filter((job) => job.kind === 'export' && job.project === folder.value && job.run === run.value?.id));
  const job = computed<JobView | null>(() => own.value.find(isLive) ?? null);
  const failed = computed(() => own.value.filter((each) => each.state === 'failed'));
  const waitsFor = computed(() =>
    job.value?.state === 'queued' ? jobs.live.find((each) => each.id !== job.value?.id && each.state === 'running')?.title : undefined,
  );
  /** jobs that this window started, to show their files */
  const started = new Set<string>();
  watch([() => own.value.filter((each) => each.state === 'done' && started.has(each.id)), () => exports.value], async ([done]) => {
    for (const each of done) {
      const result = await app.attempt(() => jobs.result(each.id));
      const file = (result as Partial<ReportedExport> | null | undefined)?.file;
      const found = exports.value.find((exported) => exported.file === file);
      // whichever watch comes first shows it
      if (!found || !started.delete(each.id)) continue;
      show(found);
      if (found.proof.passed) app.notify('ok', t('export.done', { name: nameOf(found) }), { project: folder.value, run: each.run });
      else app.notify('error', t('export.doneFailed', { name: nameOf(found) }), { project: folder.value, run: each.run });
    }
  });

  const asking = ref(false);
  const canStart = computed(() => choice.value !== null && job.value === null && !asking.value && app.link === 'open');
  /** Where the file goes; undefined = the host chooses a free name in the run's folder. */
  async function placeOf(name: string): Promise<string | undefined> {
    if (settings.folder === null) return undefined;
    const { entries } = await host().files.list({ path: settings.folder });
    const taken = entries.map((entry) => entry.name);
    return joinPath(settings.folder, freeFileName(fileStem(name), format.extension, taken));
  }
  async function start(): Promise<void> {
    const [wanted, id] = [choice.value, run.value?.id];
    if (!wanted || !id || !canStart.value) return;
    asking.value = true;
    await app.attempt(async () => {
      const { name, candidateId, configuration } = wanted;
      const file = await placeOf(name);
      const plain = JSON.parse(JSON.stringify(configuration)) as Configuration;
      const began = await host().jobs.export({
        project: folder.value,
        run: id,
        configuration: plain,
        name,
        candidateId,
        format: format.id,
        ...(file !== undefined && { file }),
      });
      started.add(began.job);
      for (const each of failed.value) await jobs.dismiss(each.id);
    });
    asking.value = false;
  }
  async function stop(): Promise<void> {
    const { value } = job;
    if (value) await app.attempt(() => jobs.stop(value.id));
  }

  const isDesktop = computed(() => app.info?.host === 'desktop');
  async function copy(text: string, said: string): Promise<void> {
    await app.attempt(async () => {
      await navigator.clipboard.writeText(text);
      app.notify('ok', said);
    });
  }
  /** Shows the file in the file manager of the desktop; elsewhere its path goes to the clipboard. */
  async function reveal(file: string): Promise<void> {
    if (isDesktop.value) await app.attempt(() => host().app.reveal({ path: file }));
    else await copy(file, t('export.pathCopied'));
  }
  async function chooseFolder(): Promise<void> {
    const path = await app.attempt(() => dialogs.choosePath({ kind: 'folder', title: t('export.chooseFolder') }));
    if (path) settings.folder = path;
  }
  async function saveConfiguration(): Promise<void> {
    const wanted = choice.value;
    if (!wanted) return;
    const content = `${JSON.stringify(wanted.configuration, null, 2)}\n`;
    const name = `${fileStem(wanted.name)}.json`;
    const path = await app.attempt(() =>
      dialogs.saveText({ name, content, title: t('export.saveConfiguration'), type: 'application/json' }),
    );
    if (path) app.notify('ok', t('shell.recipeSaved', { path }));
  }
  const commands = computed(() =>
    choice.value && run.value ? commandsOf(choice.value, { folder: folder.value, run: run.value.id, format }) : [],
  );

  return {
    settings,
    run,
    trained,
    format,
    target,
    network,
    networkProblem,
    loadNetwork,
    choices,
    choice,
    cost,
    exports,
    filesOf,
    nameOf,
    keyOf,
    shown,
    choose,
    show,
    job,
    failed,
    waitsFor,
    canStart,
    asking,
    start,
    stop,
    isDesktop,
    copy,
    reveal,
    chooseFolder,
    saveConfiguration,
    commands,
  };
}
export type ExportModel = ReturnType<typeof useExport>;
