import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryHost, recipeOf } from '../testing/memory-host.ts';
import { useApp } from './app.ts';
import { setLink } from './host.ts';
import { AUTOSAVE_MS, useProjects } from './projects.ts';

const FOLDER = '/projects/a.eqnet';
let host: MemoryHost;

beforeEach(() => {
  vi.useFakeTimers();
  setActivePinia(createPinia());
  sessionStorage.clear();
  host = new MemoryHost();
  host.add(FOLDER);
  setLink(host.link('me'));
});
afterEach(() => void vi.useRealTimers());

async function opened() {
  const projects = useProjects();
  await projects.open(FOLDER);
  return projects;
}
/** Lets the autosave run, with everything that it waits for. */
const autosave = () => vi.advanceTimersByTimeAsync(AUTOSAVE_MS + 50);
const seeds = () => host.saved.map(({ recipe }) => recipe.seed);

describe('undo and redo', () => {
  test('go back and forth through the edits, with their labels', async () => {
    const projects = await opened();
    projects.editDraft('seed 1', (recipe) => void (recipe.seed = 1));
    projects.editDraft('seed 2', (recipe) => void (recipe.seed = 2));
    expect(projects.undoLabel).toBe('seed 2');
    projects.undo();
    expect([projects.draft?.seed, projects.undoLabel, projects.redoLabel]).toEqual([1, 'seed 1', 'seed 2']);
    projects.undo();
    projects.undo();
    expect([projects.draft?.seed, projects.undoLabel]).toEqual([0, null]);
    projects.redo();
    projects.redo();
    expect([projects.draft?.seed, projects.redoLabel]).toEqual([2, null]);
  });

  test('an edit after an undo forgets what was undone', async () => {
    const projects = await opened();
    projects.editDraft('seed 1', (recipe) => void (recipe.seed = 1));
    projects.undo();
    projects.editDraft('seed 5', (recipe) => void (recipe.seed = 5));
    expect([projects.undoLabel, projects.redoLabel]).toEqual(['seed 5', null]);
  });

  test('edits with one merge key become one where they follow closely', async () => {
    const projects = await opened();
    for (const seed of [1, 2, 3]) projects.editDraft('seed', (recipe) => void (recipe.seed = seed), 'seed');
    vi.advanceTimersByTime(1000);
    projects.editDraft('seed', (recipe) => void (recipe.seed = 4), 'seed');
    projects.undo();
    expect(projects.draft?.seed).toBe(3);
    projects.undo();
    expect(projects.draft?.seed).toBe(0);
  });

  test('an edit that changes nothing is no edit', async () => {
    const projects = await opened();
    projects.editDraft('nothing', () => undefined);
    await autosave();
    expect([projects.undoLabel, host.saved.length]).toEqual([null, 0]);
  });

  test('a change that makes no valid recipe is refused with its field', async () => {
    const projects = await opened();
    const result = projects.editDraft('no bits', (recipe) => void (recipe.space.weightBits = [1]));
    expect(result).toMatchObject({ ok: false, problems: [expect.stringContaining('space.weightBits.0')] });
    expect(projects.draft?.space.weightBits).toEqual(recipeOf().space.weightBits);
  });

  test('a whole recipe takes the place of the draft, and can be undone', async () => {
    const projects = await opened();
    projects.replaceDraft('loaded', recipeOf({ name: 'other', seed: 9 }));
    expect(projects.draft).toMatchObject({ name: 'other', seed: 9 });
    projects.undo();
    expect(projects.draft).toMatchObject({ name: 'test', seed: 0 });
  });
});

