/** Everything that the parts of the Search screen share: rows, constraints, front, picks, choice, jobs and what can be done. */
import { computed, onMounted, ref, shallowRef, watch } from 'vue';
import { useI18n } from 'vue-i18n';
import type { JobView, ShelfEntry } from '../../../shared/contract/api/views.ts';
import { parseConfigurationKey } from '../../../shared/domain/configuration.ts';
import type { FormKey } from '../../../shared/domain/form.ts';
import type { LayerFacts } from '../../../shared/domain/layer-graph.ts';
import type { Configuration } from '../../../shared/schema/configuration.ts';
import { useRouter } from '../../router/router.ts';
import { useApp } from '../../stores/app.ts';
import { useCompare } from '../../stores/compare.ts';
import { host } from '../../stores/host.ts';
import { isLive, useJobs } from '../../stores/jobs.ts';
import { useProjects } from '../../stores/projects.ts';
import { useRuns } from '../../stores/runs.ts';
import { storedSettings } from '../../stores/stored-settings.ts';
import { stageOf } from '../run-step.ts';
import { adoptFound } from './adopt-found.ts';
import { isConstrained, isInside, LOOKS, noConstraints, type Constraints } from './measures.ts';
import { frontRows, kneeOf } from './picks.ts';
import type { SearchRow } from './search-rows.ts';
import { readSettings } from './search-settings.ts';
import { useSearchRows } from './use-search-rows.ts';

/** configurations that one measurement takes; the host accepts no more */
export const MOST_MEASURED = 200;

const PHASES_SHOWN = ['search', 'measure'] as const;

