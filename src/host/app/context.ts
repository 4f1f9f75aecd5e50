import type { EngineService } from './engine-service.ts';
import type { EventHub } from './event-hub.ts';
import type { ExploredPoints } from './explored-points.ts';
import type { JobQueue } from './job-queue.ts';
import type { LookWorker } from './look-worker.ts';
import type { WorkbenchOptions } from './options.ts';
import type { PathGuard } from './path-guard.ts';
import type { Projects } from './projects.ts';
import type { RecentProjects } from './recent-projects.ts';
import type { RunWorkers } from './run-workers.ts';
import type { SettingsStore } from './settings-store.ts';
import type { WorkerLauncher } from '../worker-launcher.ts';

/** The services of a host, as its procedures use them. */
export interface HostContext {
  readonly options: WorkbenchOptions;
  readonly guard: PathGuard;
  readonly settings: SettingsStore;
  readonly recent: RecentProjects;
  readonly projects: Projects;
  readonly jobs: JobQueue;
  readonly engines: EngineService;
  readonly runWorkers: RunWorkers;
  readonly look: LookWorker;
  readonly hub: EventHub;
  readonly explored: ExploredPoints;
  /** what starts workers, as the settings say */
  launcher(): WorkerLauncher | undefined;
}
