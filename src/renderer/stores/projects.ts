/** The open project of this window and the recipe that is being edited in it. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { ProjectView, RecentProject } from '../../shared/contract/api/views.ts';
import { toWorkbenchError } from '../../shared/contract/client.ts';
import type { NetworkView } from '../../shared/contract/look.ts';
import { canonicalJson } from '../../shared/domain/canonical-json.ts';
import { recipeSchema, type Recipe } from '../../shared/schema/recipe.ts';
import { t } from '../i18n.ts';
import { useApp } from './app.ts';
import { DraftHistory } from './draft-history.ts';
import { DraftSaver, type SaveState } from './draft-saver.ts';
import { host, windowId } from './host.ts';
import { networkKey } from './network-key.ts';

export const AUTOSAVE_MS = 400;
const LAST_PROJECT = 'eqnet.project';

export type EditResult = { ok: true } | { ok: false; problems: string[] };

/** A copy without anything reactive. */
const copy = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;

export const useProjects = defineStore('projects', () => {
  const app = useApp();
  const view = shallowRef<ProjectView | null>(null);
  const draft = shallowRef<Recipe | null>(null);
  const recent = shallowRef<RecentProject[]>([]);
  const loadingRecent = ref(true);
  /** what this tab had open is being opened again */
  const restoring = ref(sessionStorage.getItem(LAST_PROJECT) !== null);

  const saveState = ref<SaveState>('saved');
  const saveProblem = ref<string | null>(null);
  const savedAt = ref(0);
  let revision = 0;

  const history = new DraftHistory<Recipe>();
  /** counts changes of the history, so that what is computed from it follows */
  const historyVersion = ref(0);
  const undoLabel = computed(() => (historyVersion.value >= 0 ? (history.done.at(-1)?.label ?? null) : null));
  const redoLabel = computed(() => (historyVersion.value >= 0 ? (history.undone.at(-1)?.label ?? null) : null));

  const saver = new DraftSaver({
    delay: AUTOSAVE_MS,
    save,
    onState: (state, error) => {
      saveState.value = state;
      saveProblem.value = error ? toWorkbenchError(error).message : null;
    },
  });

  async function save(): Promise<void> {
    const [project, recipe] = [view.value?.folder, draft.value];
    if (!project || !recipe) return;
    try {
      const stored = await host().projects.saveDraft({ project, recipe, revision, window: windowId() });
      if (view.value?.folder !== project) return;
      revision = stored.revision;
      savedAt.value = stored.savedAt;
    } catch (error) {
      if (toWorkbenchError(error).code !== 'stale') throw error;
      await takeNewer(project);
    }
  }

  /** Another window stored a newer recipe: it is shown, and undo brings this window's back. */
  async function takeNewer(project: string): Promise<void> {
    const newer = await host().projects.view({ project });
    if (view.value?.folder !== project) return;
    adoptDraft(newer);
    view.value = newer;
    app.notify('warn', t('shell.stale'), { project });
  }
  let announced: string | null = null;
  /** What the next change of the draft by the host is called in the history; null takes that back. */
  function announce(label: string | null): void {
    announced = label;
  }
  function adoptDraft(newer: ProjectView): void {
    const mine = draft.value;
    revision = newer.revision;
    savedAt.value = newer.savedAt;
    draft.value = newer.draft;
    saver.settle();
    if (!mine || canonicalJson(mine) === canonicalJson(newer.draft)) return;
    history.push(announced ?? t('shell.otherWindow'), mine, newer.draft, null, Date.now());
    announced = null;
    historyVersion.value++;
    void loadNetwork();
  }

  function show(next: ProjectView): void {
    view.value = next;
    draft.value = next.draft;
    revision = next.revision;
    savedAt.value = next.savedAt;
    history.clear();
    historyVersion.value++;
    saver.settle();
    sessionStorage.setItem(LAST_PROJECT, next.folder);
    void loadNetwork();
  }

  /** An event of the host about the open project. */
  function onProject(next: ProjectView, origin: string | null): void {
    if (view.value?.folder !== next.folder) return;
    const foreign = next.revision > revision && origin !== windowId();
    // a view from before this window's facts had arrived would take them back
    view.value = savingUi > 0 ? { ...next, ui: view.value.ui } : next;
    if (foreign && !saver.pending) adoptDraft(next);
  }

  async function open(folder: string): Promise<void> {
    await leave();
    show(await host().projects.open({ folder, window: windowId() }));
  }
  async function create(folder: string, recipe: Recipe): Promise<void> {
    await leave();
    show(await host().projects.create({ folder, recipe: copy(recipe), window: windowId() }));
  }
  async function leave(): Promise<void> {
    const project = view.value?.folder;
    if (!project) return;
    await saver.flush();
    view.value = null;
    draft.value = null;
    network.value = null;
    knownNetwork = '';
    sessionStorage.removeItem(LAST_PROJECT);
    await host().projects.close({ project, window: windowId() });
  }
  async function close(): Promise<void> {
    await leave();
    await loadRecent();
  }
  /** Opens what this tab had open before it was loaded anew, or after the connection was lost. */
  async function reopen(): Promise<void> {
    const folder = view.value?.folder ?? sessionStorage.getItem(LAST_PROJECT);
    if (!folder) return;
    try {
      await openAgain(folder);
    } catch (error) {
      if (toWorkbenchError(error).code !== 'connection-lost') sessionStorage.removeItem(LAST_PROJECT);
      throw error;
    } finally {
      restoring.value = false;
    }
  }
  async function openAgain(folder: string): Promise<void> {
    const pending = view.value?.folder === folder && saver.pending;
    const next = await host().projects.open({ folder, window: windowId() });
    if (pending) {
      view.value = next;
      await saver.flush();
    } else if (view.value?.folder === folder) onProject(next, null);
    else show(next);
  }
  async function loadRecent(): Promise<void> {
    try {
      recent.value = await host().projects.recent();
    } finally {
      loadingRecent.value = false;
    }
  }
  async function forget(folder: string): Promise<void> {
    await host().projects.forget({ folder });
    await loadRecent();
  }

  /**
   * Changes the recipe: `mutate` gets a copy to write into. It becomes the draft when it is a valid recipe, can be undone
   * under `label`, and is stored 400 ms after the last change.
   * @param merge edits with the same key that follow within 0.7 s become one (dragging, typing)
   */
  function editDraft(label: string, mutate: (recipe: Recipe) => void, merge: string | null = null): EditResult {
    const before = draft.value;
    if (!before) return { ok: false, problems: [t('shell.noProject')] };
    const next = copy(before);
    mutate(next);
    const parsed = recipeSchema.safeParse(next);
    if (!parsed.success) {
      return { ok: false, problems: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) };
    }
    if (canonicalJson(before) === canonicalJson(parsed.data)) return { ok: true };
    history.push(label, before, parsed.data, merge, Date.now());
    apply(parsed.data);
    return { ok: true };
  }
  /** Puts a whole recipe in the place of the draft, e.g. one that was loaded or edited as text. */
  function replaceDraft(label: string, recipe: Recipe, merge: string | null = null): EditResult {
    return editDraft(
      label,
      (target) => {
        for (const key of Object.keys(target)) delete (target as Record<string, unknown>)[key];
        Object.assign(target, copy(recipe));
      },
      merge,
    );
  }
  function apply(recipe: Recipe): void {
    draft.value = recipe;
    historyVersion.value++;
    saver.touch();
    void loadNetwork();
  }
  function undo(): void {
    const recipe = history.undo();
    if (recipe) apply(recipe);
  }
  function redo(): void {
    const recipe = history.redo();
    if (recipe) apply(recipe);
  }

  /** Layers, shapes and costs of the draft's network; null while unknown. */
  const network = shallowRef<NetworkView | null>(null);
  const networkProblem = ref<string | null>(null);
  let knownNetwork = '';
  async function loadNetwork(): Promise<void> {
    const recipe = draft.value;
    if (!recipe) return;
    const key = networkKey(recipe);
    if (key === knownNetwork) return;
    knownNetwork = key;
    try {
      const found = await host().recipes.network({ recipe, project: view.value?.folder });
      if (knownNetwork !== key) return;
      network.value = found;
      networkProblem.value = null;
    } catch (error) {
      if (knownNetwork !== key) return;
      knownNetwork = '';
      network.value = null;
      networkProblem.value = toWorkbenchError(error).message;
    }
  }

  /** A small fact of the interface that belongs to the project (chosen run, chart settings). */
  function ui<Value>(key: string, fallback: Value): Value {
    const value = view.value?.ui[key];
    return value === undefined || value === null ? fallback : (value as Value);
  }
  let savingUi = 0;
  async function saveUi(change: Record<string, unknown>): Promise<void> {
    const open = view.value;
    if (!open) return;
    const next = { ...open.ui, ...change };
    view.value = { ...open, ui: next };
    savingUi++;
    try {
      await host().projects.saveUi({ project: open.folder, ui: copy(next), window: windowId() });
    } finally {
      savingUi--;
    }
  }

  return {
    view,
    draft,
    recent,
    loadingRecent,
    restoring,
    saveState,
    saveProblem,
    savedAt,
    undoLabel,
    redoLabel,
    network,
    networkProblem,
    open,
    create,
    close,
    reopen,
    loadRecent,
    forget,
    onProject,
    announce,
    editDraft,
    replaceDraft,
    undo,
    redo,
    flush: () => saver.flush(),
    ui,
    saveUi,
  };
});
