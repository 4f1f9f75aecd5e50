import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type * as Electron from 'electron';
import { decode, encode } from './codec.ts';
import { ipcMain } from './ipc-main.ts';
import { BINDING, DELIVER, WORLD, type FromPage, type PreloadStart, type ToPage } from './messages.ts';
import { nativeTheme } from './native-theme.ts';
import { MessagePortMain } from './ports.ts';
import { chromium, strict } from './runtime.ts';
import { fromChromium, handlerOf, toChromium } from './schemes.ts';
import { defaultSession, permissionSettings } from './session.ts';

type WindowOpenHandler = (details: { url: string }) => { action: 'deny' | 'allow' };
type ContentsPart = Pick<Electron.WebContents, 'id' | 'getURL' | 'isDestroyed' | 'loadURL' | 'reload' | 'close'>;

interface PausedRequest {
  requestId: string;
  request: { url: string; method: string; headers: Record<string, string> };
  resourceType: string;
  frameId: string;
}

const pageScript = (name: string) => readFileSync(new URL(`./${name}.js`, import.meta.url), 'utf8');

let lastId = 0;

/** An event that its listeners may prevent. */
function preventable<T extends object>(details: T) {
  let prevented = false;
  const event = {
    ...details,
    preventDefault: () => {
      prevented = true;
    },
  };
  return { event, prevented: () => prevented };
}

/** How long a Chromium on a busy machine may take for a window. */
const WINDOW_MS = 5000;

/**
 * Opens a window of Chromium. About once in thirty times, while other DevTools clients listen, version 156 never answers for a
 * window after the first, and shows none; it opens the next one that is asked for. What comes late is closed again.
 */
async function openTarget(size: { width: number; height: number }): Promise<string> {
  const { cdp } = chromium();
  for (;;) {
    const asked = cdp.send<{ targetId: string }>('Target.createTarget', { url: 'about:blank', newWindow: true, ...size });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), WINDOW_MS).unref();
    });
    const answer = await Promise.race([asked, late]);
    clearTimeout(timer);
    if (answer) return answer.targetId;
    asked.then(({ targetId }) => cdp.send('Target.closeTarget', { targetId })).catch(() => undefined);
  }
}

/** One page of Chromium as the main process sees it. */
export class WebContents extends EventEmitter implements ContentsPart {
  readonly id: number;
  readonly session = defaultSession;
  readonly mainFrame = { url: '' };
  /** resolves when the page can be steered */
  readonly attached: Promise<void>;
  targetId = '';
  private sessionId = '';
  private worldId: number | null = null;
  private destroyed = false;
  /** the next navigation was asked for by the app, which `will-navigate` does not tell */
  private ownNavigation = false;
  private openHandler: WindowOpenHandler | null = null;
  private readonly ports = new Map<string, MessagePortMain>();
  private onLoaded: (() => void) | null = null;

  constructor(
    private readonly preferences: Electron.WebPreferences,
    private readonly size: { width: number; height: number },
    private readonly closeWindow: () => void,
  ) {
    super();
    lastId += 1;
    this.id = lastId;
    if (preferences.sandbox === false || preferences.contextIsolation === false || preferences.nodeIntegration) {
      throw new Error('electron stand-in: only sandboxed, isolated pages without Node are implemented');
    }
    this.attached = this.attach();
  }

  getURL(): string {
    return this.mainFrame.url;
  }

  isDestroyed(): boolean {
    return this.destroyed;
  }

  async loadURL(address: string): Promise<void> {
    await this.attached;
    const loaded = new Promise<void>((resolve) => {
      this.onLoaded = resolve;
    });
    this.ownNavigation = true;
    const { errorText } = await this.command<{ errorText?: string }>('Page.navigate', { url: toChromium(address) });
    // a window that was closed meanwhile has nothing to load, and nobody to tell
    if (errorText && this.destroyed) return;
    if (errorText) throw new Error(`${errorText} loading '${address}'`);
    await loaded;
  }

  reload(): void {
    this.ownNavigation = true;
    this.tell('Page.reload');
  }

  close(): void {
    this.closeWindow();
  }

  setWindowOpenHandler(handler: WindowOpenHandler): void {
    this.openHandler = handler;
  }

  /**
   * For tests: these files or folders are about to be dropped on the page. Chromium tells their paths to nobody, and Electron,
   * which knows them, has no such method.
   */
  expectDrop(paths: readonly string[]): void {
    this.deliver({ type: 'dropping', paths: Object.fromEntries(paths.map((path) => [basename(path), path])) });
  }

