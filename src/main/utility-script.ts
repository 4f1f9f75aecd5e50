import { app, utilityProcess } from 'electron';
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ScriptRunner } from '../host/engine/addon-build.ts';
import { WorkbenchError } from '../shared/contract/errors.ts';

const KEPT_CHARACTERS = 200_000;

/**
 * Runs a script in a utilityProcess: the executable of an installed app does not take `-e`, and a fault of the script
 * ends that process alone.
 *
 * @throws WorkbenchError 'stopped' when the signal ends it
 */
export const runUtilityScript: ScriptRunner = async (script, argument, { env, cwd, signal, timeoutMs }) => {
  const stopped = () => new WorkbenchError('stopped', 'The check of the engine was stopped before it ended: start it again to continue.');
  if (signal?.aborted) throw stopped();
  const file = join(app.getPath('temp'), `eqnet-${randomUUID()}.cjs`);
  await writeFile(file, script, { mode: 0o600, flag: 'wx' });
  const child = utilityProcess.fork(file, [argument], { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], serviceName: 'eqnet-script' });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.on('data', (chunk: Buffer) => {
      output[stream] = (output[stream] + chunk.toString('utf8')).slice(-KEPT_CHARACTERS);
    });
  }
  const end = () => child.kill();
  const timer = timeoutMs === undefined ? undefined : setTimeout(end, timeoutMs);
  signal?.addEventListener('abort', end);
  const status = await new Promise<number>((resolve) => {
    child.once('exit', resolve);
  });
  clearTimeout(timer);
  signal?.removeEventListener('abort', end);
  await rm(file, { force: true });
  if (signal?.aborted) throw stopped();
  return { status, ...output };
};
