import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What marks the fuses in Electron's executable, from Electron's documentation of fuses. */
const SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const WIRE_VERSION = 1;
/** The fuses of a fresh Electron 45 in the order of the wire: 1 = on, 0 = off. */
const FRESH = '101100011';
const PADDING = 4096;

/**
 * Makes what Electron's download unpacks to on Linux, as far as packaging looks at it: an executable that holds a fuse
 * wire, the version, licences and a language. It cannot run.
 */
export function makeFakeDist(folder: string, version: string): string {
  for (const name of ['locales', 'resources']) mkdirSync(join(folder, name), { recursive: true });
  const wire = Buffer.from([WIRE_VERSION, FRESH.length, ...Buffer.from(FRESH)]);
  const executable = Buffer.concat([Buffer.alloc(PADDING), Buffer.from(SENTINEL), wire, Buffer.alloc(PADDING)]);
  writeFileSync(join(folder, 'electron'), executable, { mode: 0o755 });
  writeFileSync(join(folder, 'version'), version);
  writeFileSync(join(folder, 'LICENSE'), '');
  writeFileSync(join(folder, 'LICENSES.chromium.html'), '');
  writeFileSync(join(folder, 'locales', 'en-US.pak'), '');
  return folder;
}
