/** Images of the user's own on their way into the draft: looked at first, with what training is to see of them, then added. */
import { computed, reactive, ref, shallowRef } from 'vue';
import type { DataReport } from '../../../shared/contract/data-report.ts';
import { t } from '../../i18n.ts';
import { useApp } from '../../stores/app.ts';
import { host } from '../../stores/host.ts';
import { useProjects } from '../../stores/projects.ts';
import { formOf, reportFits, wishOf, type ImagesForm, type ImagesWish } from './own-images.ts';
import { useJob } from '../../stores/use-job.ts';
import { recipeSchema } from '../../../shared/schema/recipe.ts';

interface Added {
  lowered: { field: string; from: number; to: number }[];
}
export type OwnImages = ReturnType<typeof useOwnImages>;

export function useOwnImages() {
  const app = useApp();
  const projects = useProjects();
  const open = ref(false);
  const path = ref('');
  const form = reactive<ImagesForm>(formOf(recipeSchema.parse({ name: 'defaults' }).data));
  const report = shallowRef<DataReport | null>(null);
  let asked: ImagesWish | null = null;
  const checked = shallowRef<ImagesWish | null>(null);
  const wish = computed(() => wishOf(path.value, form));
  /** whether the report is one of what would be added now */
  const fits = computed(() => report.value !== null && checked.value !== null && reportFits(report.value, checked.value, wish.value));

  const check = useJob<DataReport>((found) => {
    report.value = found;
    checked.value = asked;
  });
  const add = useJob<Added>(async ({ lowered }) => {
    open.value = false;
    const project = projects.view?.folder;
    if (project) projects.onProject(await host().projects.view({ project }), null);
    if (lowered.length > 0)
      app.notify('info', t('data.own.lowered', { fields: lowered.map(({ field, to }) => `${field} = ${to}`).join(', ') }), {
        project: project ?? null,
      });
  });

  function look(): void {
    asked = wish.value;
    void check.start(() => host().data.check(wish.value));
  }
  /** Opens the dialog; another place than before is looked at at once. */
  function show(place: string): void {
    open.value = true;
    if (check.busy.value || add.busy.value) return;
    const { draft } = projects;
    if (place !== path.value || !report.value) {
      path.value = place;
      report.value = null;
      checked.value = null;
      const same = draft?.data.dataset === 'files' && draft.data.root === place;
      Object.assign(form, formOf(same ? draft.data : recipeSchema.parse({ name: 'defaults' }).data));
    }
    look();
  }
  async function use(): Promise<void> {
    const project = projects.view?.folder;
    if (!project) return;
    // what the host writes into is the stored draft
    await projects.flush();
    projects.announce(t('data.own.title'));
    await add.start(() => host().data.add({ project, data: wish.value }));
    if (add.problem.value !== null) projects.announce(null);
  }
  /** A check that nobody waits for ends; images that are being added come all the same. */
  function close(): void {
    open.value = false;
    if (check.busy.value) void check.stop();
  }
  return { open, path, form, report, fits, check, add, look, show, use, close };
}
