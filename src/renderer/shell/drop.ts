/** Projects and recipes that are dropped anywhere on the window. */
import { DATA_FILE_ENDINGS } from '../../shared/schema/data-formats.ts';
import { isEnabled, runAction } from '../actions/registry.ts';
import { desktopBridge } from '../host/connect.ts';
import { t } from '../i18n.ts';
import { useApp } from '../stores/app.ts';
import { host } from '../stores/host.ts';
import { useProjects } from '../stores/projects.ts';
import { useDialogs } from './dialogs.ts';
import { openProject } from './shell-actions.ts';

/** Where a dropped file or folder lies; null in a browser, which does not tell. */
const pathOf = (file: File): string | null => desktopBridge()?.pathOf(file) || null;

/** A recipe goes into the open project, else a new project is offered for it. */
async function takeRecipe(file: File): Promise<void> {
  const app = useApp();
  const projects = useProjects();
  const { recipe, problems } = await host().recipes.parse({ text: await file.text() });
  if (!recipe) {
    app.notify('error', t('shell.recipeProblem', { problem: problems.join(' ') }));
  } else if (projects.view) {
    const result = projects.replaceDraft(t('shell.recipeLoaded', { name: recipe.name }), recipe);
    if (result.ok) app.notify('ok', t('shell.recipeLoaded', { name: recipe.name }));
    else app.notify('error', t('shell.recipeProblem', { problem: result.problems.join(' ') }));
  } else {
    useDialogs().newProject = { template: null, recipe };
  }
}

const isDataFile = (name: string): boolean => DATA_FILE_ENDINGS.some((ending) => name.toLowerCase().endsWith(`.${ending}`));

/** Images and networks are read by the host, which needs their place. */
function takePath(action: string, path: string | null, name: string): void {
  if (path) runAction(action, path);
  else useApp().notify('warn', t('data.own.dropNoPath', { name }));
}

async function take(transfer: DataTransfer): Promise<void> {
  const app = useApp();
  const entry = transfer.items[0]?.webkitGetAsEntry?.();
  const file = transfer.files[0];
  if (!file) return;
  const path = pathOf(file);
  await app.attempt(async () => {
    const model = /\.onnx$|^model\.json$/i.test(file.name);
    const images = entry?.isDirectory ? !/\.eqnet$/i.test(file.name) : isDataFile(file.name);
    if (model && isEnabled('model.import')) takePath('model.import', path, file.name);
    else if (images && isEnabled('data.add')) takePath('data.add', path, file.name);
    else if (entry?.isDirectory && path) await openProject(path);
    else if (!entry?.isDirectory && file.name.toLowerCase().endsWith('.json')) await takeRecipe(file);
    else app.notify('error', t('home.dropUnknown', { name: file.name }));
  });
}

/** Listens to the whole window. @returns ends it */
export function listenForDrops(): () => void {
  const dialogs = useDialogs();
  let depth = 0;
  const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
  const listeners: { [Name in 'dragenter' | 'dragleave' | 'dragover' | 'drop']: (event: DragEvent) => void } = {
    dragenter: (event) => {
      if (!holdsFiles(event)) return;
      depth++;
      dialogs.dragging = true;
    },
    dragleave: (event) => {
      if (!holdsFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) dialogs.dragging = false;
    },
    // without this, the page would be left for the dropped file
    dragover: (event) => holdsFiles(event) && event.preventDefault(),
    drop: (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      depth = 0;
      dialogs.dragging = false;
      if (event.dataTransfer) void take(event.dataTransfer);
    },
  };
  const names = Object.keys(listeners) as (keyof typeof listeners)[];
  for (const name of names) window.addEventListener(name, listeners[name]);
  return () => {
    for (const name of names) window.removeEventListener(name, listeners[name]);
  };
}
