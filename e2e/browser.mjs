// The Chromium or Chrome that end-to-end tests, screenshots and the stand-in for Electron use.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const MAC = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'];

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * A Chromium or Chrome of this machine: CHROME_PATH, else one on PATH, else the one that Playwright fetched.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<string | null>} its path; null = there is none
 */
export async function findChromium(env = process.env) {
  if (env.CHROME_PATH) return env.CHROME_PATH;
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = [
    ...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))),
    ...(process.platform === 'darwin' ? MAC : []),
  ];
  const found = candidates.find(isProgram);
  if (found) return found;
  const { chromium } = await import('playwright-core');
  const fetched = chromium.executablePath();
  return existsSync(fetched) ? fetched : null;
}

/** Switches without which Chromium does not start as root or in a container. */
export const CHROMIUM_SWITCHES = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'];
