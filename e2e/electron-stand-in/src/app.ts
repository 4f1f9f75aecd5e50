import { EventEmitter } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Electron from 'electron';
import { notImplemented, runtime } from './runtime.ts';
import { claimInstance, type Claim } from './single-instance.ts';

interface Closable {
  close(): void;
  isDestroyed(): boolean;
}

type AppPart = Pick<
  Electron.App,
  | 'isReady'
  | 'whenReady'
  | 'enableSandbox'
  | 'getName'
  | 'setName'
  | 'getVersion'
  | 'getAppPath'
  | 'getPath'
  | 'setPath'
  | 'getLocale'
  | 'getPreferredSystemLanguages'
  | 'requestSingleInstanceLock'
  | 'releaseSingleInstanceLock'
  | 'focus'
  | 'setAppUserModelId'
  | 'quit'
  | 'exit'
  | 'relaunch'
>;

class App extends EventEmitter implements AppPart {
  readonly isPackaged = false;
  readonly commandLine = {
    appendSwitch: (name: string, value = '') => {
      runtime.switches.set(name, value);
    },
    hasSwitch: (name: string) => runtime.switches.has(name),
    getSwitchValue: (name: string) => runtime.switches.get(name) ?? '',
  };
  private ownName: string | null = null;
  private readonly paths = new Map<string, string>();
  private windows: () => Closable[] = () => [];
  private claim: Claim | null = null;
  private quitting = false;
  private leaving = false;
  private tellReady: () => void = () => undefined;
  private readonly readyPromise = new Promise<void>((resolve) => {
    this.tellReady = resolve;
  });

  isReady(): boolean {
    return runtime.ready;
  }

  whenReady(): Promise<void> {
    return this.readyPromise;
  }

  enableSandbox(): void {
    // every page here is sandboxed
  }

  get name(): string {
    return this.getName();
  }

  getName(): string {
    return this.ownName ?? runtime.package.productName ?? runtime.package.name ?? 'Electron';
  }

  setName(name: string): void {
    this.ownName = name;
  }

  getVersion(): string {
    return runtime.package.version ?? '0.0.0';
  }

  getAppPath(): string {
    return runtime.appPath;
  }

  /** A stand-in leaves the person's own folders alone: the app's data go to a temporary folder unless it says where. */
  getPath(name: string): string {
    const set = this.paths.get(name);
    if (set) return set;
    if (name === 'home') return homedir();
    if (name === 'temp') return tmpdir();
    if (name === 'exe') return process.execPath;
    const path = join(runtime.profile, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  setPath(name: string, path: string): void {
    mkdirSync(path, { recursive: true });
    this.paths.set(name, path);
  }

  getLocale(): string {
    return 'en-US';
  }

  getPreferredSystemLanguages(): string[] {
    return ['en-US'];
  }

  requestSingleInstanceLock(): boolean {
    this.claim ??= claimInstance(this.getPath('userData'), (argv, directory) => this.emit('second-instance', {}, argv, directory, null));
    return this.claim.first;
  }

  releaseSingleInstanceLock(): void {
    this.claim?.release();
    this.claim = null;
  }

  focus(): void {
    // there is no desktop to come to the front of
  }

  setAppUserModelId(): void {
    // Windows only
  }

  relaunch(): void {
    notImplemented('app.relaunch');
  }

  quit(): void {
    if (this.leaving || !this.allow('before-quit')) return;
    this.quitting = true;
    for (const window of this.windows()) {
      window.close();
      if (!window.isDestroyed()) {
        this.quitting = false;
        return;
      }
    }
    if (this.allow('will-quit')) this.exit(0);
    else this.quitting = false;
  }

  exit(code = 0): void {
    if (this.leaving) return;
    this.leaving = true;
    this.emit('quit', {}, code);
    void this.leave(code);
  }

  /** Tells that everything is there. */
  becomeReady(): void {
    runtime.ready = true;
    this.emit('will-finish-launching');
    this.emit('ready', {}, {});
    this.tellReady();
  }

  setWindows(windows: () => Closable[]): void {
    this.windows = windows;
  }

  allWindowsClosed(): void {
    if (this.quitting || this.leaving) return;
    if (!this.emit('window-all-closed')) this.quit();
  }

  private allow(event: 'before-quit' | 'will-quit'): boolean {
    let prevented = false;
    this.emit(event, {
      preventDefault: () => {
        prevented = true;
      },
    });
    return !prevented;
  }

  private async leave(code: number): Promise<void> {
    try {
      await this.claim?.told;
      this.releaseSingleInstanceLock();
      for (const end of runtime.endings) await end();
      await runtime.chromium?.close();
      rmSync(runtime.profile, { recursive: true, force: true, maxRetries: 5 });
    } finally {
      process.exit(code);
    }
  }
}

export const app = new App();
