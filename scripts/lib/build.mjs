import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const POLL_MS = 50;
/** Of a lock without a readable number: its owner writes that right after it has made the file. */
const NAMELESS_MS = 5000;
/** No build takes so long: the number in the lock is that of another program by now. */
const ABANDONED_MS = 10 * 60_000;

/** Time of the newest file below a path, ms; tests do not count. */
function newest(path) {
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info) return 0;
  if (!info.isDirectory()) return path.endsWith('.test.ts') ? 0 : info.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Whether whoever made a lock has died without taking it away. */
function isAbandoned(lock) {
  let owner;
  let age;
  try {
    owner = Number(readFileSync(lock, 'utf8'));
    age = Date.now() - statSync(lock).mtimeMs;
  } catch {
    // it has just been taken away
    return false;
  }
  return age > ABANDONED_MS || (owner ? !isAlive(owner) : age > NAMELESS_MS);
}

/** One process at a time; the others wait. */
export async function withLockFile(lock, action) {
  mkdirSync(dirname(lock), { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (isAbandoned(lock)) rmSync(lock, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  try {
    return await action();
  } finally {
    rmSync(lock, { force: true });
  }
}

/**
 * Something that is built from sources when they are newer than it.
 * @typedef {object} Target
 * @property {string} folder where it goes, relative to the checkout; replaced as a whole
 * @property {string} product a file that a finished build has, relative to `folder`
 * @property {string[]} sources files and folders that it is made from; the first is missing in an installation without sources
 * @property {(out: string) => Promise<unknown>} build fills an empty folder
 */

/** The tools that build the program; an installation without them brings it built. */
async function importVite() {
  try {
    return await import('vite');
  } catch (error) {
    throw new Error("eqnet: the program is not built and the tools to build it are not installed: run 'npm ci' without --omit=dev.", {
      cause: error,
    });
  }
}

/**
 * Builds a target unless the build there is that of the sources as they are. Several processes may ask at a time: one
 * builds, the others wait for its result. A build that fails leaves the earlier one as it is.
 * @param {Target} target
 * @param {{ onBuild?: () => void }} [options] `onBuild` is called before a build begins
 * @returns {Promise<string>} the folder
 */
export async function ensureFresh({ folder, product, sources, build }, { onBuild } = {}) {
  const built = resolve(root, folder);
  // The time of the newest source is kept with the build: copying or unpacking a folder gives its files any times.
  const stamp = join(built, '.sources');
  const paths = sources.map((name) => resolve(root, name));
  const state = () => String(Math.max(...paths.map(newest)));
  const isFresh = () => {
    if (!existsSync(join(built, product))) return false;
    return !existsSync(paths[0]) || (existsSync(stamp) && readFileSync(stamp, 'utf8') === state());
  };
  if (isFresh()) return built;
  await withLockFile(`${built}.building.pid`, async () => {
    if (isFresh()) return;
    onBuild?.();
    const next = `${built}.${process.pid}`;
    const previous = `${built}.old-${process.pid}`;
    const seen = state();
    try {
      rmSync(next, { recursive: true, force: true });
      await build(next);
      writeFileSync(join(next, '.sources'), seen);
      if (existsSync(built)) renameSync(built, previous);
      renameSync(next, built);
    } finally {
      for (const path of [next, previous]) rmSync(path, { recursive: true, force: true });
    }
  });
  return built;
}

/** The headless programs: `eqnet`, the worker that it starts, and the thread that prepares batches. @type {Target} */
const NODE_PROGRAMS = {
  folder: 'out/node',
  product: 'cli.js',
  sources: [
    ...['cli', 'host', 'server', 'shared', 'worker'].map((name) => `src/${name}`),
    'resources/engine',
    'vite.node.config.ts',
    'package.json',
  ],
  async build(outDir) {
    const vite = await importVite();
    await vite.build({ root, configFile: join(root, 'vite.node.config.ts'), logLevel: 'error', build: { outDir, emptyOutDir: true } });
  },
};

/**
 * Builds the headless programs where they are older than their sources.
 * @param {{ onBuild?: () => void }} [options]
 * @returns {Promise<string>} the folder with cli.js and worker.js
 */
export const ensureBuilt = (options) => ensureFresh(NODE_PROGRAMS, options);