describe('autosave', () => {
  test('stores once, 400 ms after the last change', async () => {
    const projects = await opened();
    projects.editDraft('a', (recipe) => void (recipe.seed = 1));
    await vi.advanceTimersByTimeAsync(AUTOSAVE_MS - 100);
    projects.editDraft('b', (recipe) => void (recipe.seed = 2));
    await vi.advanceTimersByTimeAsync(AUTOSAVE_MS - 100);
    expect([projects.saveState, seeds()]).toEqual(['unsaved', []]);
    await autosave();
    expect([projects.saveState, seeds(), projects.savedAt]).toEqual(['saved', [2], 2]);
  });

  test('undo is stored too', async () => {
    const projects = await opened();
    projects.editDraft('a', (recipe) => void (recipe.seed = 1));
    await autosave();
    projects.undo();
    await autosave();
    expect(seeds()).toEqual([1, 0]);
  });

  test('a refused save says why, and the next change tries again', async () => {
    const projects = await opened();
    host.refusal = new Error('The disk is full: free some space.');
    projects.editDraft('a', (recipe) => void (recipe.seed = 1));
    await autosave();
    expect([projects.saveState, projects.saveProblem]).toEqual(['failed', 'The disk is full: free some space.']);
    projects.editDraft('b', (recipe) => void (recipe.seed = 2));
    await autosave();
    expect([projects.saveState, projects.saveProblem, seeds()]).toEqual(['saved', null, [2]]);
  });

  test('leaving a project stores what is left', async () => {
    const projects = await opened();
    projects.editDraft('a', (recipe) => void (recipe.seed = 7));
    await projects.close();
    expect([projects.view, seeds()]).toEqual([null, [7]]);
  });
});

describe('two windows', () => {
  /** Another window stores this seed. */
  async function elsewhere(seed: number): Promise<void> {
    const view = host.projects.get(FOLDER)!;
    const { client } = host.link('other');
    await client.projects.saveDraft({ project: FOLDER, recipe: { ...view.draft, seed }, revision: view.revision, window: 'other' });
  }

  test('a newer draft of another window is shown, and undo brings this one back', async () => {
    const projects = await opened();
    await elsewhere(50);
    projects.editDraft('mine', (recipe) => void (recipe.seed = 3));
    await autosave();
    expect([projects.draft?.seed, projects.saveState]).toEqual([50, 'saved']);
    expect(useApp().toast).toMatchObject({ level: 'warn' });
    projects.undo();
    await autosave();
    expect([projects.draft?.seed, host.projects.get(FOLDER)?.draft.seed]).toEqual([3, 3]);
  });

  test('with nothing unsaved here, it is taken over as it comes', async () => {
    const projects = await opened();
    await elsewhere(50);
    projects.onProject(structuredClone(host.projects.get(FOLDER)!), 'other');
    expect(projects.draft?.seed).toBe(50);
    projects.editDraft('mine', (recipe) => void (recipe.seed = 51));
    await autosave();
    expect([host.projects.get(FOLDER)?.draft.seed, projects.saveState]).toEqual([51, 'saved']);
  });

  test('the echo of this window leaves the draft alone', async () => {
    const projects = await opened();
    projects.editDraft('a', (recipe) => void (recipe.seed = 1));
    await autosave();
    projects.editDraft('b', (recipe) => void (recipe.seed = 2));
    projects.onProject(structuredClone(host.projects.get(FOLDER)!), 'me');
    expect(projects.draft?.seed).toBe(2);
  });
});

describe('what the host says of the open project', () => {
  test('an older view does not take back facts of the interface that are on their way', async () => {
    const projects = await opened();
    const older = { ...projects.view! };
    const saving = projects.saveUi({ part: 'recipe' });
    projects.onProject(older, null);
    expect(projects.view?.ui).toEqual({ part: 'recipe' });
    await saving;
    projects.onProject({ ...older, ui: { part: 'network' } }, 'another window');
    expect(projects.view?.ui).toEqual({ part: 'network' });
  });

  test('a change that this window asked for has its own name in the history, once', async () => {
    const projects = await opened();
    const changed = (revision: number) => ({ ...projects.view!, revision, draft: recipeOf({ seed: revision }) });
    projects.announce('Add images');
    projects.onProject(changed(2), null);
    expect(projects.undoLabel).toBe('Add images');
    projects.onProject(changed(3), null);
    expect(projects.undoLabel).not.toBe('Add images');
  });
});
