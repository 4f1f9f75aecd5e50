import { EventEmitter } from 'node:events';
import type * as Electron from 'electron';
import { app } from './app.ts';
import { nativeTheme } from './native-theme.ts';
import { chromium, runtime } from './runtime.ts';
import { WebContents } from './web-contents.ts';

type Bounds = Electron.Rectangle;
type WindowPart = Pick<
  Electron.BrowserWindow,
  | 'id'
  | 'loadURL'
  | 'show'
  | 'hide'
  | 'isVisible'
  | 'focus'
  | 'isFocused'
  | 'minimize'
  | 'isMinimized'
  | 'maximize'
  | 'isMaximized'
  | 'restore'
  | 'getBounds'
  | 'getNormalBounds'
  | 'setContentSize'
  | 'setBackgroundColor'
  | 'setTitleBarOverlay'
  | 'setProgressBar'
  | 'setTitle'
  | 'close'
  | 'destroy'
  | 'isDestroyed'
>;

const DEFAULT = { width: 800, height: 600 };
const windows = new Map<number, BrowserWindow>();
/** the one that was focused last comes last */
const focusOrder = new Set<BrowserWindow>();

/** A window without a frame: what it shows is as large as it is. */
export class BrowserWindow extends EventEmitter implements WindowPart {
  readonly webContents: WebContents;
  readonly id: number;
  /** what the app made it with, for tests */
  readonly options: Electron.BrowserWindowConstructorOptions;
  progress = -1;
  private bounds: Bounds;
  private visible = false;
  private minimized = false;
  private maximized = false;

  constructor(options: Electron.BrowserWindowConstructorOptions = {}) {
    super();
    if (!runtime.ready) throw new Error('Cannot create BrowserWindow before app is ready');
    this.options = options;
    const { x = 0, y = 0, width = DEFAULT.width, height = DEFAULT.height } = options;
    this.bounds = { x, y, width, height };
    this.webContents = new WebContents(options.webPreferences ?? {}, { width, height }, () => this.close());
    this.id = this.webContents.id;
    windows.set(this.id, this);
    this.webContents.once('did-finish-load', () => this.emit('ready-to-show'));
    void this.webContents.attached.then(() => this.resizeContent());
    app.emit('web-contents-created', {}, this.webContents);
  }

  static getAllWindows(): BrowserWindow[] {
    return [...windows.values()];
  }

  static getFocusedWindow(): BrowserWindow | null {
    return [...focusOrder].at(-1) ?? null;
  }

  static fromWebContents(contents: unknown): BrowserWindow | null {
    return BrowserWindow.getAllWindows().find((window) => window.webContents === contents) ?? null;
  }

  static fromId(id: number): BrowserWindow | null {
    return windows.get(id) ?? null;
  }

  loadURL(address: string): Promise<void> {
    return this.webContents.loadURL(address);
  }

  show(): void {
    this.visible = true;
    this.minimized = false;
    this.emit('show');
    this.focus();
  }

  hide(): void {
    this.visible = false;
    this.emit('hide');
  }

  isVisible(): boolean {
    return this.visible;
  }

  focus(): void {
    focusOrder.delete(this);
    focusOrder.add(this);
    this.emit('focus');
  }

  isFocused(): boolean {
    return BrowserWindow.getFocusedWindow() === this;
  }

  minimize(): void {
    this.minimized = true;
    this.emit('minimize');
  }

  isMinimized(): boolean {
    return this.minimized;
  }

  maximize(): void {
    this.maximized = true;
    this.emit('maximize');
  }

  isMaximized(): boolean {
    return this.maximized;
  }

  restore(): void {
    this.minimized = false;
    this.emit('restore');
  }

  getBounds(): Bounds {
    return { ...this.bounds };
  }

  getNormalBounds(): Bounds {
    return { ...this.bounds };
  }

  setContentSize(width: number, height: number): void {
    this.bounds = { ...this.bounds, width, height };
    void this.resizeContent();
    this.emit('resize');
  }

  setBackgroundColor(): void {
    // Chromium paints the page over it
  }

  setTitleBarOverlay(): void {
    // there is no frame
  }

  setTitle(): void {
    // there is no frame
  }

  setProgressBar(progress: number): void {
    this.progress = progress;
  }

  close(): void {
    let prevented = false;
    this.emit('close', {
      preventDefault: () => {
        prevented = true;
      },
    });
    if (!prevented) this.destroy();
  }

  destroy(): void {
    if (this.isDestroyed()) return;
    windows.delete(this.id);
    focusOrder.delete(this);
    this.webContents.destroy();
    this.emit('closed');
    if (windows.size === 0) app.allWindowsClosed();
  }

  isDestroyed(): boolean {
    return this.webContents.isDestroyed();
  }

  private async resizeContent(): Promise<void> {
    const { cdp } = chromium();
    const { targetId } = this.webContents;
    const { width, height } = this.bounds;
    try {
      const { windowId } = await cdp.send<{ windowId: number }>('Browser.getWindowForTarget', { targetId });
      await cdp.send('Browser.setContentsSize', { windowId, width, height });
    } catch {
      // the window was closed meanwhile
    }
  }
}

app.setWindows(() => BrowserWindow.getAllWindows());
nativeTheme.prependListener('updated', () => {
  for (const window of windows.values()) {
    void window.webContents.attached.then(() => window.webContents.paint()).catch(() => undefined);
  }
});

export const webContents = {
  fromDevToolsTargetId: (targetId: string) =>
    BrowserWindow.getAllWindows().find((window) => window.webContents.targetId === targetId)?.webContents,
  fromId: (id: number) => windows.get(id)?.webContents,
  getAllWebContents: () => BrowserWindow.getAllWindows().map((window) => window.webContents),
};