  /** Takes the page away. */
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.closePorts();
    this.closeTarget();
    this.emit('destroyed');
  }

  /** Sends a command to the page. There is no answer from one that the app has closed. */
  async command<T>(method: string, params: Record<string, unknown> = {}): Promise<T> {
    try {
      return await chromium().cdp.send<T>(method, params, this.sessionId);
    } catch (error) {
      if (this.destroyed) return new Promise<never>(() => undefined);
      throw error;
    }
  }

  private closeTarget(): void {
    if (this.targetId)
      chromium()
        .cdp.send('Target.closeTarget', { targetId: this.targetId })
        .catch(() => undefined);
  }

  /** Sends a command to a page that may be gone already. */
  private tell(method: string, params: Record<string, unknown> = {}): void {
    this.command(method, params).catch(() => undefined);
  }

  private async attach(): Promise<void> {
    const { cdp } = chromium();
    this.targetId = await openTarget(this.size);
    const { targetId } = this;
    if (this.destroyed) this.closeTarget();
    ({ sessionId: this.sessionId } = await this.command<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true }));
    this.listen();
    await Promise.all([
      this.command('Page.enable'),
      this.command('Runtime.enable'),
      this.command('Fetch.enable', { patterns: [{ urlPattern: '*' }] }),
      this.command('Runtime.addBinding', { name: BINDING, executionContextName: WORLD }),
      ...permissionSettings().map((setting) => cdp.send('Browser.setPermission', setting).catch(() => undefined)),
    ]);
    await this.paint();
    await this.installPreload();
  }

  /** Tells the page whether the system is dark. */
  async paint(): Promise<void> {
    const value = nativeTheme.shouldUseDarkColors ? 'dark' : 'light';
    await this.command('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] });
  }

  private async installPreload(): Promise<void> {
    const { preload, additionalArguments = [] } = this.preferences;
    const { electron = '', chrome = '', node } = process.versions;
    const start: PreloadStart = {
      secret: randomUUID(),
      argv: ['renderer', ...additionalArguments],
      platform: process.platform,
      versions: { electron, chrome, node },
    };
    const script = preload ? readFileSync(preload, 'utf8') : '';
    const asFunction = script ? `function (require, module, exports, process, global) {\n${script}\n}` : 'null';
    const wrap = (name: string, begin: string) => `{ const standInStart = ${begin};\n${pageScript(name)}\n}`;
    const json = JSON.stringify(start);
    const add = 'Page.addScriptToEvaluateOnNewDocument';
    await this.command(add, { source: wrap('main-world', json) });
    await this.command(add, { worldName: WORLD, source: wrap('isolated-world', `{ ...${json}, preload: ${asFunction} }`) });
  }

  private listen(): void {
    const on = <T>(method: string, handle: (params: T) => void) => chromium().cdp.on(method, handle, this.sessionId);
    on<{ context: { id: number; name: string; auxData: { frameId: string } } }>('Runtime.executionContextCreated', ({ context }) => {
      if (context.name === WORLD && context.auxData.frameId === this.targetId) this.worldId = context.id;
    });
    on<{ name: string; payload: string }>('Runtime.bindingCalled', ({ name, payload }) => {
      if (name === BINDING) this.receive(JSON.parse(payload) as FromPage);
    });
    on<{ frame: { parentId?: string; url: string } }>('Page.frameNavigated', ({ frame }) => {
      if (frame.parentId) return;
      this.closePorts();
      this.mainFrame.url = fromChromium(frame.url);
      this.emit('did-navigate', {}, this.mainFrame.url);
    });
    on('Page.domContentEventFired', () => this.emit('dom-ready'));
    on('Page.loadEventFired', () => {
      this.emit('did-finish-load');
      this.onLoaded?.();
    });
    on<{ url: string }>('Page.windowOpen', ({ url }) => this.askOpen(url));
    on<PausedRequest>('Fetch.requestPaused', (request) => {
      // a page that is going away takes its requests with it
      this.answer(request).catch(() => undefined);
    });
    on('Inspector.targetCrashed', () => this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 5 }));
  }

  private async answer({ requestId, request, resourceType, frameId }: PausedRequest): Promise<void> {
    const url = fromChromium(request.url);
    const fail = (errorReason: string) => this.command('Fetch.failRequest', { requestId, errorReason });
    if (resourceType === 'Document' && frameId === this.targetId) {
      const asked = this.ownNavigation;
      this.ownNavigation = false;
      if (!asked) {
        const { event, prevented } = preventable({ url, isMainFrame: true });
        this.emit('will-navigate', event, url);
        if (prevented()) return void (await fail('Aborted'));
      }
    }
    const handler = handlerOf(url);
    if (!handler) return void (await this.command('Fetch.continueRequest', { requestId }));
    let response: Response;
    try {
      response = await handler(new Request(url, { method: request.method, headers: request.headers }));
    } catch (error) {
      process.stderr.write(`[stand-in] the protocol handler failed: ${String(error)}\n`);
      return void (await fail('Failed'));
    }
    await this.command('Fetch.fulfillRequest', {
      requestId,
      responseCode: response.status,
      responseHeaders: [...response.headers].map(([name, value]) => ({ name, value })),
      body: Buffer.from(await response.arrayBuffer()).toString('base64'),
    });
  }

  private askOpen(url: string): void {
    const answer = this.openHandler?.({ url: fromChromium(url) }) ?? { action: 'allow' };
    if (answer.action !== 'deny') throw new Error('electron stand-in: a window opened by a page is not part of it');
  }

  private receive(message: FromPage): void {
    if (message.type === 'open') return this.askOpen(message.url);
    if (message.type === 'port') this.ports.get(message.port)?.receive(decode(message.data));
    else if (message.type === 'port-closed') this.ports.get(message.port)?.end();
    else {
      const event = { sender: this, senderFrame: this.mainFrame, ports: message.ports.map((id) => this.adoptPort(id)) };
      ipcMain.emit(message.channel, strict('IpcMainEvent', event), ...message.args.map(decode));
    }
  }

  private adoptPort(id: string): MessagePortMain {
    const port = new MessagePortMain({
      post: (data) => this.deliver({ type: 'port', port: id, data: encode(data) }),
      close: () => this.deliver({ type: 'port-closed', port: id }),
    });
    port.once('close', () => this.ports.delete(id));
    this.ports.set(id, port);
    return port;
  }

  private deliver(message: ToPage): void {
    if (this.worldId === null || this.destroyed) return;
    this.tell('Runtime.evaluate', { contextId: this.worldId, expression: `${DELIVER}(${JSON.stringify(message)})` });
  }

  private closePorts(): void {
    for (const port of this.ports.values()) port.end();
  }
}
