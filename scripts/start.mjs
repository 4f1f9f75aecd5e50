// `npm start`: opens the workbench as a desktop app, or in the browser where the app cannot run.
//   npm start -- my.eqnet            opens a project
//   npm start -- --browser [...]     the browser host at once; what follows goes to `eqnet serve`
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureApp } from './lib/build-app.mjs';
import { findElectron, hasDisplay } from './lib/electron.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const eqnet = fileURLToPath(new URL('eqnet.mjs', import.meta.url));
/** An app that ends with an error this early has shown nothing. */
const STARTED_MS = 10_000;

const say = (text) => process.stderr.write(`${text}\n`);

/** @returns {Promise<{ code: number, ms: number }>} */
function run(command, args) {
  const began = performance.now();
  const child = spawn(command, args, { stdio: 'inherit' });
  // Ctrl-C goes to the child as well and ends it in its own time; SIGTERM goes to one process
  process.removeAllListeners('SIGINT').on('SIGINT', () => undefined);
  process.removeAllListeners('SIGTERM').on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    const end = (code) => resolve({ code, ms: performance.now() - began });
    child.once('error', () => end(127));
    child.once('close', (code, signal) => end(code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1)));
  });
}

/** @returns {Promise<string | null>} why the desktop app could not run; null when it did */
async function desktop(args) {
  const electron = await findElectron(say);
  if ('problem' in electron) return electron.problem;
  await ensureApp(say);
  const { code, ms } = await run(electron.path, [root, ...args]);
  if (code !== 0 && ms < STARTED_MS) return `Electron ended at once with exit code ${code}`;
  process.exitCode = code;
  return null;
}

async function browser(args) {
  const { code } = await run(process.execPath, [eqnet, 'serve', ...(hasDisplay() ? ['--open'] : []), ...args]);
  process.exitCode = code;
}

const args = process.argv.slice(2);
try {
  if (args.includes('--browser')) await browser(args.filter((arg) => arg !== '--browser'));
  else {
    const problem = await desktop(args);
    if (problem) {
      say(`The desktop app cannot run here because ${problem}: the workbench opens in a browser instead.`);
      await browser([]);
    }
  }
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
