import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseRecipe } from '../../shared/schema/presets.ts';
test.each(['disconnect', 'close', 'running-close'])('%s', async (how) => {
  const dir = mkdtempSync(join(tmpdir(), 'w2-'));
  const recipe = parseRecipe(JSON.parse(readFileSync('resources/recipes/tiny.json', 'utf8')), 't');
  const child = fork('node_modules/.w2out/worker.js', [], { serialization: 'advanced', stdio: 'inherit' });
  const seen: string[] = [];
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  child.on('message', (m: { type: string }) => {
    seen.push(m.type);
    if (m.type === 'opened') { child.send({ type: 'phase', phase: 'pretrain', input: {} }); if (how !== 'running-close') child.send({ type: 'pause' }); }
    if (m.type === 'paused') { if (how === 'disconnect') child.disconnect(); else child.send({ type: 'close' }); }
    if (m.type === 'progress' && how === 'running-close' && (m as never as { progress: { phase: string } }).progress.phase === 'pretrain') child.send({ type: 'close' });
  });
  child.send({ type: 'open', options: { recipe, runDirectory: dir, fingerprint: 'f', engine: { executor: 'session', addonPath: process.env.EQNET_ADDON, threads: 1 } } });
  const code = await ended;
  console.log(how, code, seen.join(','), existsSync(join(dir, 'checkpoints/pretrain.safetensors')));
  expect(code).toBe(0);
});
