import { join } from 'node:path';
import { createRouterClient } from '@orpc/server';
import { onTestFinished } from 'vitest';
import type { HostEvent, JobView, ProjectView } from '../../shared/contract/api/views.ts';
import { createHostClient, type HostClient } from '../../shared/contract/client.ts';
import { createWorkbench, type Workbench, type WorkbenchOptions } from '../app/index.ts';
import { scriptedEngine, scriptedWorker, temporaryFolder } from './project-fixture.ts';

/** Every event of one window, in order, and a way to wait for one. */
export class WindowLog {
  readonly events: HostEvent[] = [];
  private readonly waiting = new Set<() => void>();

  push(event: HostEvent): void {
    this.events.push(event);
    // those that wake leave the set
    Array.from(this.waiting).forEach((wake) => wake());
  }

  /** Resolves with the first event, past or to come, that fits. */
  find<E extends HostEvent>(fits: (event: HostEvent) => event is E): Promise<E>;
  find(fits: (event: HostEvent) => boolean): Promise<HostEvent>;
  find(fits: (event: HostEvent) => boolean): Promise<HostEvent> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.events.find(fits);
        if (!found) return;
        this.waiting.delete(look);
        resolve(found);
      };
      this.waiting.add(look);
      look();
    });
  }

  /** Resolves with a job as soon as it is, or was, in that state. */
  async job(id: string, ...states: JobView['state'][]): Promise<JobView> {
    const view = (event: HostEvent) =>
      event.type === 'jobs' ? event.jobs.find((job) => job.id === id && states.includes(job.state)) : undefined;
    return view(await this.find((event) => view(event) !== undefined))!;
  }

  /** The newest view of a project. */
  project(folder: string): ProjectView | undefined {
    return this.events.flatMap((event) => (event.type === 'project' && event.view.folder === folder ? [event.view] : [])).at(-1);
  }
}

/** A client in the same process whose errors are those of a window. */
function clientOf(workbench: Workbench): HostClient {
  const direct = createRouterClient(workbench.router) as unknown as Record<
    string,
    Record<string, (input: unknown, options: object) => Promise<unknown>>
  >;
  return createHostClient({ call: ([part, name], input, { signal }) => direct[part][name](input, { signal }) });
}

export interface Fixture {
  folder: string;
  workbench: Workbench;
  client: HostClient;
  /** Listens as a window. */
  listen(window: string): Promise<WindowLog>;
}

/** A host over the scripted worker, with everything in a folder of its own; closed with the test. */
export function openWorkbench(options: Partial<WorkbenchOptions> = {}, folder = temporaryFolder()): Fixture {
  const workbench = createWorkbench({
    kind: 'desktop',
    dataDirectory: join(folder, 'data'),
    workerPath: scriptedWorker,
    engine: scriptedEngine,
    ...options,
  });
  onTestFinished(() => workbench.close());
  const client = clientOf(workbench);
  const listen = async (window: string) => {
    const log = new WindowLog();
    const stream = await client.app.events({ window });
    void (async () => {
      for await (const event of stream) log.push(event);
    })();
    return log;
  };
  return { folder, workbench, client, listen };
}
