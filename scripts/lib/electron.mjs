import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../node_modules/electron', import.meta.url));
/** About 110 MB: enough for 3 Mbit/s. */
const FETCH_LIMIT_MS = 5 * 60_000;

/** Whether this machine can show a window. */
export const hasDisplay = (env = process.env) => process.platform !== 'linux' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);

/** The Electron binary that is there already, or null. */
function installed(env = process.env) {
  if (env.ELECTRON_EXEC_PATH) return env.ELECTRON_EXEC_PATH;
  const pathFile = join(folder, 'path.txt');
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8') : null;
  if (env.ELECTRON_OVERRIDE_DIST_PATH) return join(env.ELECTRON_OVERRIDE_DIST_PATH, name ?? 'electron');
  const path = name && join(folder, 'dist', name);
  return path && existsSync(path) ? path : null;
}

/** What the installer says went wrong, with the code of the system where there is one. */
function reasonOf(output, code) {
  const message = /^\w*Error: (.*)$/m.exec(output)?.[1] ?? `its installer ended with ${code}`;
  const cause = /\b(E[A-Z]{3,}|EAI_AGAIN)\b/.exec(output)?.[1];
  return cause && !message.includes(cause) ? `${message}, ${cause}` : message;
}

/** Fetches the binary with Electron's own installer. @returns {Promise<string | null>} why that failed */
function fetchElectron() {
  const child = spawn(process.execPath, [join(folder, 'install.js')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill();
  }, FETCH_LIMIT_MS);
  return new Promise((resolve) => {
    const end = (problem) => {
      clearTimeout(timer);
      resolve(problem);
    };
    child.once('error', (error) => end(error.message));
    child.once('close', (code) => {
      if (late) end(`it took longer than ${FETCH_LIMIT_MS / 60_000} minutes`);
      else end(code === 0 ? null : reasonOf(output, code));
    });
  });
}

/**
 * The Electron binary of this machine, fetched where it is missing.
 * @param {(text: string) => void} say is told before a download begins
 * @returns {Promise<{ path: string } | { problem: string }>} `problem` continues a sentence: "…because PROBLEM"
 */
export async function findElectron(say) {
  const overridden = Boolean(process.env.ELECTRON_EXEC_PATH || process.env.ELECTRON_OVERRIDE_DIST_PATH);
  if (!overridden && !hasDisplay()) return { problem: 'this machine has no display' };
  const there = installed();
  if (there) return existsSync(there) ? { path: there } : { problem: `${there} does not exist` };
  if (!existsSync(join(folder, 'install.js'))) return { problem: "Electron is not installed (run 'npm ci' without --omit=dev)" };
  if (process.env.ELECTRON_SKIP_BINARY_DOWNLOAD)
    return { problem: 'Electron is not here and ELECTRON_SKIP_BINARY_DOWNLOAD forbids to fetch it' };
  say('Fetching Electron, once (about 110 MB) ...');
  const problem = await fetchElectron();
  const path = installed();
  return path && existsSync(path) ? { path } : { problem: `Electron could not be fetched (${problem ?? 'nothing came'})` };
}
