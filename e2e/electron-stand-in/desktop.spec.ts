/** The locks of the desktop app itself, and what only its main process does. Needs the built app; builds it. */
import { _electron, expect, test, type ElectronApplication, type Page } from '@playwright/test';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ProjectStore } from '../../src/host/project-store.ts';
import { chooseElectron } from './electron-binary.ts';

chooseElectron();
const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let folder: string;
let app: ElectronApplication;
let page: Page;
const complaints: string[] = [];

const environment = () => {
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(inherited), EQNET_DATA: join(folder, 'data') };
};
const inPage = <T>(expression: string) => page.evaluate<T>(expression);

async function start(...args: string[]): Promise<void> {
  app = await _electron.launch({ args: [root, ...args], env: environment() });
  page = await app.firstWindow();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await expect(page.getByRole('main')).toBeVisible();
}

test.describe.configure({ mode: 'serial' });

test.beforeAll(async () => {
  test.setTimeout(180_000);
  folder = mkdtempSync(join(tmpdir(), 'eqnet-desktop-'));
  await run(process.execPath, [join(root, 'scripts', 'build-app.mjs')], { cwd: root });
  await start();
});

test.afterAll(async () => {
  await app?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a page has its bridge and nothing of Node or Electron', async () => {
  expect(await inPage('[typeof require, typeof process, typeof module, typeof Buffer]')).toEqual(Array(4).fill('undefined'));
  expect(await inPage('Object.keys(window.eqnet).sort()')).toEqual(['connect', 'host', 'pathOf', 'platform', 'window']);
  expect(await inPage('Object.isFrozen(window.eqnet)')).toBe(true);
  expect(await inPage("window.eqnet.pathOf(new File(['x'], 'x.eqnet')) + window.eqnet.pathOf('/etc/passwd')")).toBe('');
});

test('it starts without a complaint', () => {
  expect(complaints).toEqual([]);
});

test('nothing that is injected runs', async () => {
  const violations = await inPage<string[]>(`new Promise((resolve) => {
    const seen = new Set();
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
      seen.add(effectiveDirective);
      if (seen.size === 4) resolve([...seen].sort());
    });
    document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.injected = true' }));
    document.body.append(Object.assign(document.createElement('style'), { textContent: 'body { color: red }' }));
    document.body.append(Object.assign(document.createElement('iframe'), { src: 'https://example.invalid/' }));
    fetch('https://example.invalid/').catch(() => undefined);
  })`);
  expect(violations).toEqual(['connect-src', 'frame-src', 'script-src-elem', 'style-src-elem']);
  expect(await inPage('window.injected')).toBeUndefined();
  // the debugger may use eval, what the page starts later may not
  const evaluated = inPage(`new Promise((resolve) => setTimeout(() => {
    try { resolve((0, eval)('1')); } catch (error) { resolve(error.name); }
  }))`);
  expect(await evaluated).toBe('EvalError');
});

test('files outside of the interface are out of reach', async () => {
  const status = (path: string) => inPage(`fetch(${JSON.stringify(path)}).then(({ status }) => status, () => 'refused')`);
  expect(await status('/index.html')).toBe(200);
  for (const path of ['/..%2f..%2fpackage.json', '/%2e%2e%2fmain/index.js', '/..%5cmain%5cindex.js', '/%252e%252e/main/index.js']) {
    expect(await status(path), path).toBe(404);
  }
  expect(await status('file:///etc/passwd')).toBe('refused');
});

test('a page stays where it is; only the sites that we link to are opened outside', async () => {
  await app.evaluate(({ shell }) => {
    const opened: string[] = [];
    Object.assign(globalThis, { opened });
    shell.openExternal = (address) => {
      opened.push(address);
      return Promise.resolve();
    };
  });
  const title = await page.title();
  await inPage("void (location.href = 'https://example.invalid/')");
  await inPage("void window.open('https://example.invalid/')");
  await inPage("void window.open('file:///etc/passwd')");
  await inPage("void window.open('https://arxiv.org/abs/2308.07650')");
  const opened = () => app.evaluate(() => (globalThis as unknown as { opened: string[] }).opened);
  await expect.poll(opened).toEqual(['https://arxiv.org/abs/2308.07650']);
  await expect.poll(() => app.windows().length).toBe(1);
  expect(await page.title()).toBe(title);
});

test('permissions are denied', async () => {
  const states = await inPage<string[]>(`Promise.all(['geolocation', 'camera', 'microphone', 'notifications'].map(
    (name) => navigator.permissions.query({ name }).then(({ state }) => state)))`);
  expect(new Set(states)).toEqual(new Set(['denied']));
});

