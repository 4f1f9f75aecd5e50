import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildFusedOps, locateFusedOps } from './fused-ops.ts';
import { locateEngine } from './locate.ts';

const engine = locateEngine({ gpu: false });

test.skipIf(!engine)(
  `the ops compile against the installed engine${engine ? '' : ' (skipped: no TensorFlow engine is installed)'}`,
  async () => {
    const folder = dirname(dirname(engine!.libDir));
    const built = await buildFusedOps(folder, engine!.addonPath);
    expect(built).toEqual(locateFusedOps(folder));
  },
);

test('ops have no name that others find before they have been loaded once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'eqnet-ops-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const compiler = join(folder, 'compiler.sh');
  writeFileSync(compiler, '#!/bin/sh\nfor last; do :; done\necho > "${last#-o}"\n', { mode: 0o755 });
  // An addon that says what lies there when it is loaded.
  const addon = join(folder, 'addon.cjs');
  const list = `require('node:fs').readdirSync(${JSON.stringify(join(folder, 'ops'))}).filter((name) => name.endsWith('.node'))`;
  writeFileSync(addon, `throw new Error('found: ' + ${list}.join());`);
  const built = await buildFusedOps(folder, addon, { ...process.env, CXX: compiler });
  expect(built).toEqual({ problem: 'they do not load (found:)' });
  expect(locateFusedOps(folder)).toBeNull();
});
