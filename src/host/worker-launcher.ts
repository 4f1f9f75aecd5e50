import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { WorkbenchError } from '../shared/contract/errors.ts';
import type { HostMessage, WorkerMessage } from '../shared/contract/job-protocol.ts';

/** A worker process as its host sees it, whatever started it: child_process here, a utilityProcess in the desktop. */
export interface WorkerHandle {
  /** undefined when the process could not be started, or has not been started yet */
  readonly pid: number | undefined;
  /** false once nothing that is sent can arrive any more */
  readonly connected: boolean;
  readonly stdout: NodeJS.ReadableStream | null;
  readonly stderr: NodeJS.ReadableStream | null;
  /** A message that meets a dying process is lost; its end is told by `onExit`. */
  send(message: HostMessage): void;
  onMessage(handle: (message: WorkerMessage) => void): void;
  /**
   * Called once, after the last output of the process.
   * @param code null when a signal ended it, or when it could not be started at all
   * @param problem why it could not be started
   */
  onExit(handle: (code: number | null, signal: NodeJS.Signals | null, problem?: string) => void): void;
  kill(signal: NodeJS.Signals): void;
}

export interface WorkerLaunch {
  /** the built worker program */
  path: string;
  /** the whole environment of the process */
  env: NodeJS.ProcessEnv;
}

export type WorkerLauncher = (launch: WorkerLaunch) => WorkerHandle;

function launchWith(execPath: string | undefined, { path, env }: WorkerLaunch): WorkerHandle {
  const child = fork(path, [], {
    serialization: 'advanced',
    execPath,
    execArgv: ['--enable-source-maps'],
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  return {
    get pid() {
      return child.pid;
    },
    get connected() {
      return child.connected;
    },
    stdout: child.stdout,
    stderr: child.stderr,
    send: (message) => {
      child.send(message, () => undefined);
    },
    onMessage: (handle) => {
      child.on('message', (message) => handle(message as WorkerMessage));
    },
    onExit: (handle) => {
      let told = false;
      const tell = (code: number | null, signal: NodeJS.Signals | null, problem?: string) => {
        if (told) return;
        told = true;
        handle(code, signal, problem);
      };
      // `close` comes after the last output
      child.once('close', tell);
      child.once('error', (error) => {
        if (child.pid === undefined) tell(null, null, error.message);
      });
    },
    kill: (signal) => {
      child.kill(signal);
    },
  };
}

/** Starts the worker with the Node.js that runs this program. */
export const forkWorker: WorkerLauncher = (launch) => launchWith(undefined, launch);

/** The first Node.js on PATH, or null. */
export function findNode(env: NodeJS.ProcessEnv = process.env): string | null {
  const names = process.platform === 'win32' ? ['node.exe'] : ['node'];
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter(Boolean);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path)) ?? null;
}

/**
 * Starts the worker with a plain Node.js, also from inside the desktop app.
 * @throws WorkbenchError `usage` when there is none on PATH
 */
export const launchPlainNode: WorkerLauncher = (launch) => {
  if (!process.versions.electron) return forkWorker(launch);
  const node = findNode(launch.env);
  if (node) return launchWith(node, launch);
  throw new WorkbenchError(
    'usage',
    "No Node.js was found on PATH to run jobs with: install Node.js 20.19 or newer, or set 'Run jobs in' back to the app in Settings.",
  );
};
