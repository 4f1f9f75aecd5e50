/** Entry of the stand-in: reads the real binary's command line, loads the app and makes it ready. */
import { readFileSync, statSync } from 'node:fs';
import { createRequire, Module, register } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeProfile, startChromium } from './chromium.ts';
import * as electron from './electron.ts';
import { runtime, strict } from './runtime.ts';

const READY_LIMIT_MS = 10_000;
const require = createRequire(import.meta.url);

interface CommandLine {
  app: string;
  preloaded: string[];
  switches: string[];
}

function readCommandLine(argv: readonly string[]): CommandLine {
  const line: CommandLine = { app: '', preloaded: [], switches: [] };
  for (let i = 0; i < argv.length && !line.app; i++) {
    if (argv[i] === '-r' || argv[i] === '--require') {
      i += 1;
      line.preloaded.push(argv[i]);
    } else if (argv[i].startsWith('-')) line.switches.push(argv[i]);
    else line.app = argv[i];
  }
  if (!line.app) throw new Error('electron stand-in: name the folder of the app: electron [switches] APP [arguments]');
  return line;
}

function findEntry(app: string): string {
  const path = resolve(app);
  const isFolder = statSync(path).isDirectory();
  runtime.appPath = isFolder ? path : dirname(path);
  const file = join(isFolder ? path : process.cwd(), 'package.json');
  const description = JSON.parse(readFileSync(file, 'utf8')) as { main?: string; name?: string; version?: string };
  runtime.package = description;
  return isFolder ? join(path, description.main ?? 'index.js') : path;
}

/** Makes `import ... from 'electron'` and `require('electron')` lead here. */
function takeName(): void {
  const address = new URL('./electron.js', import.meta.url).href;
  const hook = `export const resolve = (name, context, next) =>
    name === 'electron' || name === 'electron/main' ? { url: ${JSON.stringify(address)}, shortCircuit: true } : next(name, context);`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
  const loader = Module as unknown as { _load(request: string, ...rest: unknown[]): unknown };
  const load = loader._load.bind(Module);
  const exported = strict('electron', { ...electron });
  loader._load = (request, ...rest) => (request === 'electron' ? exported : load(request, ...rest));
}

function dressProcess(entry: string): void {
  const { version } = require('electron/package.json') as { version: string };
  const define = (target: object, name: string, value: unknown) =>
    Object.defineProperty(target, name, { value, configurable: true, enumerable: true });
  define(process.versions, 'electron', version);
  define(process, 'type', 'browser');
  define(process, 'defaultApp', true);
  define(process, 'resourcesPath', dirname(entry));
  process.argv = [process.argv[0], ...process.argv.slice(2)];
}

function warnWhenLate(): void {
  setTimeout(() => {
    if (runtime.ready) return;
    const cause = 'its entry is still being evaluated; a top-level await of app.whenReady() waits for ever in Electron';
    process.stderr.write(`[stand-in] the app is not ready after ${READY_LIMIT_MS / 1000} s: ${cause}\n`);
  }, READY_LIMIT_MS).unref();
}

async function main(): Promise<void> {
  const { app, preloaded, switches } = readCommandLine(process.argv.slice(2));
  const entry = findEntry(app);
  runtime.profile = makeProfile();
  process.stderr.write('[stand-in] this is the test-time stand-in for Electron\n');
  dressProcess(entry);
  takeName();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => electron.app.quit());
  for (const file of preloaded) require(resolve(file));
  const keepAlive = setInterval(() => undefined, 2 ** 30);
  warnWhenLate();
  // Electron, too, emits `ready` only after the entry was evaluated
  await import(pathToFileURL(entry).href);
  const port = switches.find((name) => name.startsWith('--remote-debugging-port='))?.split('=')[1] ?? '0';
  runtime.chromium = await startChromium(runtime.profile, port, runtime.switches);
  const { product } = await runtime.chromium.cdp.send<{ product: string }>('Browser.getVersion');
  Object.defineProperty(process.versions, 'chrome', { value: product.replace(/^.*\//, ''), configurable: true, enumerable: true });
  process.stderr.write(`DevTools listening on ${runtime.chromium.url}\n`);
  await closeForeignWindows();
  electron.app.becomeReady();
  clearInterval(keepAlive);
}

/** Windows that pages open are refused by the app's handler; Chromium has made them by then. */
async function closeForeignWindows(): Promise<void> {
  const { cdp } = runtime.chromium!;
  cdp.on<{ targetInfo: { targetId: string; openerId?: string } }>('Target.targetCreated', ({ targetInfo }) => {
    if (!targetInfo.openerId) return;
    cdp.send('Target.closeTarget', { targetId: targetInfo.targetId }).catch(() => undefined);
  });
  await cdp.send('Target.setDiscoverTargets', { discover: true });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  electron.app.exit(1);
});
