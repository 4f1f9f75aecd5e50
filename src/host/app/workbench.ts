import { basename } from 'node:path';
import type { HostEvent } from '../../shared/contract/api/views.ts';
import { launchPlainNode } from '../worker-launcher.ts';
import type { HostContext } from './context.ts';
import { EngineService } from './engine-service.ts';
import { EventHub } from './event-hub.ts';
import { ExploredPoints } from './explored-points.ts';
import { JobQueue } from './job-queue.ts';
import type { Job } from './job.ts';
import { LookWorker } from './look-worker.ts';
import { defaultDataDirectory, type WorkbenchOptions } from './options.ts';
import { PathGuard } from './path-guard.ts';
import { Projects } from './projects.ts';
import { RecentProjects } from './recent-projects.ts';
import { createRouter, type WorkbenchRouter } from './router.ts';
import { RunWorkers } from './run-workers.ts';
import { SettingsStore } from './settings-store.ts';

/** A host of the interface, without its transport. */
export interface Workbench {
  /** Implements the contract; give it to a handler of any transport. */
  readonly router: WorkbenchRouter;
  /** Tells a window, or all of them, something that comes from outside the interface: a menu, the system. */
  post(event: HostEvent, window?: string): void;
  /**
   * Somebody wants a project opened: by dropping it on the app, or by starting the program with it. The named window or the
   * newest one does; while there is none, the first that comes.
   */
  openFromOutside(folder: string, window?: string): void;
  /** Lets running jobs write a checkpoint and end, ends the workers, closes the projects and all streams. May be called again. */
  close(): Promise<void>;
}

class Host implements Workbench {
  readonly router: WorkbenchRouter;
  private readonly context: HostContext;
  private closing: Promise<void> | null = null;

  constructor(options: WorkbenchOptions) {
    const folder = options.dataDirectory ?? defaultDataDirectory();
    const settings = new SettingsStore(folder);
    const guard = new PathGuard(options.roots ?? []);
    const engines = new EngineService(options.engine);
    const launcher = () => (settings.get().workerRuntime === 'node' ? launchPlainNode : options.launch);
    const workers = { workerPath: options.workerPath, launcher };
    const recent = new RecentProjects(folder);
    const runWorkers = new RunWorkers({ engines, ...workers });
    const projects: Projects = new Projects(guard, {
      changed: (project, origin) => hub.projectChanged(project, origin),
      opened: ({ folder: project, store }) => recent.add(project, store.name),
      closed: (project) => runWorkers.endProject(project),
    });
    const jobs: JobQueue = new JobQueue({
      limit: () => settings.get().jobs,
      changed: (quiet) => hub.jobsChanged(quiet),
      ended: (job) => this.ended(job),
    });
    const hub: EventHub = new EventHub(
      { jobs: () => jobs.list(), projectsOf: (window) => projects.of(window), view: (project) => projects.find(project)?.view() ?? null },
      (window) => this.background(projects.forget(window)),
    );
    const look = new LookWorker(workers);
    const explored = new ExploredPoints();
    this.context = { options, guard, settings, recent, projects, jobs, engines, runWorkers, look, hub, explored, launcher };
    this.router = createRouter(this.context);
  }

  post(event: HostEvent, window?: string): void {
    this.context.hub.post(event, window);
  }

  openFromOutside(folder: string, window?: string): void {
    this.context.hub.postToOne({ type: 'action', action: 'project.open', argument: folder }, window);
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    const { jobs, runWorkers, look, projects, hub } = this.context;
    await jobs.close();
    await Promise.all([runWorkers.close(), look.close()]);
    projects.closeAll();
    hub.close();
  }

  /** What happens when nobody waits for it still has to be told. */
  private background(work: Promise<void>): void {
    work.catch((error: unknown) => process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`));
  }

  private ended(job: Job): void {
    const { hub, options, settings, projects } = this.context;
    const { project: folder, run, title, awaited } = job.work;
    const error = job.hasFailed;
    if (error || (job.isDone && !awaited)) {
      const text = error ? error.message : `${title} is done.`;
      hub.post({ type: 'notice', level: error ? 'error' : 'ok', text, project: folder, run });
      if (settings.get().notifications) options.notify?.(folder ? `${title} - ${basename(folder)}` : title, text);
    }
    const project = folder === null ? null : projects.find(folder);
    if (project && !this.closing) this.background(projects.settle(project));
  }
}

/** Makes the application host: the one implementation of the contract, for the desktop app and the browser host. */
export function createWorkbench(options: WorkbenchOptions): Workbench {
  return new Host(options);
}
