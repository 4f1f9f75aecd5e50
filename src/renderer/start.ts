/** What a window does once, and again whenever its connection is back. */
import type { HostEvent } from '../shared/contract/api/views.ts';
import type { HostLink, LinkState } from './host/connect.ts';
import { useApp } from './stores/app.ts';
import { useEngine } from './stores/engine.ts';
import { eventSink } from './stores/events.ts';
import { useProjects } from './stores/projects.ts';
import { useRuns } from './stores/runs.ts';
import { useRouter } from './router/router.ts';
import { t } from './i18n.ts';

/** @param follow brings the events of the host, see host/follow-events.ts */
export function startWindow(link: HostLink, follow: (link: HostLink, onEvent: (event: HostEvent) => void) => () => void): void {
  const app = useApp();
  const engine = useEngine();
  const projects = useProjects();
  const runs = useRuns();
  let wasLost = false;

  async function load(): Promise<void> {
    await app.attempt(() => app.load());
    await Promise.all([app.attempt(() => engine.load()), app.attempt(() => projects.loadRecent()), app.attempt(() => projects.reopen())]);
  }
  function onState(state: LinkState): void {
    app.link = state;
    app.problem = link.problem;
    app.refused = link.refused;
    if (state === 'lost' && !wasLost) {
      wasLost = true;
      app.notify('warn', link.problem ?? t('shell.connectionLost'));
    }
    if (state !== 'open') return;
    if (wasLost) {
      wasLost = false;
      app.notify('ok', t('shell.connectionBack'));
      runs.onReconnect();
    }
    void load();
  }
  link.onState(onState);
  onState(link.state);
  follow(link, eventSink());

  // what was typed last is stored before the window goes
  window.addEventListener('pagehide', () => void projects.flush());
  document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && void projects.flush());
  useRouter();
}
