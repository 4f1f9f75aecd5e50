import { app, BrowserWindow, nativeTheme, powerSaveBlocker } from 'electron';
import { createRouterClient } from '@orpc/server';
import { HOST_LISTENER, type Workbench } from '../host/app/index.ts';
import type { JobView } from '../shared/contract/api/views.ts';
import { settingsSchema, type Settings } from '../shared/schema/settings.ts';
import { paintWindows } from './window.ts';

/** Share of the running jobs that is done, 0..1; -1 (no progress bar) when none runs or none can tell. */
function jobsProgress(jobs: readonly JobView[]): number {
  const told = jobs.filter(({ state }) => state === 'running' || state === 'pausing' || state === 'paused');
  const shares = told.flatMap(({ progress, phaseNumber, phases }) =>
    progress && progress.total > 0 ? [(phaseNumber - 1 + progress.done / progress.total) / Math.max(1, phases)] : [],
  );
  if (shares.length === 0) return -1;
  return Math.min(1, shares.reduce((sum, share) => sum + share, 0) / shares.length);
}

/** Keeps the system from falling asleep while jobs run, and shows their progress where it shows the app. */
function showJobs(): (jobs: readonly JobView[]) => void {
  let blocker: number | null = null;
  return (jobs) => {
    const progress = jobsProgress(jobs);
    for (const window of BrowserWindow.getAllWindows()) window.setProgressBar(progress);
    const busy = jobs.some(({ state }) => state === 'running' || state === 'starting');
    if (busy && blocker === null) blocker = powerSaveBlocker.start('prevent-app-suspension');
    if (!busy && blocker !== null) {
      powerSaveBlocker.stop(blocker);
      blocker = null;
    }
  };
}

/** Follows the host like a window does, and carries what it tells to the system: theme, language, progress. */
export async function followHost(workbench: Workbench, onSettings: (settings: Settings) => void): Promise<void> {
  const client = createRouterClient(workbench.router);
  const apply = (settings: Settings) => {
    nativeTheme.themeSource = settings.theme;
    onSettings(settings);
  };
  nativeTheme.on('updated', paintWindows);
  apply(await client.settings.get());
  void listen();

  async function listen(): Promise<void> {
    const show = showJobs();
    try {
      for await (const event of await client.app.events({ window: HOST_LISTENER })) {
        if (event.type === 'settings') apply(settingsSchema.parse(event.settings));
        if (event.type === 'jobs') show(event.jobs);
      }
    } catch (error) {
      process.stderr.write(`${app.getName()}: the system no longer follows the jobs: ${String(error)}\n`);
    }
  }
}
