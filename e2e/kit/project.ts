import { execFile } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OWNER_FILE } from '../../src/host/project-lock.ts';

/** A project with one finished run of the story recipe, which nobody interrupted; e2e/setup makes it, stories work on copies. */
export const FINISHED = fileURLToPath(new URL('../../out/e2e/finished.eqnet', import.meta.url));

const program = fileURLToPath(new URL('../../scripts/eqnet.mjs', import.meta.url));

/** Puts a copy of the finished project into a folder. @returns its path */
export function copyFinished(folder: string, name = 'finished'): string {
  const path = join(folder, `${name}.eqnet`);
  cpSync(FINISHED, path, { recursive: true });
  return path;
}

/** Runs `eqnet` to its end. @returns what it printed, and its exit code */
export async function eqnet(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, EQNET_PROGRAM: 'eqnet' };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...argv], { env, maxBuffer: 2 ** 28 });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

/** The processes that compute for whoever has the project open. */
export function workerPids(project: string): number[] {
  const { workers } = JSON.parse(readFileSync(join(project, OWNER_FILE), 'utf8')) as { workers: { pid: number }[] };
  return workers.map(({ pid }) => pid);
}

/** Every point of the training of a project's newest run, and the digest of its result. */
export async function courseOf(project: string): Promise<{ points: string; digest: string | null }> {
  const points = await eqnet('show', project, '--metrics', 'supernet/highest/cross-entropy');
  const { runs } = JSON.parse((await eqnet('show', project, '--json')).out) as { runs: { digest: string | null }[] };
  return { points: points.out, digest: runs.at(-1)?.digest ?? null };
}
