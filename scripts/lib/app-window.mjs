// The browser host and a window on it, for scripts that look at the app.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { CHROMIUM_SWITCHES, findChromium } from '../../e2e/browser.mjs';
import { root } from './tools.mjs';

export const eqnet = join(root, 'scripts', 'eqnet.mjs');

/** Where engines lie: programs that are started with another home find them there all the same. */
function cacheDirectory(env = process.env) {
  if (env.EQNET_CACHE) return env.EQNET_CACHE;
  if (platform() === 'win32') return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'eqnet');
  if (platform() === 'darwin') return join(homedir(), 'Library', 'Caches', 'eqnet');
  return join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'eqnet');
}

/**
 * A home for one person who starts the program for the first time.
 * @param {{ projects?: string }} [places] `projects`: a folder for projects that pictures may show; it must not exist yet
 */
export function makeHome({ projects: wished } = {}) {
  const home = mkdtempSync(join(tmpdir(), 'eqnet-home-'));
  const projects = wished ?? join(home, 'EQ-Net');
  mkdirSync(projects);
  return {
    home,
    projects,
    env: { ...process.env, HOME: home, USERPROFILE: home, EQNET_DATA: join(home, 'data'), EQNET_CACHE: cacheDirectory() },
    copyProject: (from, name) => cpSync(from, join(projects, name), { recursive: true }),
    remove: () => [projects, home].forEach((folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })),
  };
}

/**
 * Starts a program that prints the address of its page as its first line.
 * @param {string[]} args of Node.js
 * @returns {Promise<{ url: string, process: import('node:child_process').ChildProcess, milliseconds: number, end(): Promise<void> }>}
 */
export async function startServer(args, env) {
  const began = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout);
  const [url] = await Promise.race([
    once(lines, 'line'),
    once(child, 'close').then(() => Promise.reject(new Error('The server ended before it said its address.'))),
  ]);
  const milliseconds = performance.now() - began;
  return {
    url,
    process: child,
    milliseconds,
    async end() {
      if (child.exitCode !== null) return;
      const closed = once(child, 'close');
      child.kill('SIGINT');
      await closed;
    },
  };
}

/** Starts `eqnet serve` for a home. */
export const serve = ({ projects, env }) => startServer([eqnet, 'serve', '--port', '0', '--root', projects], env);

/** A browser without a window. */
export async function openBrowser() {
  const path = await findChromium();
  return chromium.launch({ ...(path && { executablePath: path }), args: CHROMIUM_SWITCHES });
}

/** Answers the interface's own question for a path. */
export async function choosePath(page, path) {
  const picker = page.getByRole('dialog');
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
  const field = picker.getByRole('textbox', { name: 'Path' });
  await field.fill(path.slice(0, cut));
  await field.press('Enter');
  await picker.getByRole('row', { name: path.slice(cut + 1) }).click();
  await picker.getByRole('button', { name: 'Open', exact: true }).click();
  await picker.waitFor({ state: 'hidden' });
}
