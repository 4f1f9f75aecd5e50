import { BrowserWindow, dialog, nativeTheme, screen } from 'electron';
import { randomUUID } from 'node:crypto';
import { frameColours, windowOptions } from './window-options.ts';
import { loadWindowState, placeWindow, saveWindowState } from './window-state.ts';

const SAVE_DELAY_MS = 500;
/** A page that dies so often within so many ms would die for ever. */
const MOST_CRASHES = 3;
const CRASH_WINDOW_MS = 60_000;
/** A second window is put beside the first so that both are seen. */
const CASCADE = 28;

export interface WindowFiles {
  preload: string;
  /** address of the interface */
  url: string;
  /** file that keeps the place of the window */
  state: string;
}

const ids = new WeakMap<BrowserWindow, string>();

/** Id of a window in the contract. */
export function windowId(window: BrowserWindow): string {
  return ids.get(window) ?? '';
}

/** Opens a window with the interface, where the last one was, and shows it when there is something to see. */
export function createWindow({ preload, url, state }: WindowFiles): BrowserWindow {
  const primary = screen.getPrimaryDisplay();
  const others = screen.getAllDisplays().filter((display) => display.id !== primary.id);
  const placement = placeWindow(
    loadWindowState(state),
    [primary, ...others].map((display) => display.workArea),
  );
  const open = BrowserWindow.getAllWindows().length;
  if (open > 0 && placement.x !== undefined && placement.y !== undefined) {
    placement.x += CASCADE * open;
    placement.y += CASCADE * open;
  }
  const id = randomUUID();
  const window = new BrowserWindow(
    windowOptions(placement, { dark: nativeTheme.shouldUseDarkColors, platform: process.platform }, { preload, id }),
  );
  ids.set(window, id);
  if (placement.maximized) window.maximize();
  keepState(window, state);
  window.once('ready-to-show', () => window.show());
  let crashes: number[] = [];
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return;
    const now = performance.now();
    crashes = [...crashes.filter((at) => now - at < CRASH_WINDOW_MS), now];
    // the jobs live in processes of their own and the host in this one: a new page finds everything as it was
    if (crashes.length <= MOST_CRASHES) window.webContents.reload();
    else
      dialog.showErrorBox(
        'The window has failed',
        `Its page has ended ${crashes.length} times within a minute (${reason}): close it and open a new one. Jobs go on, and nothing is lost.`,
      );
  });
  window.loadURL(url).catch((error: unknown) => {
    if (!window.isDestroyed()) process.stderr.write(`${url} cannot be shown: ${String(error)}\n`);
  });
  return window;
}

/** Gives the windows' frames the colours of the theme that is in force now. */
export function paintWindows(): void {
  const { canvas, overlay } = frameColours(nativeTheme.shouldUseDarkColors);
  for (const window of BrowserWindow.getAllWindows()) {
    window.setBackgroundColor(canvas);
    if (process.platform !== 'darwin') window.setTitleBarOverlay(overlay);
  }
}

/** Brings a window to the front, also out of the task bar. */
export function raise(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}

function keepState(window: BrowserWindow, file: string): void {
  const save = () => saveWindowState(file, { ...window.getNormalBounds(), maximized: window.isMaximized() });
  let timer: NodeJS.Timeout | undefined;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!window.isDestroyed()) save();
    }, SAVE_DELAY_MS);
  };
  window.on('resize', later);
  window.on('move', later);
  window.on('close', () => {
    clearTimeout(timer);
    save();
  });
}
