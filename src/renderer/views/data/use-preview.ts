/** Images of the draft's data set, asked for again when the draft or the wish changes. */
import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue';
import type { DataPreview, SplitName } from '../../../shared/contract/look.ts';
import { toWorkbenchError } from '../../../shared/contract/client.ts';
import type { ErrorCode } from '../../../shared/contract/errors.ts';
import { canonicalJson } from '../../../shared/domain/canonical-json.ts';
import type { Recipe } from '../../../shared/schema/recipe.ts';
import { useApp } from '../../stores/app.ts';
import { host } from '../../stores/host.ts';
import { useProjects } from '../../stores/projects.ts';

/** ms after the last change of the draft */
const PREVIEW_MS = 300;

export interface PreviewWish {
  split: SplitName;
  label: number | null;
  augmented: boolean;
  offset: number;
  count: number;
}
export interface Preview {
  shown: ShallowRef<DataPreview | null>;
  /** why there are no images; the last good ones stay */
  problem: Ref<{ message: string; code: ErrorCode } | null>;
  loading: Ref<boolean>;
  /** what is shown belongs to an earlier draft or wish */
  stale: ComputedRef<boolean>;
  retry: () => void;
}

/** @param wish null while it is not known how many images fit */
export function usePreview(wish: () => PreviewWish | null): Preview {
  const app = useApp();
  const projects = useProjects();
  const shown = shallowRef<DataPreview | null>(null);
  const problem = ref<Preview['problem']['value']>(null);
  const loading = ref(false);
  const answered = ref('');
  let ended = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;

  /** everything of the recipe that the images follow */
  const basis = (recipe: Recipe): unknown => {
    const { clutter, ...data } = recipe.data;
    return [data, data.dataset === 'cluttered-mnist' ? clutter : null, recipe.seed];
  };
  const key = computed(() => {
    const [recipe, wanted] = [projects.draft, wish()];
    return recipe && wanted ? canonicalJson([basis(recipe), wanted]) : '';
  });
  const basisKey = computed(() => (projects.draft ? canonicalJson(basis(projects.draft)) : ''));

  /** One question at a time; the newest wish is asked next. */
  async function ask(): Promise<void> {
    if (running) return;
    running = true;
    loading.value = true;
    while (!ended && key.value && key.value !== answered.value) {
      const asked = key.value;
      const [recipe, wanted] = [projects.draft, wish()];
      if (!recipe || !wanted) break;
      const { label, ...rest } = wanted;
      try {
        shown.value = await host().recipes.preview({ recipe, ...rest, ...(label !== null && { label }) });
        problem.value = null;
      } catch (error) {
        const { message, code } = toWorkbenchError(error);
        problem.value = { message, code };
      }
      answered.value = asked;
    }
    running = false;
    loading.value = false;
  }
  function plan(delay: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), delay);
  }
  watch(
    [key, basisKey] as const,
    ([now, basisNow], [, basisBefore]) => {
      if (now) plan(shown.value && basisBefore && basisNow !== basisBefore ? PREVIEW_MS : 0);
    },
    { immediate: true },
  );
  function retry(): void {
    answered.value = '';
    plan(0);
  }
  watch(
    () => app.link,
    (state) => {
      if (state === 'open' && problem.value?.code === 'connection-lost') retry();
    },
  );
  onScopeDispose(() => {
    ended = true;
    clearTimeout(timer);
  });
  return { shown, problem, loading, stale: computed(() => key.value !== answered.value), retry };
}
