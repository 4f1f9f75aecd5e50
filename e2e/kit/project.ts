import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OWNER_FILE } from '../../src/host/project-lock.ts';

/** The project that e2e/setup makes; stories work on copies. */
export const FINISHED = fileURLToPath(new URL('../../out/e2e/finished.eqnet', import.meta.url));

/** Puts a copy of the finished project into a folder. @returns its path */
export function copyFinished(folder: string, name = 'finished'): string {
  const path = join(folder, `${name}.eqnet`);
  cpSync(FINISHED, path, { recursive: true });
  return path;
}

/** The processes that compute for whoever has the project open. */
export function workerPids(project: string): number[] {
  const { workers } = JSON.parse(readFileSync(join(project, OWNER_FILE), 'utf8')) as { workers: { pid: number }[] };
  return workers.map(({ pid }) => pid);
}