test('damaged messages cost nothing', async () => {
  await inPage(`new Promise((resolve) => {
    addEventListener('message', ({ data, ports: [port] }) => {
      if (data !== 'eqnet:port') return;
      port.start();
      for (const junk of ['junk', '{', '{"i":"1","p":{"u":"/nowhere","b":{}}}', 7, null, new Uint8Array(1024)]) port.postMessage(junk);
      port.onmessage = () => resolve();
    }, { once: true });
    window.eqnet.connect();
  })`);
  await page.reload();
  await expect(page.getByRole('main')).toBeVisible();
});

test('a message to the main process that is not for it is ignored', async () => {
  const channels = await app.evaluate(({ ipcMain }) => ipcMain.eventNames().map(String));
  expect(channels).toEqual(['eqnet:connect']);
});

test('menus act in the window in front', async () => {
  await app.evaluate(({ Menu }) => Menu.getApplicationMenu()!.getMenuItemById('go.settings')!.click());
  await expect(page).toHaveTitle(/Settings/);
});

test('every entry of the menus has a text', async () => {
  const labels = await app.evaluate(({ Menu }) =>
    Menu.getApplicationMenu()!.items.flatMap(({ submenu }) => submenu!.items.map(({ id, label }) => `${id} ${label}`)),
  );
  expect(labels.length).toBeGreaterThan(20);
  expect(labels.filter((label) => /menu\.|actions\./.test(label))).toEqual([]);
});

/** Drops files or folders on the page as a person does. */
async function drop(...files: string[]): Promise<void> {
  await app.evaluate(({ BrowserWindow }, paths) => {
    // Electron knows the paths by itself
    const contents: { expectDrop?(paths: string[]): void } = BrowserWindow.getAllWindows()[0].webContents as object;
    contents.expectDrop?.(paths);
  }, files);
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  const send = (type: 'dragEnter' | 'dragOver' | 'drop') => session.send('Input.dispatchDragEvent', { type, x: 600, y: 400, data });
  // A hand is slower than a page. Files that fall before the page has said that it takes them, the browser opens by itself.
  await inPage(
    `globalThis.taken = new Promise((resolve) => addEventListener('dragover', (event) => resolve(event.defaultPrevented), { once: true })), 0`,
  );
  await send('dragEnter');
  await send('dragOver');
  expect(await inPage('taken')).toBe(true);
  await send('dragOver');
  await send('drop');
  await session.detach();
}

test('a recipe that is dropped is offered as a new project, and nothing else is taken', async () => {
  const other = join(folder, 'picture.png');
  writeFileSync(other, 'x');
  await drop(other);
  await expect(page.getByText(/picture\.png/).first()).toBeVisible();
  const recipe = join(folder, 'dropped.json');
  writeFileSync(recipe, '{"name": "dropped"}');
  await drop(recipe);
  const dialog = page.getByRole('dialog', { name: 'New project' });
  await expect(dialog).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(page).toHaveTitle(/Workbench/);
});

test('a project folder that is dropped is opened', async () => {
  const project = join(folder, 'dropped.eqnet');
  (await ProjectStore.open(project)).close();
  await drop(project);
  await expect(page).toHaveTitle(/dropped/);
});

test('a page that dies comes back, and one that dies again and again is given up with a word', async () => {
  await app.evaluate(({ dialog }) => {
    const said: string[] = [];
    Object.assign(globalThis, { said });
    dialog.showErrorBox = (_title, text) => void said.push(text);
  });
  const die = () =>
    app.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()[0].webContents.emit('render-process-gone', {}, { reason: 'killed', exitCode: 9 });
    });
  for (let crash = 0; crash < 3; crash++) await Promise.all([page.waitForEvent('load'), die()]);
  await expect(page.getByRole('main')).toBeVisible();
  const said = () => app.evaluate(() => (globalThis as unknown as { said: string[] }).said);
  expect(await said()).toEqual([]);
  await die();
  expect(await said()).toEqual([expect.stringMatching(/ended 4 times within a minute \(killed\)/)]);
});

test('a second start opens the project of its argument in the first', async () => {
  const project = join(folder, 'second.eqnet');
  (await ProjectStore.open(project)).close();
  const command = createRequire(import.meta.url)('electron') as unknown as string;
  const args = [...(process.platform === 'linux' ? ['--no-sandbox'] : []), root, project];
  await run(command, args, { env: environment() });
  await expect(page).toHaveTitle(/second/);
  expect(app.windows()).toHaveLength(1);
});

test('a window comes back with its size, and a project that was given at the start is open', async () => {
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].setContentSize(1300, 820));
  await app.close();
  const project = join(folder, 'given.eqnet');
  (await ProjectStore.open(project)).close();
  await start(project);
  await expect(page).toHaveTitle(/given/);
  await expect.poll(() => inPage('[innerWidth, innerHeight]')).toEqual([1300, 820]);
});
