// A small app that uses every part of Electron that the workbench uses. It keeps what happens in `globalThis.seen`.
import { app, BrowserWindow, ipcMain, Menu, nativeTheme, protocol, screen, session, utilityProcess } from 'electron';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const here = import.meta.dirname;
const ORIGIN = 'app://fixture';
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'";
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css' };

const seen = { events: [], navigations: [], opened: [], senders: [], portClosed: 0 };
globalThis.seen = seen;

if (process.env.FIXTURE_DATA) app.setPath('userData', process.env.FIXTURE_DATA);
app.enableSandbox();
const first = app.requestSingleInstanceLock();
seen.readyAtLoad = app.isReady();
protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } }]);

app.on('second-instance', (_event, argv) => seen.events.push(`second ${argv.at(-1)}`));
app.on('window-all-closed', () => {
  seen.events.push('window-all-closed');
  if (!globalThis.keepRunning) app.quit();
});
app.on('before-quit', (event) => {
  seen.events.push('before-quit');
  if (!globalThis.holdQuit) return;
  globalThis.holdQuit = false;
  event.preventDefault();
});
app.on('child-process-gone', (_event, details) => seen.events.push(`gone ${details.name} ${details.reason} ${details.exitCode}`));

globalThis.startWorker = (name) => {
  const child = utilityProcess.fork(join(here, 'worker.mjs'), ['argument'], {
    serviceName: name,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FIXTURE: 'yes' },
  });
  const worker = { child, messages: [], output: '', exit: null };
  child.stdout.on('data', (chunk) => {
    worker.output += chunk;
  });
  child.on('message', (message) => worker.messages.push(message));
  child.on('exit', (code) => {
    worker.exit = code;
  });
  return worker;
};

async function serve(request) {
  const { pathname } = new URL(request.url);
  const type = TYPES[pathname.split('.').at(-1)];
  try {
    const body = await readFile(join(here, 'page', pathname));
    return new Response(body, { headers: { 'Content-Type': type, 'Content-Security-Policy': POLICY } });
  } catch {
    return new Response('not here', { status: 404 });
  }
}

globalThis.openWindow = () => {
  const window = new BrowserWindow({
    width: 1100,
    height: 700,
    show: false,
    titleBarStyle: 'hidden',
    webPreferences: {
      preload: join(here, 'preload.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      additionalArguments: ['--fixture=given'],
    },
  });
  window.once('ready-to-show', () => window.show());
  void window.loadURL(`${ORIGIN}/index.html`);
  return window;
};

function boot() {
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.defaultSession.setPermissionCheckHandler(() => false);
  protocol.handle('app', serve);
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => {
      seen.navigations.push(event.url);
      if (!event.url.startsWith(`${ORIGIN}/`)) event.preventDefault();
    });
    contents.setWindowOpenHandler(({ url }) => {
      seen.opened.push(url);
      return { action: 'deny' };
    });
  });
  ipcMain.on('connect', (event, note) => {
    seen.senders.push({ url: event.senderFrame.url, main: event.senderFrame === event.sender.mainFrame, note });
    const [port] = event.ports;
    port.on('message', ({ data }) => port.postMessage({ echo: data }));
    port.on('close', () => {
      seen.portClosed += 1;
    });
    port.start();
  });
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([{ label: 'File', submenu: [{ id: 'act', label: 'Act', click: () => seen.events.push('clicked') }] }]),
  );
  nativeTheme.on('updated', () => seen.events.push(`dark ${nativeTheme.shouldUseDarkColors}`));
  seen.display = screen.getPrimaryDisplay().workArea;
  globalThis.openWindow();
}

if (first) void app.whenReady().then(boot);
else app.quit();
