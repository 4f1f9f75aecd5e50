/** A finished project of the smallest recipe, made once, for the stories that begin with results. */
import { expect, test } from '@playwright/test';
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ensureApp } from '../../scripts/lib/build-app.mjs';
import { FINISHED } from '../kit/project.ts';

const eqnet = fileURLToPath(new URL('../../scripts/eqnet.mjs', import.meta.url));

test('the app is built, and a run of the smallest recipe is finished', async () => {
  await ensureApp(() => undefined);
  rmSync(FINISHED, { recursive: true, force: true });
  const { stdout } = await promisify(execFile)(process.execPath, [eqnet, 'run', 'tiny', '--project', FINISHED, '--json'], {
    maxBuffer: 2 ** 26,
  });
  expect(JSON.parse(stdout)).toBeInstanceOf(Object);
});
