/** The runs of the open project: which one is shown, its curves and its live search. */
import { defineStore } from 'pinia';
import { computed, ref, shallowReactive } from 'vue';
import type { RunView } from '../../shared/contract/api/views.ts';
import type { Phase } from '../../shared/contract/job-protocol.ts';
import type { SearchPoints } from '../../shared/contract/look.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { host } from './host.ts';
import { useJobs } from './jobs.ts';
import { useProjects } from './projects.ts';
import { RunCurves } from './run-curves.ts';

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

  const curves = new RunCurves(
    (run) => `${projects.view?.folder ?? ''}\n${run}`,
    async (run, { groups, ...choice }) => {
      const place = { project: folderOf(), run };
      if (groups !== 'all') return host().runs.curves({ ...place, ...choice, groups });
      const blocks = await host().runs.metrics({ ...place, series: choice.series, prefixes: choice.prefixes });
      return blocks.map((block) => ({ ...block, total: block.count, means: null }));
    },
  );

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
    curves.forgetAll();
    logs.clear();
    missed.value++;
  }
  /** This window read too slowly, and points and log lines of a run were left out. */
  function onGap(run: string): void {
    curves.forget(run);
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
    curves,
    append: curves.append,
    series: curves.series,
    seriesNames: curves.names,
    load: curves.load,
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
