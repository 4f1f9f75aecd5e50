/**
 * The one list of what a person can do from anywhere: the native menus, the command palette, the shortcut sheet and the
 * keyboard all come from it. A title is the text `actions.ID` (src/shared/i18n).
 */

/** Top-level menus in order; the help menu is last on every system. */
export const MENUS = ['file', 'edit', 'view', 'go', 'run', 'help'] as const;
export type MenuName = (typeof MENUS)[number];

export interface Action {
  id: string;
  /** heading in the palette and the shortcut sheet: text `actions.group.GROUP` */
  group: MenuName;
  titleKey: string;
  /** works everywhere in the window; written as Electron writes it, e.g. `CmdOrCtrl+Shift+P` */
  accelerator?: string;
  /** further accelerators that the interface takes but menus do not show */
  also?: readonly string[];
  /** keys that act only inside a table, a matrix, a chart or on a focused job; for the shortcut sheet */
  localKeys?: string;
  /** place in the native menus; entries of another `section` are divided by a line. Actions without one are in no menu */
  menu?: { name: MenuName; section: number };
  /** needs an open project */
  project?: boolean;
}

const action = (id: string, group: MenuName, rest: Omit<Action, 'id' | 'group' | 'titleKey'> = {}): Action => ({
  id,
  group,
  titleKey: `actions.${id}`,
  ...rest,
});
const inMenu = (name: MenuName, section: number) => ({ menu: { name, section } });

/** Screens that belong to a project, in the order of the pipeline; `Ctrl+1` .. `Ctrl+7`. */
export const PIPELINE_VIEWS = ['data', 'space', 'train', 'predictor', 'search', 'compare', 'export'] as const;
export type PipelineView = (typeof PIPELINE_VIEWS)[number];

