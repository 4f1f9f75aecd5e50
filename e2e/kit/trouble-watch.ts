import type { BrowserContext, Page } from '@playwright/test';

/** Collects what no story may cause: errors on the console, uncaught exceptions, violations of the content security policy. */
export class TroubleWatch {
  readonly consoleErrors: string[] = [];
  readonly cspViolations: string[] = [];
  private readonly pages = new WeakSet<Page>();

  /** Follows all pages of a context, those that are there already as well. */
  readonly follow = async (context: BrowserContext): Promise<void> => {
    await context.exposeBinding('eqnetViolation', (_source, text: string) => void this.cspViolations.push(text));
    await context.addInitScript(listen);
    context.on('page', (page) => this.watch(page));
    for (const page of context.pages()) {
      this.watch(page);
      await page.evaluate(listen).catch(() => undefined);
    }
  };

  private watch(page: Page): void {
    if (this.pages.has(page)) return;
    this.pages.add(page);
    page.on('console', (message) => {
      if (message.type() === 'error') this.consoleErrors.push(`${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.consoleErrors.push(error.stack ?? error.message));
  }
}

/** Runs in the page. */
function listen(): void {
  const page = globalThis as unknown as {
    addEventListener(type: string, handle: (event: { violatedDirective: string; blockedURI: string; sourceFile: string }) => void): void;
    eqnetViolation(text: string): void;
  };
  page.addEventListener('securitypolicyviolation', (event) =>
    page.eqnetViolation(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}`),
  );
}
