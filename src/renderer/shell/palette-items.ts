/** Everything that the command palette can do now. */
import { ACTIONS, acceleratorText } from '../../shared/actions.ts';
import { isEnabled, runAction } from '../actions/registry.ts';
import { t } from '../i18n.ts';
import { useRouter } from '../router/router.ts';
import { useApp } from '../stores/app.ts';
import { useProjects } from '../stores/projects.ts';
import { useRuns } from '../stores/runs.ts';
import { useSelection } from '../stores/selection.ts';
import { fuzzyScore } from './fuzzy.ts';

export interface PaletteItem {
  id: string;
  group: string;
  title: string;
  hint?: string;
  keys?: string;
  run: () => void;
}

const LIMIT = 60;

/** All items, in the order in which an empty palette shows them. Reactive. */
export function paletteItems(): PaletteItem[] {
  const app = useApp();
  const router = useRouter();
  const projects = useProjects();
  const runs = useRuns();
  const selection = useSelection();

  const actions = ACTIONS.filter((action) => action.id !== 'view.palette' && isEnabled(action.id)).map((action): PaletteItem => ({
    id: action.id,
    group: t(`actions.group.${action.group}`),
    title: t(action.titleKey),
    keys: action.accelerator && acceleratorText(action.accelerator, app.mac),
    run: () => void runAction(action.id),
  }));
  const layers = selection.layers.map((layer): PaletteItem => ({
    id: `layer ${layer}`,
    group: t('shell.palette.layers'),
    title: layer,
    run: () => {
      selection.selectedLayer = layer;
      router.go('inspect', { layer });
    },
  }));
  const byAge = [...runs.all].reverse().map((run): PaletteItem => ({
    id: `run ${run.id}`,
    group: t('shell.palette.runs'),
    title: runs.title(run),
    hint: t(`shell.job.${run.state}`),
    run: () => {
      void app.attempt(() => runs.select(run.id));
      router.go('runs', { run: run.id });
    },
  }));
  const others = projects.recent
    .filter(({ folder, problem }) => folder !== projects.view?.folder && !problem)
    .map((project): PaletteItem => ({
      id: `project ${project.folder}`,
      group: t('shell.palette.projects'),
      title: project.name,
      hint: project.folder,
      run: () => void runAction('project.open', project.folder),
    }));
  return [...actions, ...byAge, ...layers, ...others];
}

/** The items that fit what was typed, best first. */
export function fitting(items: readonly PaletteItem[], query: string): PaletteItem[] {
  if (!query.trim()) return items.slice(0, LIMIT);
  return items
    .map((item) => ({ item, score: fuzzyScore(query, item.title) ?? lower(fuzzyScore(query, `${item.group} ${item.title}`)) }))
    .filter((entry): entry is { item: PaletteItem; score: number } => entry.score !== null)
    .sort((a, b) => b.score - a.score)
    .slice(0, LIMIT)
    .map(({ item }) => item);
}
const lower = (score: number | null): number | null => (score === null ? null : score - 5);