export const ACTIONS: readonly Action[] = [
  action('project.new', 'file', { accelerator: 'CmdOrCtrl+N', ...inMenu('file', 1) }),
  action('project.open', 'file', { accelerator: 'CmdOrCtrl+O', ...inMenu('file', 1) }),
  action('project.reveal', 'file', { project: true, ...inMenu('file', 2) }),
  action('project.close', 'file', { accelerator: 'CmdOrCtrl+Shift+W', project: true, ...inMenu('file', 2) }),
  action('recipe.import', 'file', { project: true, ...inMenu('file', 3) }),
  action('recipe.export', 'file', { project: true, ...inMenu('file', 3) }),
  action('go.settings', 'file', { accelerator: 'CmdOrCtrl+,', ...inMenu('file', 4) }),

  action('edit.undo', 'edit', { accelerator: 'CmdOrCtrl+Z', project: true, ...inMenu('edit', 1) }),
  action('edit.redo', 'edit', { accelerator: 'CmdOrCtrl+Shift+Z', also: ['CmdOrCtrl+Y'], project: true, ...inMenu('edit', 1) }),

  action('view.palette', 'view', { accelerator: 'CmdOrCtrl+Shift+P', also: ['CmdOrCtrl+K', 'F1'], ...inMenu('view', 1) }),
  action('view.rail', 'view', { accelerator: 'CmdOrCtrl+B', ...inMenu('view', 2) }),
  action('view.theme', 'view', { accelerator: 'Alt+T', ...inMenu('view', 2) }),
  action('view.inbox', 'view', { ...inMenu('view', 2) }),
  action('view.nextRegion', 'view', { accelerator: 'F6' }),
  action('view.previousRegion', 'view', { accelerator: 'Shift+F6' }),

  action('go.home', 'go', { ...inMenu('go', 1) }),
  action('go.back', 'go', { accelerator: 'Alt+Left', ...inMenu('go', 1) }),
  action('go.forward', 'go', { accelerator: 'Alt+Right', ...inMenu('go', 1) }),
  ...PIPELINE_VIEWS.map((view, index) =>
    action(`go.${view}`, 'go', { accelerator: `CmdOrCtrl+${index + 1}`, project: true, ...inMenu('go', 2) }),
  ),
  action('go.inspect', 'go', { project: true, ...inMenu('go', 2) }),
  action('go.runs', 'go', { project: true, ...inMenu('go', 3) }),
  action('go.engine', 'go', { ...inMenu('go', 3) }),

  action('run.start', 'run', { project: true, ...inMenu('run', 1) }),
  action('run.startSupernet', 'run', { project: true }),
  action('run.resume', 'run', { project: true, ...inMenu('run', 1) }),
  action('run.pause', 'run', { project: true, localKeys: 'Space', ...inMenu('run', 2) }),
  action('run.snapshot', 'run', { accelerator: 'CmdOrCtrl+S', project: true, ...inMenu('run', 2) }),
  action('run.stop', 'run', { project: true, ...inMenu('run', 2) }),
  action('run.stopAndKeep', 'run', { project: true, ...inMenu('run', 2) }),
  action('run.searchMore', 'run', { project: true, ...inMenu('run', 3) }),
  action('run.searchAgain', 'run', { project: true }),
  action('run.measureTicked', 'run', { project: true }),
  action('run.compareTicked', 'run', { project: true }),
  action('run.clearConstraints', 'run', { project: true }),
  action('run.fitAgain', 'run', { project: true, ...inMenu('run', 3) }),
  action('run.measureMore', 'run', { project: true }),
  action('run.copyCommand', 'run', { project: true, ...inMenu('run', 4) }),

  action('space.presets', 'edit', { project: true }),
  action('space.resetOverrides', 'edit', { project: true }),
  action('space.resetLayer', 'edit', { project: true }),
  action('space.pinLayer', 'edit', { project: true }),
  action('space.resetTraining', 'edit', { project: true }),
  action('space.copy', 'edit', { project: true }),
  action('space.view', 'view', { project: true }),

  action('recipe.text', 'edit', { project: true }),
  action('data.add', 'edit', { project: true }),
  action('data.addFile', 'edit', { project: true }),
  action('data.download', 'edit', { project: true }),
  action('data.cache', 'edit', { project: true }),
  action('model.import', 'edit', { project: true }),
  action('model.layers', 'edit', { project: true }),
  action('data.folder', 'edit', { project: true }),
  action('data.bundled', 'edit', { project: true }),
  action('data.augmented', 'view', { project: true }),
  action('data.nextImages', 'view', { project: true, localKeys: 'PageDown' }),
  action('data.previousImages', 'view', { project: true, localKeys: 'PageUp' }),
  action('data.firstImages', 'view', { project: true, localKeys: 'Home' }),

  action('runs.rename', 'run', { project: true, localKeys: 'F2' }),
  action('runs.delete', 'run', { project: true, localKeys: 'Delete' }),
  action('runs.retry', 'run', { project: true }),
  action('runs.again', 'run', { project: true }),
  action('runs.adopt', 'run', { project: true }),
  action('runs.train', 'run', { project: true }),
  action('runs.search', 'run', { project: true }),
  action('runs.columns', 'view', { project: true }),

  action('compare.add', 'edit', { project: true }),
  action('compare.report', 'file', { project: true }),
  action('compare.rename', 'edit', { project: true, localKeys: 'F2' }),
  action('compare.remove', 'edit', { project: true, localKeys: 'Delete' }),
  action('inspect.activations', 'run', { project: true }),

  action('table.move', 'view', { localKeys: '↑ ↓ ← →' }),
  action('table.extend', 'view', { localKeys: 'Shift+↑ ↓ ← →' }),
  action('table.column', 'edit', { localKeys: 'CmdOrCtrl+Space' }),
  action('table.reset', 'edit', { localKeys: 'Delete' }),
  action('table.keep', 'edit', { localKeys: 'F' }),
  action('table.tick', 'view', { localKeys: 'Space' }),
  action('table.open', 'view', { localKeys: 'Enter' }),
  action('table.compare', 'view', { localKeys: 'C' }),
  action('table.measure', 'view', { localKeys: 'M' }),
  action('table.pin', 'view', { localKeys: 'P' }),
  action('table.export', 'view', { localKeys: 'E' }),
  action('table.bits', 'edit', { localKeys: '2 … 8' }),
  action('table.differences', 'view', { localKeys: 'D' }),
  action('layer.previous', 'view', { localKeys: '[' }),
  action('layer.next', 'view', { localKeys: ']' }),
  action('chart.table', 'view', { localKeys: 'Alt+Enter' }),
  action('chart.zoomIn', 'view', { localKeys: '+' }),
  action('chart.zoomOut', 'view', { localKeys: '-' }),
  action('chart.whole', 'view', { localKeys: '0' }),
  action('chart.earlier', 'view', { localKeys: 'PageUp' }),
  action('chart.later', 'view', { localKeys: 'PageDown' }),
  action('chart.axis', 'view'),
  action('chart.log', 'view'),
  action('view.escape', 'view', { localKeys: 'Esc' }),

  action('export.start', 'run', { project: true }),
  action('export.choose', 'run', { project: true }),
  action('export.show', 'run', { project: true }),
  action('export.copyPath', 'run', { project: true }),
  action('export.saveConfiguration', 'run', { project: true }),
  action('engine.examine', 'run'),
  action('engine.install', 'run'),
  action('engine.cancel', 'run'),
  action('engine.profile', 'run', { project: true }),
  action('settings.reset', 'edit'),

  action('help.shortcuts', 'help', { accelerator: 'CmdOrCtrl+/', also: ['?'], ...inMenu('help', 1) }),
];

export const actionById: ReadonlyMap<string, Action> = new Map(ACTIONS.map((entry) => [entry.id, entry]));

/** An accelerator as this system's keyboard shows it: `Ctrl+Shift+P`, on a Mac `⌘+⇧+P`. */
export function acceleratorText(accelerator: string, mac: boolean): string {
  const names: Record<string, string> = mac
    ? { CmdOrCtrl: '⌘', Shift: '⇧', Alt: '⌥', Left: '←', Right: '→' }
    : { CmdOrCtrl: 'Ctrl', Left: '←', Right: '→' };
  return accelerator
    .split('+')
    .map((part) => names[part] ?? part)
    .join('+');
}
