/**
 * What the workbench relies on in Electron. The suite runs on the real binary wherever there is one, and on the stand-in
 * elsewhere: what passes on both is what the stand-in may be trusted with.
 */
import { _electron, expect, test, type ElectronApplication, type Page } from '@playwright/test';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chooseElectron } from './electron-binary.ts';

const kind = chooseElectron();
const fixture = fileURLToPath(new URL('./fixture-app', import.meta.url));

interface Seen {
  events: string[];
  navigations: string[];
  opened: string[];
  senders: { url: string; main: boolean; note: unknown }[];
  portClosed: number;
  readyAtLoad: boolean;
  display: { width: number; height: number };
}

let app: ElectronApplication;
let page: Page;
let data: string;

const launch = (...args: string[]) => _electron.launch({ args: [fixture, ...args], env: { ...environment(), FIXTURE_DATA: data } });
const environment = () =>
  Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
const seen = () => app.evaluate(() => (globalThis as unknown as { seen: Seen }).seen);
const inPage = <T>(expression: string) => page.evaluate<T>(expression);

test.describe.configure({ mode: 'serial' });

test.beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'eqnet-contract-'));
  app = await launch();
  page = await app.firstWindow();
  await page.getByRole('heading', { name: 'Fixture' }).waitFor();
});

test.afterAll(async () => {
  await app?.close();
  rmSync(data, { recursive: true, force: true });
});

test(`runs on ${kind}`, async () => {
  const versions = await app.evaluate(() => ({ ...process.versions }));
  const expected = (createRequire(import.meta.url)('electron/package.json') as { version: string }).version;
  expect(versions.electron).toBe(expected);
  expect(versions.chrome).toMatch(/^\d+\./);
});

test('an app is not ready while its entry is evaluated, and knows itself', async () => {
  expect((await seen()).readyAtLoad).toBe(false);
  const facts = await app.evaluate(({ app: own }) => ({
    packaged: own.isPackaged,
    path: own.getAppPath(),
    ready: own.isReady(),
    data: own.getPath('userData'),
  }));
  expect(facts).toEqual({ packaged: false, path: fixture, ready: true, data });
});

test('a page sees its bridge and nothing of Node', async () => {
  expect(await inPage('window.found')).toEqual({ require: 'undefined', process: 'undefined', module: 'undefined', bridge: 'object' });
  expect(await inPage('Object.isFrozen(window.bridge)')).toBe(true);
  const { name, argument, platform, nodeModule } = await inPage<Record<string, string>>('({...window.bridge})');
  expect({ name, argument, platform, nodeModule }).toEqual({
    name: 'fixture',
    argument: '--fixture=given',
    platform: process.platform,
    nodeModule: 'refused',
  });
});

test('functions of the bridge return and throw', async () => {
  expect(await inPage('window.bridge.add(2, 3)')).toBe(5);
  expect(await inPage('(() => { try { window.bridge.fail(); } catch (error) { return error.message; } })()')).toContain('as asked');
  expect(await inPage("window.bridge.pathOf(new File(['x'], 'x.txt'))")).toBe('');
});

test('a frame inside the page has no bridge', async () => {
  const bridge = await inPage(`new Promise((resolve) => {
    const frame = document.createElement('iframe');
    frame.src = '/index.html';
    frame.onload = () => resolve(typeof frame.contentWindow.bridge);
    document.body.append(frame);
  })`);
  expect(bridge).toBe('undefined');
});

test('a port carries messages both ways, and its sender is the main frame of the page', async () => {
  for (const value of ['text', 7, null, { list: [1, 'two', { three: true }] }]) {
    expect(await inPage(`window.ask(${JSON.stringify(value)})`)).toEqual({ echo: value });
  }
  expect(await inPage('window.ask(new Uint8Array([1, 2, 255])).then(({ echo }) => [...echo])')).toEqual([1, 2, 255]);
  expect(await inPage('window.ask(undefined).then(({ echo }) => echo === undefined)')).toBe(true);
  expect((await seen()).senders).toEqual([{ url: 'app://fixture/index.html', main: true, note: { from: 'preload' } }]);
});

test('a thousand messages in a row arrive in order', async () => {
  const order = await inPage<number[]>(`new Promise((resolve) => {
    const got = [];
    window.port.onmessage = ({ data }) => { got.push(data.echo); if (got.length === 1000) resolve(got); };
    for (let i = 0; i < 1000; i++) window.port.postMessage(i);
  })`);
  expect(order).toEqual(Array.from({ length: 1000 }, (_, index) => index));
});

