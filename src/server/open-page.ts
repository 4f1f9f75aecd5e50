import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const OPENERS: Partial<Record<NodeJS.Platform, [string, string[]]>> = {
  darwin: ['open', []],
  win32: ['rundll32', ['url.dll,FileProtocolHandler']],
};

/**
 * Shows an address in the person's browser. The command line of a process can be read by everyone on the machine, so the browser
 * is given a private file that leads on to the address, and not the address with its token.
 * @param folder of this user; the file lies in a new folder in it
 * @returns takes the file away
 */
export function openPage(url: string, folder: string, onFailure: () => void): () => void {
  mkdirSync(folder, { recursive: true });
  const own = mkdtempSync(join(folder, 'open-'));
  const file = join(own, 'open.html');
  const escaped = url.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  writeFileSync(file, `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${escaped}">\n`, { mode: 0o600 });
  const [command, args] = OPENERS[process.platform] ?? ['xdg-open', []];
  const child = spawn(command, [...args, pathToFileURL(file).href], { stdio: 'ignore', detached: true });
  child.once('error', onFailure).once('exit', (code) => code && onFailure());
  child.unref();
  return () => rmSync(own, { recursive: true, force: true });
}
