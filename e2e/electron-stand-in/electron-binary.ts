import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type ElectronKind = 'electron' | 'stand-in';

const standIn = fileURLToPath(new URL('./bin', import.meta.url));

/** The executable that the electron package has fetched; null when it has fetched none. */
function realBinary(): string | null {
  const folder = dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  try {
    const path = join(folder, 'dist', readFileSync(join(folder, 'path.txt'), 'utf8'));
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

/**
 * Chooses what `_electron.launch` starts in this process and its children: the real binary where there is one, else the
 * stand-in. EQNET_STAND_IN=1 chooses the stand-in in any case. Call it before the first launch; it prints which one runs.
 */
export function chooseElectron(): ElectronKind {
  const real = process.env.EQNET_STAND_IN ? null : realBinary();
  const kind = real ? 'electron' : 'stand-in';
  if (!real) process.env.ELECTRON_OVERRIDE_DIST_PATH = standIn;
  process.stdout.write(`Desktop tests run on ${real ? `Electron (${real})` : 'the stand-in, not on Electron'}.\n`);
  return kind;
}