test('the protocol handler serves the page, with its policy enforced', async () => {
  expect(await inPage("getComputedStyle(document.querySelector('h1')).color")).toBe('rgb(1, 2, 3)');
  expect(await inPage("fetch('/missing.js').then((response) => response.status)")).toBe(404);
  await inPage("document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.injected = true' }))");
  await inPage("document.head.append(Object.assign(document.createElement('style'), { textContent: 'h1 { color: red }' }))");
  expect(await inPage('window.injected')).toBeUndefined();
  expect(await inPage("fetch('https://example.invalid/').catch(() => 'refused')")).toBe('refused');
  await expect
    .poll(() => inPage<string[]>('window.violations'))
    .toEqual(expect.arrayContaining(['script-src-elem', 'style-src-elem', 'connect-src']));
});

test('a page can neither leave nor open windows', async () => {
  await page.locator('#away').click({ noWaitAfter: true });
  await page.locator('#new').click();
  await expect.poll(async () => (await seen()).navigations).toEqual(['https://example.invalid/']);
  expect(await inPage("window.open('/other')")).toBeNull();
  await expect.poll(async () => (await seen()).opened).toEqual(['https://example.invalid/new', 'app://fixture/other']);
  await expect(page.getByRole('heading')).toHaveText('Fixture');
  await expect.poll(() => app.windows().length).toBe(1);
});

test('permissions are denied', async () => {
  expect(await inPage("navigator.permissions.query({ name: 'geolocation' }).then(({ state }) => state)")).toBe('denied');
  expect(await inPage('Notification.permission')).toBe('denied');
});

test('a theme of the app reaches its pages', async () => {
  const dark = () => inPage("matchMedia('(prefers-color-scheme: dark)').matches");
  await app.evaluate(({ nativeTheme }) => {
    nativeTheme.themeSource = 'dark';
  });
  await expect.poll(dark).toBe(true);
  await app.evaluate(({ nativeTheme }) => {
    nativeTheme.themeSource = 'light';
  });
  await expect.poll(dark).toBe(false);
  expect((await seen()).events).toEqual(expect.arrayContaining(['dark true', 'dark false']));
});

test('menus can be looked up and clicked', async () => {
  await app.evaluate(({ Menu }) => Menu.getApplicationMenu()!.getMenuItemById('act')!.click());
  expect((await seen()).events).toContain('clicked');
});

test('a window has the size it was asked for', async () => {
  const size = () => inPage('[innerWidth, innerHeight]');
  await expect.poll(size).toEqual([1100, 700]);
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].setContentSize(1280, 800));
  await expect.poll(size).toEqual([1280, 800]);
  const { display } = await seen();
  expect(display.width).toBeGreaterThan(0);
});

interface Worker {
  child: { postMessage(message: unknown): void; pid: number | undefined };
  messages: Record<string, unknown>[];
  output: string;
  exit: number | null;
}

/** A worker of the fixture in the main process, by name. */
const worker = {
  start: (name: string) =>
    app.evaluate((_electronModule, key) => {
      const own = globalThis as unknown as { startWorker(key: string): Worker; workers?: Record<string, Worker> };
      own.workers ??= {};
      own.workers[key] = own.startWorker(key);
    }, name),
  post: (name: string, message: string) =>
    app.evaluate(
      (_electronModule, [key, text]) => (globalThis as unknown as { workers: Record<string, Worker> }).workers[key].child.postMessage(text),
      [name, message],
    ),
  state: (name: string) =>
    app.evaluate((_electronModule, key) => {
      const { child, messages, output, exit } = (globalThis as unknown as { workers: Record<string, Worker> }).workers[key];
      const [report] = messages;
      const bytes = report?.bytes;
      return { pid: child.pid, output, exit, report: report && { ...report, bytes: bytes instanceof Float32Array ? [...bytes] : null } };
    }, name),
};

test('a utility process talks through parentPort and knows no other channel', async () => {
  await worker.start('talker');
  await worker.post('talker', 'report');
  await expect
    .poll(async () => (await worker.state('talker')).report)
    .toEqual({ argument: 'argument', environment: 'yes', send: 'undefined', bytes: [1, 2], nan: Number.NaN });
});

test('its output arrives, and its exit code', async () => {
  await worker.post('talker', 'talk');
  await expect.poll(async () => (await worker.state('talker')).output).toContain('last words');
  await expect.poll(async () => (await worker.state('talker')).exit).not.toBeNull();
  await expect.poll(async () => (await seen()).events.some((event) => event.startsWith('gone talker abnormal-exit'))).toBe(true);
});

