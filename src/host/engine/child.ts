import { spawn } from 'node:child_process';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Environment } from './cache-dir.ts';

export interface ChildResult {
  /** exit status; null when the program could not be started or a signal ended it */
  status: number | null;
  stdout: string;
  stderr: string;
  /** why the program could not be started, as Node says it (`ENOENT`) */
  failure?: string;
}

export interface ChildOptions {
  env?: Environment;
  cwd?: string;
  signal?: AbortSignal;
  timeoutMs?: number;
}

const KEPT_CHARACTERS = 200_000;

/**
 * Runs a program without a shell and collects what it says (the last 200,000 characters of each stream).
 * A program that fails is a result, not an exception.
 *
 * @throws WorkbenchError 'stopped' when the signal ends it
 */
export function runChild(command: string, args: readonly string[], options: ChildOptions = {}): Promise<ChildResult> {
  const { env = process.env, cwd, signal, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    const stopped = () => new WorkbenchError('stopped', `${command} was stopped before it ended: run the same command again to continue.`);
    if (signal?.aborted) {
      reject(stopped());
      return;
    }
    const child = spawn(command, args, { env, cwd, signal, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
    // Not spawn's own timeout: for a program that is not found, Node keeps that timer, and the process lives on with it.
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => child.kill(), timeoutMs);
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8');
      child[stream].on('data', (text: string) => {
        output[stream] = (output[stream] + text).slice(-KEPT_CHARACTERS);
      });
    }
    let failure: string | undefined;
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      failure = error.code ?? error.message;
      // a program that never started has no 'close' event on every platform
      if (child.pid === undefined) resolve({ status: null, ...output, failure });
    });
    child.on('close', (status) => {
      clearTimeout(timer);
      if (signal?.aborted) reject(stopped());
      else resolve({ status, ...output, failure });
    });
  });
}

/** The last lines of what a program said, for the end of an error message. */
export function lastLines(text: string, count = 3): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return lines.slice(-count).join(' / ');
}
