/** The actions that work on every screen. */
import type { RunView } from '../../shared/contract/api/views.ts';
import { PIPELINE_VIEWS } from '../../shared/actions.ts';
import { focusRegion } from '../actions/regions.ts';
import { useAction } from '../actions/registry.ts';
import { t } from '../i18n.ts';
import { useRouter } from '../router/router.ts';
import type { ViewName } from '../router/views.ts';
import { useApp } from '../stores/app.ts';
import { host } from '../stores/host.ts';
import { isLive } from '../stores/jobs.ts';
import { useJobs } from '../stores/jobs.ts';
import { useProjects } from '../stores/projects.ts';
import { useRuns } from '../stores/runs.ts';
import { useSelection } from '../stores/selection.ts';
import { seriesToRead } from '../views/train/train-series.ts';
import { trainingOf } from '../views/train/train-state.ts';
import { useDialogs } from './dialogs.ts';

/** Opens a project and shows the screen where its work stands. */
export async function openProject(folder: string): Promise<void> {
  const app = useApp();
  const projects = useProjects();
  const runs = useRuns();
  await app.attempt(async () => {
    await projects.open(folder);
    if (runs.current) askForCurves(runs.current);
    useRouter().go(runs.current ? 'train' : 'data');
  });
}

/** What Train shows first comes while that screen is made; it asks again for what failed, and says why. */
function askForCurves(run: RunView): void {
  const [{ prefixes, groups }] = seriesToRead(trainingOf(run));
  useRuns()
    .load(run.id, prefixes, groups)
    .catch(() => undefined);
}

/** Loads a recipe file into the open project. */
async function loadRecipe(path: string): Promise<void> {
  const app = useApp();
  await app.attempt(async () => {
    const { recipe, problems } = await host().recipes.parse({ path });
    const result = recipe
      ? useProjects().replaceDraft(t('shell.recipeLoaded', { name: recipe.name }), recipe)
      : { ok: false as const, problems };
    if (result.ok) app.notify('ok', t('shell.recipeLoaded', { name: recipe?.name ?? '' }));
    else app.notify('error', t('shell.recipeProblem', { problem: result.problems.join(' ') }));
  });
}

/** Registers them; to be called once, in the setup of the window's root. */
export function useShellActions(folded: { value: boolean }): void {
  const app = useApp();
  const router = useRouter();
  const projects = useProjects();
  const runs = useRuns();
  const jobs = useJobs();
  const selection = useSelection();
  const dialogs = useDialogs();
  const hasProject = (): boolean => projects.view !== null;
  const folder = (): string => projects.view?.folder ?? '';

  useAction('project.new', (template) => {
    dialogs.newProject = { template };
  });
  useAction('project.open', async (argument) => {
    const path = argument ?? (await app.attempt(() => dialogs.choosePath({ kind: 'project', title: t('home.chooseProject') })));
    if (path) await openProject(path);
  });
  useAction(
    'project.close',
    async () => {
      await app.attempt(() => projects.close());
      router.go('home');
    },
    hasProject,
  );
  useAction(
    'project.reveal',
    () => void app.attempt(() => host().app.reveal({ path: folder() })),
    () => hasProject() && app.info?.host === 'desktop',
  );
  useAction(
    'recipe.import',
    async (argument) => {
      const path = argument ?? (await app.attempt(() => dialogs.choosePath({ kind: 'recipe', title: t('shell.chooseRecipe') })));
      if (path) await loadRecipe(path);
    },
    hasProject,
  );
  useAction(
    'recipe.export',
    async () => {
      const recipe = projects.draft;
      if (!recipe) return;
      const path = await app.attempt(() =>
        dialogs.saveText({
          name: `${recipe.name}.json`,
          content: `${JSON.stringify(recipe, null, 2)}\n`,
          title: t('shell.saveRecipe'),
          type: 'application/json',
        }),
      );
      if (path) app.notify('ok', t('shell.recipeSaved', { path }));
    },
    hasProject,
  );

  useAction(
    'edit.undo',
    () => projects.undo(),
    () => projects.undoLabel !== null,
    () => projects.undoLabel,
  );
  useAction(
    'edit.redo',
    () => projects.redo(),
    () => projects.redoLabel !== null,
    () => projects.redoLabel,
  );

  useAction('view.palette', () => {
    dialogs.palette = !dialogs.palette;
  });
  useAction('view.rail', () => {
    folded.value = !folded.value;
  });
  useAction('view.theme', () => app.switchTheme());
  useAction('view.nextRegion', () => focusRegion(1));
  useAction('view.previousRegion', () => focusRegion(-1));
  useAction('help.shortcuts', () => {
    dialogs.sheet = true;
  });

  const go = (view: ViewName, needsProject: boolean): void =>
    useAction(`go.${view}`, () => router.go(view), needsProject ? hasProject : undefined);
  for (const view of PIPELINE_VIEWS) go(view, true);
  go('inspect', true);
  go('runs', true);
  go('home', false);
  go('engine', false);
  go('settings', false);
  useAction('go.back', () => router.back());
  useAction('go.forward', () => router.forward());

  const job = () => runs.currentJob;
  const live = (): boolean => job() !== null && isLive(job()!);
  const training = (): boolean => live() && (job()!.phase === 'pretrain' || job()!.phase === 'supernet');
  useAction(
    'run.start',
    async () => {
      const run = await app.attempt(() => runs.start());
      if (run) router.go('train');
    },
    () => hasProject() && !live(),
  );
  useAction(
    'run.resume',
    () => void app.attempt(() => runs.resume(runs.current!.id)),
    () => runs.current !== null && !live() && runs.current.state !== 'done',
  );
  useAction(
    'run.pause',
    () => {
      const now = job();
      if (now) void app.attempt(() => (now.state === 'paused' ? jobs.resume(now.id) : jobs.pause(now.id)));
    },
    () => live() && (job()!.state === 'running' || job()!.state === 'paused'),
  );
  useAction(
    'run.snapshot',
    () => void app.attempt(() => jobs.snapshot(job()!.id)),
    () => training() && (job()!.state === 'running' || job()!.state === 'paused'),
  );
  useAction(
    'run.stop',
    async () => {
      const now = job();
      if (now && (await dialogs.confirm({ title: t('shell.stopTitle'), text: t('shell.stopText'), action: t('shell.stopAction') }))) {
        await app.attempt(() => jobs.stop(now.id));
      }
    },
    live,
  );
  useAction('run.stopAndKeep', () => void app.attempt(() => jobs.stop(job()!.id, true)), training);
  useAction(
    'run.copyCommand',
    async () => {
      await app.attempt(async () => {
        await navigator.clipboard.writeText(commandOf(folder(), runs.current?.state === 'done' ? null : (runs.current?.id ?? null)));
        app.notify('ok', t('shell.commandCopied'));
      });
    },
    hasProject,
  );

  useAction(
    'layer.previous',
    () => selection.move(-1),
    () => selection.layers.length > 0,
  );
  useAction(
    'layer.next',
    () => selection.move(1),
    () => selection.layers.length > 0,
  );
}

/** The command that does the same as the run button. */
export function commandOf(folder: string, resumable: string | null): string {
  const quote = (path: string): string => (/^[\w./:\\-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
  const recipe = `${folder}${folder.includes('\\') ? '\\' : '/'}recipe.json`;
  return `eqnet run ${quote(recipe)} --project ${quote(folder)}${resumable ? ' --resume' : ''}`;
}
