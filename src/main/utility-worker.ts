import { app, utilityProcess, type Details } from 'electron';
import { PassThrough } from 'node:stream';
import type { WorkerMessage } from '../shared/contract/job-protocol.ts';
import type { WorkerLauncher } from '../host/worker-launcher.ts';
import { readExitStatus, type ExitStatus } from './exit-status.ts';

/** How long the last output and the reason of an end may take to follow the end itself. */
const LAST_WORDS_MS = 500;

let started = 0;

/** Starts the worker in a utilityProcess of the app: one for each job, so that a native fault ends that job alone. */
export const launchUtilityWorker: WorkerLauncher = ({ path, env }) => {
  started += 1;
  const serviceName = `eqnet-job-${started}`;
  const child = utilityProcess.fork(path, [], {
    serviceName,
    stdio: ['ignore', 'pipe', 'pipe'],
    execArgv: ['--enable-source-maps'],
    env,
  });
  const stdout = keepReading(child.stdout);
  const stderr = keepReading(child.stderr);
  const reason = watchReason(serviceName);
  let connected = true;
  let pid = child.pid;
  child.once('spawn', () => {
    pid = child.pid;
  });
  const end = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (code) => {
      connected = false;
      const clean = code === 0;
      const told = [stdout.finish(), stderr.finish(), ...(clean ? [] : [reason.told])];
      void Promise.race([Promise.all(told), delay(LAST_WORDS_MS)]).then(() => {
        stdout.stream.end();
        stderr.stream.end();
        reason.forget();
        resolve(reason.status() ?? { code, signal: null });
      });
    });
  });
  return {
    get pid() {
      return pid;
    },
    get connected() {
      return connected;
    },
    stdout: stdout.stream,
    stderr: stderr.stream,
    send: (message) => child.postMessage(message),
    onMessage: (handle) => {
      child.on('message', (message: WorkerMessage) => handle(message));
    },
    onExit: (handle) => {
      void end.then(({ code, signal }) => handle(code, signal));
    },
    kill: (signal) => {
      // UtilityProcess.kill knows SIGTERM only, which the worker leaves to its host
      if (pid === undefined || !connected) return;
      try {
        process.kill(pid, signal);
      } catch {
        child.kill();
      }
    },
  };
};

/** Electron takes the listeners off the output of a process that has ended; what is still in the pipe is read here. */
function keepReading(source: NodeJS.ReadableStream | null) {
  const stream = new PassThrough();
  let ended = source === null;
  let tell: () => void = () => undefined;
  const attach = () => {
    source?.on('data', (chunk: Buffer) => stream.write(chunk));
    source?.once('end', () => {
      ended = true;
      tell();
    });
  };
  attach();
  return {
    stream,
    /** resolves when everything was read */
    finish: () =>
      new Promise<void>((resolve) => {
        tell = resolve;
        setImmediate(() => {
          if (!ended && source?.listenerCount('data') === 0) attach();
          if (ended) resolve();
        });
      }),
  };
}

/** Why a process of ours ended; told by the app, not by the process. */
function watchReason(serviceName: string) {
  let status: ExitStatus | null = null;
  let resolve: () => void;
  const told = new Promise<void>((done) => {
    resolve = done;
  });
  const listen = (_event: unknown, details: Details) => {
    if (details.type !== 'Utility' || details.name !== serviceName) return;
    status = readExitStatus(details.exitCode);
    resolve();
  };
  app.on('child-process-gone', listen);
  return { told, status: () => status, forget: () => app.off('child-process-gone', listen) };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
