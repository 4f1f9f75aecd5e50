import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cdp } from './cdp.ts';
import { findChromium } from './find-chromium.ts';

const PROFILE = 'eqnet-stand-in-';
const KILL_AFTER_MS = 3000;
const KEPT_OUTPUT = 4000;

/** Switches of ours; whatever the app appends comes after them. */
const SWITCHES = [
  '--no-sandbox',
  '--no-first-run',
  '--no-default-browser-check',
  '--no-startup-window',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--hide-scrollbars',
  // two hidden pages for each window, which nobody looks at here
  '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup',
  '--password-store=basic',
  // it ends when our end of the pipe closes, also when this process is killed
  '--remote-debugging-pipe',
];

export interface Chromium {
  cdp: Cdp;
  /** address of its DevTools, for Playwright */
  url: string;
  close(): Promise<void>;
}

/** Profiles carry the id of the process they belong to; those of processes that were killed are swept here. */
function sweepProfiles(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = Number(/^eqnet-stand-in-(\d+)-/.exec(name)?.[1]);
    if (!owner) continue;
    try {
      process.kill(owner, 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') rmSync(join(tmpdir(), name), { recursive: true, force: true });
    }
  }
}

export function makeProfile(): string {
  sweepProfiles();
  const profile = mkdtempSync(join(tmpdir(), `${PROFILE}${process.pid}-`));
  // also when the app fails; nothing is left to do after an orderly end
  process.once('exit', () => {
    try {
      rmSync(profile, { recursive: true, force: true });
    } catch {
      // a process of Chromium still writes there; the next start sweeps it
    }
  });
  return profile;
}

/** Starts a Chromium of its own with an empty profile and no window. */
export async function startChromium(profile: string, port: string, appended: ReadonlyMap<string, string>): Promise<Chromium> {
  const program = await findChromium();
  if (!program) {
    throw new Error('electron stand-in: no Chromium was found: install Chromium or Chrome, or set CHROME_PATH to one.');
  }
  const headless = process.env.STAND_IN_HEADED ? [] : ['--headless=new'];
  const theirs = [...appended].filter(([name]) => !/^(remote-|user-data|inspect)/.test(name));
  const args = [
    ...headless,
    ...SWITCHES,
    `--user-data-dir=${join(profile, 'chromium')}`,
    `--remote-debugging-port=${port}`,
    ...theirs.map(([name, value]) => `--${name}${value && `=${value}`}`),
  ];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
  process.once('exit', () => child.kill('SIGKILL'));
  const url = await readAddress(child);
  const cdp = await Cdp.connect(url);
  let closing = false;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve();
      if (closing) return;
      process.stderr.write(`[stand-in] Chromium has ended by itself (${signal ?? code})\n`);
      process.exit(1);
    });
  });
  return {
    cdp,
    url,
    async close() {
      closing = true;
      cdp.send('Browser.close').catch(() => undefined);
      const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
      await gone;
      clearTimeout(timer);
    },
  };
}

function readAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stderr!.setEncoding('utf8');
    child.stderr!.on('data', (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT);
      const address = /DevTools listening on (ws:\S+)/.exec(output)?.[1];
      if (address) resolve(address);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`electron stand-in: Chromium ended with exit code ${code}: ${output}`)));
  });
}
