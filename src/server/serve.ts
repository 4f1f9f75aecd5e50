import { existsSync, realpathSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createWorkbench } from '../host/app/index.ts';
import { packageRoot } from '../host/package-root.ts';
import { WorkbenchError } from '../shared/contract/errors.ts';
import type { TlsFiles } from './address.ts';
import { openPage } from './open-page.ts';
import { startServer } from './server.ts';

export const DEFAULT_PORT = 7650;
export const DEFAULT_HOST = '127.0.0.1';

export interface ServeOptions {
  /** 0 = any free one */
  port: number;
  host: string;
  /** folders that projects, images and exports may lie in; empty = the current folder and that of the user */
  roots: readonly string[];
  tls?: TlsFiles;
  /** listen for other machines without TLS */
  allowInsecureRemote: boolean;
  /** further names by which the server may be addressed */
  allowHosts: readonly string[];
  /** show the page in the browser of this machine */
  open: boolean;
}

export interface ServeHooks {
  /** ends it: running jobs write a checkpoint first */
  signal: AbortSignal;
  /** the address with the token, said once */
  onReady(url: string): void;
  /** a note for the person at the terminal */
  say(text: string): void;
  /** folder of settings and recent projects; default: that of the user */
  dataDirectory?: string;
  /** folder of the built interface */
  pages?: string;
}

function chooseRoots(wishes: readonly string[]): string[] {
  const roots = wishes.map((wish) => {
    if (!statSync(wish, { throwIfNoEntry: false })?.isDirectory())
      throw new WorkbenchError('usage', `--root ${wish} is not a folder: give one that is there.`);
    return realpathSync(wish);
  });
  return [...new Set(roots.length ? roots : [process.cwd(), homedir()].map((folder) => realpathSync(folder)))];
}

function findPages(folder: string): string {
  if (existsSync(join(folder, 'index.html'))) return folder;
  throw new WorkbenchError(
    'internal',
    `The interface is not in ${folder}: build it with 'npm run build:app', or install the program again.`,
  );
}

/** Runs the browser host until it is told to end. */
export async function serve(options: ServeOptions, hooks: ServeHooks): Promise<void> {
  const roots = chooseRoots(options.roots.map((root) => resolve(root)));
  const pages = findPages(hooks.pages ?? join(packageRoot, 'out', 'renderer'));
  const workbench = createWorkbench({ kind: 'browser', roots, dataDirectory: hooks.dataDirectory });
  let server;
  try {
    server = await startServer({ ...options, pages, router: workbench.router });
  } catch (error) {
    await workbench.close();
    throw error;
  }
  let forget = (): void => undefined;
  try {
    hooks.onReady(server.url);
    if (options.open)
      forget = openPage(server.url, tmpdir(), () => hooks.say('No browser could be started here: open the address above in one.'));
    await aborted(hooks.signal);
  } finally {
    forget();
    // the windows see their jobs stop before the connection ends
    await workbench.close();
    await server.close();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
