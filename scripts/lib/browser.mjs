import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findChromium } from '../../e2e/browser.mjs';
import { programOf } from './tools.mjs';

const FETCH_LIMIT_MS = 10 * 60_000;
const START_LIMIT_MS = 60_000;

/** @returns {Promise<boolean>} whether the program ended well within the time */
function succeeds(command, args, limitMs, env = process.env) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore'], env });
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    const end = (ok) => {
      clearTimeout(timer);
      resolve(ok);
    };
    child.once('error', () => end(false));
    child.once('close', (code) => end(code === 0));
  });
}

/** A browser that is there and starts: a file may also be a placeholder, or lack libraries of the system. */
async function workingChromium() {
  const path = await findChromium();
  return path && (await succeeds(path, ['--version'], START_LIMIT_MS)) ? path : null;
}

/** Debian's own package, which brings the libraries that it needs. */
async function installDebianPackage() {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await succeeds('apt-get', ['update'], FETCH_LIMIT_MS, env);
  return succeeds('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], FETCH_LIMIT_MS, env);
}

/**
 * The browser for the end-to-end tests: that of the machine, else the one that Playwright fetches, else Debian's package.
 * @param {(text: string) => void} say is told before anything is fetched
 * @returns {Promise<{ path: string } | { problem: string }>} `problem` is a sentence
 */
export async function setUpBrowser(say) {
  const there = await workingChromium();
  if (there) return { path: there };
  const wished = process.env.CHROME_PATH;
  if (wished) return { problem: `CHROME_PATH names ${wished}, which does not start: correct it, or take the variable away.` };
  say('Fetching Chromium for the end-to-end tests, once ...');
  const args = [programOf('@playwright/test', 'playwright'), 'install', '--no-shell', 'chromium'];
  if (await succeeds(process.execPath, args, FETCH_LIMIT_MS)) {
    const fetched = await workingChromium();
    if (fetched) return { path: fetched };
  }
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    say("Installing Debian's package chromium ...");
    await installDebianPackage();
    const installed = await workingChromium();
    if (installed) return { path: installed };
  }
  return { problem: 'There is no Chromium or Chrome here, and none could be fetched: install one, or name it with CHROME_PATH.' };
}
