import { test as base, expect, type Browser, type ElectronApplication, type Page } from '@playwright/test';
import { BrowserHost, launchBrowser } from './browser-host.ts';
import { DesktopHost, prepareElectron } from './desktop-host.ts';
import { TroubleWatch } from './trouble-watch.ts';
import { makePlaces, type HostKind, type Places, type WorkbenchHost } from './workbench-host.ts';

export interface HostOptions {
  hostKind: HostKind;
}

interface Story {
  places: Places;
  trouble: TroubleWatch;
  host: WorkbenchHost;
  /** starts the program once more, for another person who sees the same projects */
  anotherHost: () => Promise<WorkbenchHost>;
  /** first window of the program */
  window: Page;
  /** the desktop app; null in the browser host */
  electronApp: ElectronApplication | null;
  /** folder for new projects, empty at first */
  projectsFolder: string;
  /** what a story expects on the console; everything else fails it */
  expectedErrors: RegExp[];
}

type StoryHost = BrowserHost | DesktopHost;

async function makeHost(kind: HostKind, browser: Browser | null, places: Places, trouble: TroubleWatch): Promise<StoryHost> {
  if (kind === 'browser') return BrowserHost.create(places, browser!, trouble.follow);
  prepareElectron();
  return new DesktopHost(places, trouble.follow);
}

/** A story of the workbench: its own home, a fresh start of the program, and nothing wrong on the console at its end. */
export const test = base.extend<Story, HostOptions & { chromiumBrowser: Browser | null }>({
  hostKind: ['browser', { option: true, scope: 'worker' }],
  chromiumBrowser: [
    async ({ hostKind }, use) => {
      const browser = hostKind === 'browser' ? await launchBrowser() : null;
      await use(browser);
      await browser?.close();
    },
    { scope: 'worker' },
  ],
  // eslint-disable-next-line no-empty-pattern -- the shape that Playwright asks for
  places: async ({}, use) => {
    const places = makePlaces();
    await use(places);
    places.remove();
  },
  // eslint-disable-next-line no-empty-pattern -- the shape that Playwright asks for
  expectedErrors: async ({}, use) => use([]),
  trouble: async ({ expectedErrors }, use) => {
    const trouble = new TroubleWatch();
    await use(trouble);
    expect(trouble.consoleErrors.filter((text) => !expectedErrors.some((pattern) => pattern.test(text)))).toEqual([]);
    expect(trouble.cspViolations).toEqual([]);
  },
  host: async ({ hostKind, chromiumBrowser, places, trouble }, use) => {
    const host = await makeHost(hostKind, chromiumBrowser, places, trouble);
    await use(host);
    await host.dispose();
  },
  anotherHost: async ({ hostKind, chromiumBrowser, places, trouble }, use) => {
    const others: { host: StoryHost; own: Places }[] = [];
    await use(async () => {
      const own = makePlaces(places.projects);
      const host = await makeHost(hostKind, chromiumBrowser, own, trouble);
      others.push({ host, own });
      return host;
    });
    for (const { host, own } of others) {
      await host.dispose();
      own.remove();
    }
  },
  window: async ({ host }, use) => use(await host.openWindow()),
  electronApp: async ({ host, window: _first }, use) => use(host instanceof DesktopHost ? host.app : null),
  projectsFolder: async ({ places }, use) => use(places.projects),
});

export { expect };
