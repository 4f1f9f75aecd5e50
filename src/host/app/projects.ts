import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Recipe } from '../../shared/schema/recipe.ts';
import { ProjectStore } from '../project-store.ts';
import { bundledRecipe } from '../recipes.ts';
import { whyNoNewProject } from './files.ts';
import { OpenProject } from './open-project.ts';
import type { PathGuard } from './path-guard.ts';

/** What the host itself reads and writes in a project. */
const OWN_FILES = ['project.json', 'project.db', 'project.lock', 'project.lock.json', 'recipe.json', 'ui.json', 'runs'];

/** What a project without runs and without a draft starts from. */
const TEMPLATE = 'mnist-quick';

export interface ProjectsListener {
  changed(folder: string, origin: string | null): void;
  opened(project: OpenProject): void;
  /** after the last window and job have left it */
  closed(folder: string): Promise<void>;
}

/** The projects that this host has open, each once, however many windows and jobs use it. */
export class Projects {
  private readonly open = new Map<string, Promise<OpenProject>>();
  private readonly ready = new Map<string, OpenProject>();

  constructor(
    private readonly guard: PathGuard,
    private readonly listener: ProjectsListener,
  ) {}

  /**
   * Makes a project and opens it for a window.
   * @throws WorkbenchError `usage` where none may be made
   */
  async create(path: string, recipe: Recipe, window: string): Promise<OpenProject> {
    const folder = this.guard.check(path);
    const problem = whyNoNewProject(this.guard, folder);
    if (problem) throw new WorkbenchError('usage', problem);
    return this.enter(folder, window, { first: recipe });
  }

  /** Opens a project for a window; one that is open already is shared. */
  async enter(path: string, window: string, recipe?: { first: Recipe }): Promise<OpenProject> {
    const folder = this.guard.check(path);
    const opening = this.open.get(folder) ?? this.load(folder, recipe);
    this.open.set(folder, opening);
    try {
      const project = await opening;
      this.ready.set(folder, project);
      const isNew = !project.windows.has(window);
      project.windows.add(window);
      if (isNew) this.listener.opened(project);
      return project;
    } catch (error) {
      this.open.delete(folder);
      throw error;
    }
  }

  private async load(folder: string, recipe?: { first: Recipe }): Promise<OpenProject> {
    this.guard.checkInside(folder, OWN_FILES);
    this.dropGone();
    const store = await ProjectStore.open(folder, { create: recipe !== undefined });
    try {
      const fallback = () => store.runs().at(-1)?.recipe ?? bundledRecipe(TEMPLATE);
      return new OpenProject(store, recipe ?? { fallback }, (origin) => this.listener.changed(folder, origin));
    } catch (error) {
      store.close();
      throw error;
    }
  }

  /** One that was moved while it was open keeps its lock, and with that its new place locked; nothing more can be done to it here. */
  private dropGone(): void {
    for (const project of this.ready.values()) {
      if (project.isAtWork || project.store.isThere) continue;
      this.ready.delete(project.folder);
      this.open.delete(project.folder);
      project.close();
    }
  }

  /** @throws WorkbenchError `project-missing` when it is not open here */
  get(path: string): OpenProject {
    const project = this.find(path);
    if (project) return project;
    const there = existsSync(join(path, 'project.json'));
    throw new WorkbenchError('project-missing', `Project ${path} is not open${there ? '' : ' and cannot be found'}: open it first.`);
  }

  find(path: string): OpenProject | null {
    return this.ready.get(path) ?? this.ready.get(this.guard.check(path)) ?? null;
  }

  all(): OpenProject[] {
    return [...this.ready.values()];
  }

  of(window: string): string[] {
    return this.all()
      .filter(({ windows }) => windows.has(window))
      .map(({ folder }) => folder);
  }

  /** A window has closed the project. */
  async leave(path: string, window: string): Promise<void> {
    const project = this.find(path);
    project?.windows.delete(window);
    if (project) await this.settle(project);
  }

  /** A window is gone. */
  async forget(window: string): Promise<void> {
    for (const folder of this.of(window)) await this.leave(folder, window);
  }

  /** Closes a project that nobody uses. */
  async settle(project: OpenProject): Promise<void> {
    if (project.inUse || this.ready.get(project.folder) !== project) return;
    await this.listener.closed(project.folder);
    // a window may have come while the last worker ended
    if (project.inUse || this.ready.get(project.folder) !== project) return;
    this.ready.delete(project.folder);
    this.open.delete(project.folder);
    project.close();
  }

  /** Closes all of them, whoever uses them. */
  closeAll(): void {
    for (const project of this.ready.values()) project.close();
    this.ready.clear();
    this.open.clear();
  }
}
