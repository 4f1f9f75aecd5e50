import { app, BrowserWindow, session, shell } from 'electron';
import { createWorkbench } from '../host/app/index.ts';
import type { HostEvent } from '../shared/contract/api/views.ts';
import { runScriptsWith } from '../host/engine/addon-build.ts';
import { openDialog, saveTextDialog } from './dialogs.ts';
import { installMenu } from './menu.ts';
import { followHost } from './native-state.ts';
import { notify } from './notifications.ts';
import type { OpenRequests } from './open-requests.ts';
import { interfaceOrigin } from './origin.ts';
import { interfaceFolder, interfaceUrl, preloadFile, windowStateFile, workerFile } from './paths.ts';
import { serveInterface } from './protocol.ts';
import { closeBeforeQuit } from './quit.ts';
import { serveContract } from './rpc.ts';
import { lockContents, lockSession, mayOpenOutside } from './security.ts';
import { runUtilityScript } from './utility-script.ts';
import { launchUtilityWorker } from './utility-worker.ts';
import { createWindow, raise } from './window.ts';

/** Puts the app together once Electron is ready: locks first, then services, then the first window. */
export async function boot(requests: OpenRequests): Promise<void> {
  const origin = interfaceOrigin(app.isPackaged, process.env.ELECTRON_RENDERER_URL);
  const openOutside = async (address: string) => {
    if (mayOpenOutside(address)) await shell.openExternal(address);
  };
  app.on('web-contents-created', (_event, contents) => lockContents(contents, origin, (address) => void openOutside(address)));
  lockSession(session.defaultSession);
  serveInterface(interfaceFolder);

  runScriptsWith(runUtilityScript);

  const open = () => createWindow({ preload: preloadFile, url: interfaceUrl(), state: windowStateFile() });
  const front = () => {
    const window = BrowserWindow.getFocusedWindow() ?? BrowserWindow.getAllWindows()[0];
    if (window) raise(window);
    else open();
  };

  const workbench = createWorkbench({
    kind: 'desktop',
    launch: launchUtilityWorker,
    workerPath: workerFile,
    dialogs: { open: openDialog, saveText: saveTextDialog },
    openExternal: openOutside,
    reveal: (path) => shell.showItemInFolder(path),
    notify: (title, body) => notify(title, body, front),
    electron: { electron: process.versions.electron, chrome: process.versions.chrome },
  });
  serveContract(workbench, origin);
  const closing = closeBeforeQuit(() => workbench.close());
  const menuTargets = { post: (event: HostEvent, window: string) => workbench.post(event, window), openWindow: open };
  await followHost(workbench, (settings) => installMenu(settings.language, menuTargets));

  app.on('window-all-closed', () => {
    // on macOS an app lives on without windows
    if (process.platform !== 'darwin') app.quit();
  });
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) open();
  });
  open();
  let again = false;
  requests.handle((project) => {
    if (closing()) {
      // started again while jobs still write their checkpoints: a new process takes over when this one is done
      if (!again) app.relaunch({ args: [...process.argv.slice(1), ...(project ? [project] : [])] });
      again = true;
      return;
    }
    front();
    if (project) workbench.openFromOutside(project);
  });
}
