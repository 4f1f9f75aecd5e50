import { join } from 'node:path';
import { z } from 'zod';
import type { ProjectView, RunView } from '../../shared/contract/api/views.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import type { ProjectStore } from '../project-store.ts';
import { Draft } from './draft.ts';
import { readJsonOrNothing, writeJson } from './json-file.ts';
import { viewRun } from './run-view.ts';

/** How often a running job may make the whole view of its project be sent, ms; its curves come on their own. */
const QUIET_MS = 500;

const uiSchema = z.record(z.string(), z.unknown());

/** A project that this host has open for writing, shared by its windows and jobs. */
export class OpenProject {
  readonly windows = new Set<string>();
  readonly draft: Draft;
  /** jobs and questions that are at work on it */
  private users = 0;
  private facts: Record<string, unknown>;
  private readonly runs = new Map<string, RunView>();
  private timer: NodeJS.Timeout | null = null;

  /**
   * @param recipe the first draft of a new project; else what `Draft.open` falls back to
   * @param changed called when windows should hear of it
   */
  constructor(
    readonly store: ProjectStore,
    recipe: { first: Recipe } | { fallback: () => Recipe },
    private readonly changed: (origin: string | null) => void,
  ) {
    this.draft = 'first' in recipe ? Draft.create(store.folder, recipe.first) : Draft.open(store.folder, recipe.fallback);
    this.facts = uiSchema.catch({}).parse(readJsonOrNothing(this.uiPath) ?? {});
  }

  get folder(): string {
    return this.store.folder;
  }

  get isAtWork(): boolean {
    return this.users > 0;
  }

  get inUse(): boolean {
    return this.users > 0 || this.windows.size > 0;
  }

  /** Keeps it open without a window until the returned function is called. */
  retain(): () => void {
    this.users += 1;
    let done = false;
    return () => {
      if (!done) this.users -= 1;
      done = true;
    };
  }

  view(): ProjectView {
    const { store, draft } = this;
    const records = store.runs();
    for (const id of this.runs.keys()) if (!records.some((record) => record.id === id)) this.runs.delete(id);
    return {
      folder: store.folder,
      name: store.name,
      createdAt: store.createdAt,
      draft: draft.recipe,
      revision: draft.revision,
      savedAt: draft.savedAt,
      runs: records.map((record) => {
        let view = this.runs.get(record.id);
        if (!view) this.runs.set(record.id, (view = viewRun(store, record)));
        return view;
      }),
      shelf: store.shelf.list(),
      ui: this.facts,
    };
  }

  /**
   * Something of it has changed: windows hear of it at once.
   * @param run whose results changed, if any did
   */
  touch(run: string | null = null, origin: string | null = null): void {
    if (run !== null) this.runs.delete(run);
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.changed(origin);
  }

  /** As `touch`, for what a job finds many times a second. */
  touchLater(run: string): void {
    this.runs.delete(run);
    this.timer ??= setTimeout(() => this.touch(run), QUIET_MS).unref();
  }

  /** As `Draft.save`; @throws WorkbenchError `project-missing` when the folder was moved meanwhile, which is not made anew */
  saveDraft(recipe: Recipe, basedOn: number): { revision: number; savedAt: number } {
    this.store.requireThere();
    return this.draft.save(recipe, basedOn);
  }

  saveUi(ui: Record<string, unknown>, origin: string): void {
    this.store.requireThere();
    writeJson(this.uiPath, ui);
    this.facts = ui;
    this.touch(null, origin);
  }

  close(): void {
    if (this.timer) clearTimeout(this.timer);
    this.store.close();
  }

  private get uiPath(): string {
    return join(this.store.folder, 'ui.json');
  }
}
