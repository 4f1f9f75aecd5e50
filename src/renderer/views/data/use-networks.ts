/** Networks of the project that came from elsewhere, and the import of another one. */
import { computed, ref, shallowRef, watch } from 'vue';
import type { ModelSummary, ModelView } from '../../../shared/contract/look.ts';
import { t } from '../../i18n.ts';
import { useApp } from '../../stores/app.ts';
import { host } from '../../stores/host.ts';
import { useProjects } from '../../stores/projects.ts';
import { modelEdit, normalizationOf, type NormalizationForm } from './own-network.ts';
import { useJob } from '../../stores/use-job.ts';

export type OwnNetworks = ReturnType<typeof useOwnNetworks>;

/** @param classes how many classes the data set has; null while unknown */
export function useOwnNetworks(classes: () => number | null) {
  const app = useApp();
  const projects = useProjects();
  const all = shallowRef<ModelSummary[]>([]);
  const open = ref(false);
  const file = ref('');
  /** empty = that of the file */
  const name = ref('');
  const normalization = ref<NormalizationForm>({ preset: 'none', mean: '', std: '' });
  const found = shallowRef<ModelView | null>(null);
  const asked = computed(() => normalizationOf(normalization.value));

  async function load(): Promise<void> {
    const project = projects.view?.folder;
    if (project) await app.attempt(async () => void (all.value = await host().models.list({ project })));
  }
  watch(() => projects.view?.folder, load, { immediate: true });

  const work = useJob<{ name: string }>(async (result) => {
    const project = projects.view?.folder;
    if (!project) return;
    found.value = await host().models.show({ project, name: result.name });
    await load();
  });

  function show(path: string): void {
    open.value = true;
    if (work.busy.value) return;
    file.value = path;
    name.value = '';
    found.value = null;
    work.problem.value = null;
  }
  function start(): void {
    const project = projects.view?.folder;
    const { value } = asked;
    if (!project || value === undefined) return;
    const own = name.value.trim();
    void work.start(() => host().models.import({ project, file: file.value, ...(own && { name: own }), normalization: value }));
  }
  /** Makes an imported network that of the draft. */
  function use(chosen: { name: string; classes: number }): void {
    projects.editDraft(t('data.import.useEdit', { name: chosen.name }), (recipe) => modelEdit(recipe, chosen, classes()));
    open.value = false;
  }
  return { all, open, file, name, normalization, asked, found, work, load, show, start, use };
}
