import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureFresh } from './build.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** In a process of its own: the tools change the environment and work in the current folder. */
function buildPart(part, outDir) {
  if (!existsSync(join(root, 'node_modules', 'electron-vite')))
    throw new Error("eqnet: the interface is not built and the tools to build it are not installed: run 'npm ci' without --omit=dev.");
  const child = spawn(process.execPath, [fileURLToPath(new URL('build-part.mjs', import.meta.url)), part, outDir], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', (code) =>
      code === 0 ? done() : failed(new Error(`eqnet: the ${part} of the app does not build.\n${output.trim()}`)),
    );
  });
}

const part = (name, product, sources) => ({
  folder: `out/${name}`,
  product,
  sources: [...sources.map((folder) => `src/${folder}`), 'electron.vite.config.ts', 'package.json'],
  build: (outDir) => buildPart(name, outDir),
});

/** What a browser shows: the same for the desktop app and the browser host. */
const RENDERER = part('renderer', 'index.html', ['renderer', 'shared']);
const MAIN = part('main', 'index.js', ['main', 'host', 'shared', 'worker']);
const PRELOAD = part('preload', 'index.cjs', ['preload', 'shared']);

/** @param {(text: string) => void} say is told of each part that has to be built first */
async function ensure(parts, say) {
  for (const { what, ...target } of parts) await ensureFresh(target, { onBuild: () => say(`Building the ${what} ...`) });
}

/** Builds the pages of the interface (out/renderer) where they are older than their sources. */
export const ensurePages = (say) => ensure([{ ...RENDERER, what: 'interface' }], say);

/** Builds the desktop app (out/main, out/preload, out/renderer) where it is older than its sources. */
export const ensureApp = (say) =>
  ensure(
    [
      { ...MAIN, what: 'desktop app' },
      { ...PRELOAD, what: 'preload script' },
      { ...RENDERER, what: 'interface' },
    ],
    say,
  );
