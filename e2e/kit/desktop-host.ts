import { _electron, expect, type BrowserContext, type ElectronApplication, type Page } from '@playwright/test';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chooseElectron } from '../electron-stand-in/electron-binary.ts';
import type { Places, WorkbenchHost } from './workbench-host.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The desktop app: in Electron where its binary is there, else in the stand-in. */
export class DesktopHost implements WorkbenchHost {
  readonly kind = 'desktop';
  app: ElectronApplication | null = null;
  private ended: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly places: Places,
    private readonly watch: (context: BrowserContext) => Promise<void>,
  ) {}

  windows(): Page[] {
    return this.app?.windows() ?? [];
  }

  async openWindow(): Promise<Page> {
    if (!this.app) return this.launch();
    const [page] = await Promise.all([
      this.app.waitForEvent('window'),
      this.app.evaluate(({ Menu }) => Menu.getApplicationMenu()!.getMenuItemById('window.new')!.click()),
    ]);
    return this.prepare(page);
  }

  private async launch(): Promise<Page> {
    const app = await _electron.launch({ args: [root], env: this.places.env });
    this.app = app;
    this.ended = app.waitForEvent('close', { timeout: 0 }).then(() => {
      this.app = null;
    });
    await this.watch(app.context());
    return this.prepare(await app.firstWindow());
  }

  private async prepare(page: Page): Promise<Page> {
    await page.getByRole('banner').or(page.getByRole('main')).first().waitFor();
    await page.emulateMedia({ reducedMotion: 'reduce' });
    return page;
  }

  async closeWindow(window: Page): Promise<void> {
    const app = this.app;
    if (!app) return;
    const last = app.windows().length === 1;
    const browserWindow = await app.browserWindow(window);
    await browserWindow.evaluate((own: { close(): void }) => own.close());
    if (last) await this.ended;
  }

  async choosePath(_window: Page, path: string, ask: () => Promise<void>): Promise<void> {
    await this.app!.evaluate(({ dialog }, chosen) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [chosen] });
    }, path);
    await ask();
  }

  async saveTo(_window: Page, path: string, ask: () => Promise<void>): Promise<void> {
    await this.app!.evaluate(({ dialog }, chosen) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath: chosen });
    }, path);
    await ask();
    await expect.poll(() => existsSync(path)).toBe(true);
  }

  async end(): Promise<void> {
    await this.app?.close();
    await this.ended;
  }

  dispose(): Promise<void> {
    return this.end();
  }
}

let chosen = false;

/** Chooses the executable once for this process. */
export function prepareElectron(): void {
  if (!chosen) chooseElectron();
  chosen = true;
}