test('a crash of one ends nothing else', async () => {
  await worker.start('crasher');
  await worker.start('bystander');
  await worker.post('crasher', 'crash');
  await expect.poll(async () => (await worker.state('crasher')).exit).not.toBeNull();
  await expect.poll(async () => (await seen()).events.filter((event) => event.startsWith('gone crasher')).length).toBe(1);
  await worker.post('bystander', 'report');
  await expect.poll(async () => (await worker.state('bystander')).report).toBeDefined();
  await worker.post('bystander', 'end');
  await expect.poll(async () => (await worker.state('bystander')).exit).toBe(0);
  expect((await seen()).events.some((event) => event.startsWith('gone bystander'))).toBe(false);
});

test('a second start tells the first and ends', async () => {
  const command = createRequire(import.meta.url)('electron') as unknown as string;
  const args = [...(process.platform === 'linux' ? ['--no-sandbox'] : []), fixture, 'second-argument'];
  await promisify(execFile)(command, args, { env: { ...environment(), FIXTURE_DATA: data } });
  await expect.poll(async () => (await seen()).events).toContain('second second-argument');
  expect(app.windows()).toHaveLength(1);
});

test('a reload closes the port of the old page', async () => {
  const before = (await seen()).portClosed;
  await page.reload();
  await expect.poll(async () => (await seen()).portClosed).toBe(before + 1);
  expect(await inPage('window.ask(1)')).toEqual({ echo: 1 });
});

test('a second window is a page of its own', async () => {
  const [second] = await Promise.all([
    app.waitForEvent('window'),
    app.evaluate(() => void (globalThis as unknown as { openWindow(): unknown }).openWindow()),
  ]);
  await second.getByRole('heading', { name: 'Fixture' }).waitFor();
  expect(await second.evaluate('window.ask(2)')).toEqual({ echo: 2 });
  const browserWindow = await app.browserWindow(second);
  await browserWindow.evaluate((window: { close(): void }) => window.close());
  await expect.poll(() => app.windows().length).toBe(1);
});

test('a quit that is held goes on when it is asked again; the last window ends the app', async () => {
  await app.evaluate(({ app: own }) => {
    (globalThis as unknown as { holdQuit: boolean }).holdQuit = true;
    own.quit();
  });
  expect((await seen()).events.filter((event) => event === 'before-quit')).toHaveLength(1);
  expect(app.windows()).toHaveLength(1);
  const gone = app.waitForEvent('close');
  const browserWindow = await app.browserWindow(page);
  await browserWindow.evaluate((window: { close(): void }) => window.close());
  await gone;
});

test.describe('of the stand-in alone', () => {
  test.skip(kind !== 'stand-in', 'the real Electron has what the stand-in lacks');

  test('what it does not have throws by name', async () => {
    app = await launch();
    page = await app.firstWindow();
    const call = (use: string) =>
      app.evaluate((electron, text) => {
        try {
          const run = new Function('electron', text) as (module: unknown) => unknown;
          return String(run(electron));
        } catch (error) {
          return (error as Error).message;
        }
      }, use);
    expect(await call('return electron.Tray')).toContain('electron.Tray is not part of it');
    expect(await call('return electron.screen.getCursorScreenPoint()')).toContain('screen.getCursorScreenPoint is not part of it');
    expect(await call('return electron.dialog.showOpenDialog({})')).toContain('dialog.showOpenDialog needs a person');
    await app.close();
  });

  /** What a process of the stand-in has started or made: its Chromium, its folder. */
  const belongings = (pid: number) => {
    const name = `eqnet-stand-in-${pid}-`;
    const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
    return {
      processes: processes.filter((line) => line.includes(name)).length,
      folders: readdirSync(tmpdir()).filter((folder) => folder.startsWith(name)).length,
    };
  };

  test('it takes its Chromium and its folder with it, also when it is killed', async () => {
    app = await launch();
    await app.firstWindow();
    const killed = app.process().pid!;
    expect(belongings(killed).processes).toBeGreaterThan(0);
    app.process().kill('SIGKILL');
    await expect.poll(() => belongings(killed).processes).toBe(0);

    app = await launch();
    await app.firstWindow();
    expect(belongings(killed), 'the next start sweeps the folder that the killed one had to leave').toEqual({ processes: 0, folders: 0 });
    const ended = app.process().pid!;
    await app.close();
    await expect.poll(() => belongings(ended)).toEqual({ processes: 0, folders: 0 });
  });
});
