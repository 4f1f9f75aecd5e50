/** The runs of the open project: which one is shown, its metrics and its live search. */
import { defineStore } from 'pinia';
import { computed, ref, shallowReactive, shallowRef, triggerRef, type ShallowRef } from 'vue';
import type { MetricBlock, RunView } from '../../shared/contract/api/views.ts';
import type { Phase } from '../../shared/contract/job-protocol.ts';
import type { SearchPoints } from '../../shared/contract/look.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { host } from './host.ts';
import { useJobs } from './jobs.ts';
import { MetricSeries, NO_SERIES, type SeriesView } from './metric-series.ts';
import { useProjects } from './projects.ts';

/** Metrics are shown at most ten times a second. */
const FLUSH_MS = 100;

interface RunMetrics {
  series: Map<string, MetricSeries>;
  /** counts the changes of each series */
  versions: Map<string, ShallowRef<number>>;
  names: ShallowRef<readonly string[]>;
  loaded: Set<string>;
  /** for each answer of the host that is under way, the live blocks that came meanwhile */
  meanwhile: Set<MetricBlock[]>;
}

export const useRuns = defineStore('runs', () => {
  const projects = useProjects();
  const jobs = useJobs();
  const all = computed<RunView[]>(() => projects.view?.runs ?? []);
  const selectedId = computed<string | null>(() => projects.ui<string | null>('run', null));
  /** the run that the screens show: the chosen one, else the newest */
  const current = computed<RunView | null>(() => byId(selectedId.value) ?? all.value.at(-1) ?? null);
  const currentJob = computed(() => (projects.view && current.value ? jobs.ofRun(projects.view.folder, current.value.id) : null));

  function byId(id: string | null | undefined): RunView | null {
    return all.value.find((run) => run.id === id) ?? null;
  }
  const select = (id: string): Promise<void> => projects.saveUi({ run: id });
  /** what people call it */
  const title = (run: RunView): string => run.label || run.id;

  /** Starts a run of the draft, or of another recipe, and shows it. @returns its id */
  async function start(recipe?: Recipe, until?: Phase): Promise<string> {
    const folder = folderOf();
    await projects.flush();
    const chosen = recipe ?? projects.draft;
    if (!chosen) throw new Error('no project is open');
    const { run } = await host().runs.start({ project: folder, recipe: JSON.parse(JSON.stringify(chosen)) as Recipe, until });
    await select(run);
    return run;
  }
  /** Goes on with a run; `from` does that phase and all later ones again, with `recipe` in another way. */
  async function resume(run: string, options: { from?: Phase; until?: Phase; recipe?: Recipe } = {}): Promise<void> {
    await host().runs.resume({ project: folderOf(), run, ...options });
  }
  const label = (run: string, text: string): Promise<void> => host().runs.label({ project: folderOf(), run, label: text });
  const remove = (run: string): Promise<void> => host().runs.remove({ project: folderOf(), run });

  function folderOf(): string {
    if (!projects.view) throw new Error('no project is open');
    return projects.view.folder;
  }

  const metrics = new Map<string, RunMetrics>();
  function metricsOf(run: string): RunMetrics {
    const key = `${projects.view?.folder ?? ''}\n${run}`;
    let found = metrics.get(key);
    if (!found) {
      found = { series: new Map(), versions: new Map(), names: shallowRef([]), loaded: new Set(), meanwhile: new Set() };
      metrics.set(key, found);
    }
    return found;
  }
  function versionOf(own: RunMetrics, name: string): ShallowRef<number> {
    let version = own.versions.get(name);
    if (!version) {
      version = shallowRef(0);
      own.versions.set(name, version);
    }
    return version;
  }

  const touched = new Set<ShallowRef<unknown>>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  function touch(target: ShallowRef<unknown>): void {
    touched.add(target);
    timer ??= setTimeout(flush, FLUSH_MS);
  }
  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const each of touched) triggerRef(each);
    touched.clear();
  }

  function append(run: string, blocks: readonly MetricBlock[]): void {
    const own = metricsOf(run);
    for (const list of own.meanwhile) list.push(...blocks);
    const added: string[] = [];
    for (const block of blocks) {
      let series = own.series.get(block.series);
      if (!series) {
        series = new MetricSeries();
        own.series.set(block.series, series);
        added.push(block.series);
      }
      series.append(block);
      touch(versionOf(own, block.series));
    }
    if (added.length > 0) own.names.value = [...own.names.value, ...added];
  }

  /**
   * A metric series as it is now. Reading it inside a computed value or a watcher follows its growth, at most ten times a
   * second. Empty until `load` or the run's own events bring points.
   */
  function series(run: string, name: string): SeriesView {
    const own = metricsOf(run);
    void versionOf(own, name).value;
    return own.series.get(name)?.view() ?? NO_SERIES;
  }
  /** Names of the series that are here, in the order in which they came. */
  const seriesNames = (run: string): readonly string[] => metricsOf(run).names.value;

  /** Brings all series whose names begin in one of these ways from the host, once; live points keep coming by themselves. */
  async function load(run: string, prefixes: readonly string[]): Promise<void> {
    const own = metricsOf(run);
    const wanted = prefixes.filter((prefix) => ![...own.loaded].some((have) => prefix.startsWith(have)));
    if (wanted.length === 0) return;
    for (const prefix of wanted) own.loaded.add(prefix);
    const meanwhile: MetricBlock[] = [];
    own.meanwhile.add(meanwhile);
    try {
      const blocks = await host().runs.metrics({ project: folderOf(), run, prefixes: wanted });
      for (const block of blocks) own.series.delete(block.series);
      own.names.value = own.names.value.filter((name) => own.series.has(name));
      own.meanwhile.delete(meanwhile);
      const replaced = new Set(blocks.map((block) => block.series));
      append(run, [...blocks, ...meanwhile.filter((block) => replaced.has(block.series))]);
      // what was asked for has been waited for already
      flush();
    } catch (error) {
      own.meanwhile.delete(meanwhile);
      for (const prefix of wanted) own.loaded.delete(prefix);
      throw error;
    }
  }

  const searches = shallowReactive(new Map<string, SearchPoints[]>());
  function appendSearch(run: string, rounds: readonly SearchPoints[]): void {
    searches.set(run, [...(searches.get(run) ?? []), ...rounds]);
  }
  /** What the search of a run has looked at so far, oldest first. */
  const searchRounds = (run: string): readonly SearchPoints[] => searches.get(run) ?? [];
  async function loadSearch(run: string): Promise<void> {
    const found = await host().runs.explored({ project: folderOf(), run });
    // while the search runs, nothing of it is stored yet: what came live stays
    if (found.length > 0 || !searches.has(run)) searches.set(run, found);
  }

  const logs = shallowReactive(new Map<string, RunView['log']>());
  const LOG_LINES = 500;
  function appendLog(run: string, lines: RunView['log']): void {
    logs.set(run, [...(logs.get(run) ?? byId(run)?.log ?? []), ...lines].slice(-LOG_LINES));
  }
  /** The newest log lines of a run, oldest first. */
  const log = (run: string): RunView['log'] => logs.get(run) ?? byId(run)?.log ?? [];

  /** Grows when live points were missed: whoever shows series loads them again. */
  const missed = ref(0);
  /** The connection was lost: what was missed is asked for again. */
  function onReconnect(): void {
    for (const own of metrics.values()) own.loaded.clear();
    logs.clear();
    missed.value++;
  }
  /** This window read too slowly, and points and log lines of a run were left out. */
  function onGap(run: string): void {
    metricsOf(run).loaded.clear();
    logs.delete(run);
    missed.value++;
  }

  return {
    all,
    selectedId,
    current,
    currentJob,
    byId,
    select,
    title,
    start,
    resume,
    label,
    remove,
    append,
    series,
    seriesNames,
    load,
    appendSearch,
    searchRounds,
    loadSearch,
    appendLog,
    log,
    missed,
    onReconnect,
    onGap,
  };
});