export function useSearch() {
  const { t } = useI18n();
  const app = useApp();
  const projects = useProjects();
  const runs = useRuns();
  const jobs = useJobs();
  const compare = useCompare();
  const router = useRouter();
  const settings = storedSettings('search', readSettings);

  const run = computed(() => runs.current);
  const folder = computed(() => projects.view?.folder ?? '');
  const layers = computed<readonly LayerFacts[]>(() => run.value?.network?.layers ?? []);
  const stage = computed(() => stageOf(run.value, runs.currentJob, PHASES_SHOWN));

  // Jobs of this run beside the run itself.
  const own = (kind: JobView['kind']) =>
    jobs.all.filter((job) => job.project === folder.value && job.run === run.value?.id && job.kind === kind);
  const searchJobs = computed(() => own('search'));
  const measureJobs = computed(() => own('measure'));
  /** the one that the head shows: a search on demand, else the run while it searches or measures */
  const searching = computed<JobView | null>(() => {
    const asked = searchJobs.value.find(isLive);
    if (asked) return asked;
    const job = runs.currentJob;
    return job && isLive(job) && (job.phase === 'search' || job.phase === 'measure') ? job : null;
  });
  const measuring = computed(() => measureJobs.value.find(isLive) ?? null);
  const failedJobs = computed(() => [...searchJobs.value, ...measureJobs.value].filter((job) => job.state === 'failed'));

  const reading = ref(false);
  const loadProblem = shallowRef<unknown>(null);
  async function load(): Promise<void> {
    const id = run.value?.id;
    if (!id) return;
    loadProblem.value = null;
    reading.value = true;
    try {
      await runs.loadSearch(id);
    } catch (error) {
      loadProblem.value = error;
    } finally {
      reading.value = false;
    }
  }
  onMounted(load);
  // what a finished search kept stands for what came while it ran
  watch([() => run.value?.id, () => run.value?.phases.search.state === 'done', () => runs.missed], load);

  /** another fit predicts in another way, so what was found belongs to one fit of one run */
  const foundKey = computed(() => `${run.value?.id ?? ''} ${run.value?.predictor?.rmse ?? ''}`);

  const { rows, busy } = useSearchRows({
    folder: () => folder.value,
    run: () => run.value,
    layers: () => layers.value,
    rounds: () => (run.value ? runs.searchRounds(run.value.id) : []),
    found: () => settings.found[foundKey.value] ?? [],
    shelf: () => projects.view?.shelf ?? [],
  });
  const byKey = computed(() => new Map(rows.value.map((row) => [row.key, row])));
  const front = computed(() => frontRows(rows.value, settings.axis));
  const onFront = computed(() => new Set(front.value.map(({ key }) => key)));
  /** as they are, without Vue's eyes on them: thousands of rows are held against them */
  const constraints = computed(() => JSON.parse(JSON.stringify(settings.constraints)) as Constraints);
  const constrained = computed(() => isConstrained(constraints.value));
  const within = (of: readonly SearchRow[]) => {
    const { value: limits } = constraints;
    return of.filter((row) => isInside(row, limits));
  };
  const inside = computed(() => (constrained.value ? within(rows.value) : rows.value));
  const frontInside = computed(() => (constrained.value ? within(front.value) : front.value));
  const knee = computed(() => kneeOf(frontInside.value, settings.axis));
  const rmse = computed(() => run.value?.predictor?.rmse ?? null);

  // What is pointed at, chosen and ticked.
  const hovered = ref<string | null>(null);
  const chosen = ref<string | null>(null);
  const ticked = shallowRef<ReadonlySet<string>>(new Set());
  watch(
    () => run.value?.id,
    () => {
      chosen.value = null;
      hovered.value = null;
      ticked.value = new Set();
    },
  );
  const current = computed(() => (chosen.value === null ? null : (byKey.value.get(chosen.value) ?? null)));
  const tickedRows = computed(() => [...ticked.value].flatMap((key) => byKey.value.get(key) ?? []));
  const pinned = computed<ReadonlySet<string>>(() => new Set(settings.pinned[run.value?.id ?? ''] ?? []));
  function pin(key: string): void {
    const id = run.value?.id;
    if (!id) return;
    const before = settings.pinned[id] ?? [];
    settings.pinned = { ...settings.pinned, [id]: before.includes(key) ? before.filter((each) => each !== key) : [...before, key] };
  }

  function clearConstraints(): void {
    settings.constraints = noConstraints();
  }
  /** A box on the chart sets the limits of its axes; without one they are lifted. */
  function constrainBox(box: { x: [number, number]; y: [number, number] } | null): void {
    const { axis } = settings;
    const round = (value: number, digits: number): number => Number(value.toFixed(digits));
    const limits = (range: [number, number] | undefined, digits: number) =>
      range ? { low: round(range[0], digits), high: round(range[1], digits) } : { low: null, high: null };
    settings.constraints = {
      ...settings.constraints,
      [axis]: limits(box?.x, LOOKS[axis].digits),
      top1: limits(box?.y, LOOKS.top1.digits),
    };
  }

  const configurationOf = (row: SearchRow): Configuration => parseConfigurationKey(row.key, layers.value);
  /** The name under which a row goes to the shelf. */
  const nameOf = (row: SearchRow): string =>
    row.uniform && row.form
      ? t('search.uniformName', { weights: freeBits(row.weights), activations: freeBits(row.activations) })
      : row.name;
  function freeBits(bits: readonly number[]): number {
    const place = layers.value.findIndex(({ pinned: held }) => !held);
    return bits[place] ?? bits[0];
  }
  const shelfOf = (row: SearchRow): ShelfEntry | null => {
    const shelf = projects.view?.shelf ?? [];
    return shelf.find((entry) => entry.id === row.shelf) ?? null;
  };

  /** Measures rows that were not measured yet on the test images. */
  async function measure(wanted: readonly SearchRow[]): Promise<void> {
    const id = run.value?.id;
    const open = wanted.filter((row) => !row.measured).slice(0, MOST_MEASURED);
    if (!id || open.length === 0) return;
    await app.attempt(() =>
      host().jobs.measure({
        project: folder.value,
        run: id,
        entries: open.map((row) => ({
          configuration: configurationOf(row),
          name: nameOf(row),
          candidateId: row.candidateId,
          ...(row.shelf !== null && { shelf: row.shelf }),
        })),
      }),
    );
  }
  async function putIntoCompare(row: SearchRow): Promise<ShelfEntry | null> {
    const id = run.value?.id;
    if (!id) return null;
    const entry = shelfOf(row);
    if (entry?.compare) return entry;
    if (entry) return compare.place(entry.id, 'free');
    return compare.add({ run: id, name: nameOf(row), configuration: configurationOf(row), candidateId: row.candidateId });
  }
  /** Puts rows into Compare; several of them are then shown there. */
  async function toCompare(wanted: readonly SearchRow[], go: boolean): Promise<void> {
    await app.attempt(async () => {
      for (const row of wanted) {
        const entry = await putIntoCompare(row);
        if (!entry || go) continue;
        const show = { label: t('search.showCompare'), run: () => router.go('compare') };
        app.notify('ok', t('search.inCompare', { name: entry.name, letter: entry.compare ?? '' }), {
          project: folder.value,
          run: entry.run,
          action: show,
        });
      }
      if (go) router.go('compare');
    });
  }
  function inspect(row: SearchRow): void {
    router.go('inspect', { run: run.value?.id, key: row.key, ...(row.shelf !== null && { shelf: row.shelf }), from: 'search' });
  }
  function exportRow(row: SearchRow): void {
    router.go('export', { run: run.value?.id, key: row.key, ...(row.shelf !== null && { shelf: row.shelf }) });
  }
  async function searchMore(wanted: { weights: number; activations: number; forms: FormKey[] }): Promise<boolean> {
    const id = run.value?.id;
    if (!id) return false;
    const started = await app.attempt(() => host().jobs.search({ project: folder.value, run: id, ...wanted }));
    return started !== undefined;
  }

  adoptFound(
    settings,
    () => run.value?.id,
    () => foundKey.value,
    () => searchJobs.value.filter((job) => job.state === 'done'),
    (key) => {
      chosen.value = key;
      settings.scope = 'proposed';
    },
  );

  return {
    settings,
    run,
    folder,
    layers,
    stage,
    searching,
    measuring,
    failedJobs,
    busy: computed(() => busy.value || reading.value),
    loadProblem,
    load,
    rows,
    byKey,
    front,
    onFront,
    constraints,
    constrained,
    inside,
    frontInside,
    knee,
    rmse,
    hovered,
    chosen,
    current,
    ticked,
    tickedRows,
    pinned,
    pin,
    clearConstraints,
    constrainBox,
    configurationOf,
    nameOf,
    freeBits,
    measure,
    toCompare,
    inspect,
    exportRow,
    searchMore,
  };
}
export type SearchModel = ReturnType<typeof useSearch>;
