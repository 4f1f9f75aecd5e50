import { chromium, type Browser, type BrowserContext, type Page } from '@playwright/test';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CHROMIUM_SWITCHES, findChromium } from '../browser.mjs';
import type { Places, WorkbenchHost } from './workbench-host.ts';

const eqnet = fileURLToPath(new URL('../../scripts/eqnet.mjs', import.meta.url));

/** A browser for the tests of one process; it starts with the first context. */
export async function launchBrowser(): Promise<Browser> {
  const path = await findChromium();
  return chromium.launch({ ...(path && { executablePath: path }), args: CHROMIUM_SWITCHES });
}

/** `eqnet serve` and a browser that shows its page. */
export class BrowserHost implements WorkbenchHost {
  readonly kind = 'browser';
  private server: ChildProcess | null = null;
  private url: string | null = null;
  private said = '';

  private constructor(
    private readonly places: Places,
    private readonly context: BrowserContext,
  ) {}

  static async create(places: Places, browser: Browser, watch: (context: BrowserContext) => Promise<void>): Promise<BrowserHost> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US', reducedMotion: 'reduce' });
    await watch(context);
    return new BrowserHost(places, context);
  }

  /** Address of the page, with the token. */
  async start(): Promise<string> {
    if (this.url) return this.url;
    const args = [eqnet, 'serve', '--port', '0', '--root', this.places.projects];
    const server = spawn(process.execPath, args, { env: this.places.env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.server = server;
    server.stderr.setEncoding('utf8').on('data', (text: string) => (this.said += text));
    const address = once(createInterface(server.stdout), 'line').then(([line]) => String(line));
    const ended = once(server, 'close').then(() => {
      throw new Error(`eqnet serve ended:\n${this.said}`);
    });
    ended.catch(() => undefined);
    this.url = await Promise.race([address, ended]);
    return this.url;
  }

  windows(): Page[] {
    return this.context.pages();
  }

  async openWindow(): Promise<Page> {
    const url = await this.start();
    const page = await this.context.newPage();
    await page.goto(url);
    return page;
  }

  async closeWindow(window: Page): Promise<void> {
    await window.close({ runBeforeUnload: false });
  }

  async choosePath(window: Page, path: string, ask: () => Promise<void>): Promise<void> {
    await ask();
    const picker = window.getByRole('dialog');
    const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
    await picker.getByRole('textbox', { name: 'Path' }).fill(path.slice(0, cut));
    await picker.getByRole('textbox', { name: 'Path' }).press('Enter');
    await picker.getByRole('row', { name: path.slice(cut + 1) }).click();
    await picker.getByRole('button', { name: /^(Open|Choose this folder)$/ }).click();
  }

  async saveTo(window: Page, path: string, ask: () => Promise<void>): Promise<void> {
    const [download] = await Promise.all([window.waitForEvent('download'), ask()]);
    await download.saveAs(path);
  }

  /** Ends the server as Ctrl-C does. */
  async end(): Promise<void> {
    const server = this.server;
    this.server = null;
    this.url = null;
    if (server && server.exitCode === null && server.signalCode === null) {
      const closed = once(server, 'close');
      server.kill('SIGINT');
      await closed;
    }
  }

  async dispose(): Promise<void> {
    await this.context.close();
    await this.end();
  }
}
