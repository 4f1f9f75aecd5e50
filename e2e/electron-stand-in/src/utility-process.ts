import { fork, type IOType } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type * as Electron from 'electron';
import { app } from './app.ts';
import { runtime } from './runtime.ts';

type UtilityPart = Pick<Electron.UtilityProcess, 'pid' | 'stdout' | 'stderr' | 'kill' | 'postMessage'>;

const shim = fileURLToPath(new URL('./utility-shim.js', import.meta.url));
const CRASHES: ReadonlySet<NodeJS.Signals> = new Set(['SIGSEGV', 'SIGABRT', 'SIGILL', 'SIGBUS', 'SIGFPE', 'SIGTRAP']);

/** The process status as `waitpid` has it on POSIX systems, which is what Electron hands on. */
function waitStatus(code: number | null, signal: NodeJS.Signals | null): number {
  return signal ? constants.signals[signal] : (code ?? 0) << 8;
}

class UtilityProcess extends EventEmitter implements UtilityPart {
  pid: number | undefined;
  readonly stdout: NodeJS.ReadableStream | null;
  readonly stderr: NodeJS.ReadableStream | null;
  readonly postMessage: (message: unknown, transfer?: readonly unknown[]) => void;
  readonly kill: () => boolean;

  constructor(path: string, args: readonly string[], options: Electron.ForkOptions) {
    super();
    const { stdio = 'inherit', execArgv = [], env = process.env, cwd, serviceName } = options;
    const [, out, err] = (Array.isArray(stdio) ? stdio : [stdio, stdio, stdio]) as IOType[];
    const child = fork(path, args, {
      cwd,
      env: env as NodeJS.ProcessEnv,
      serialization: 'advanced',
      execArgv: [...execArgv, '--import', shim],
      stdio: ['ignore', out, err, 'ipc'],
    });
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    this.kill = () => child.kill();
    this.postMessage = (message, transfer = []) => {
      if (transfer.length > 0) throw new Error('electron stand-in: UtilityProcess.postMessage with ports is not part of it');
      if (child.connected) child.send(message as object, () => undefined);
    };
    const end = () => void child.kill('SIGKILL');
    runtime.endings.add(end);
    child.once('spawn', () => {
      this.pid = child.pid;
      this.emit('spawn');
    });
    child.on('message', (message) => this.emit('message', message));
    child.once('exit', (code, signal) => {
      runtime.endings.delete(end);
      this.pid = undefined;
      const status = waitStatus(code, signal);
      this.emit('exit', status);
      if (status === 0) return;
      const reason = signal ? (CRASHES.has(signal) ? 'crashed' : 'killed') : 'abnormal-exit';
      app.emit(
        'child-process-gone',
        {},
        { type: 'Utility', reason, exitCode: status, serviceName: 'node.mojom.NodeService', name: serviceName },
      );
    });
  }
}

export const utilityProcess = {
  fork(path: string, args: readonly string[] = [], options: Electron.ForkOptions = {}): UtilityProcess {
    if (!runtime.ready) throw new Error('utilityProcess cannot be created before app is ready');
    return new UtilityProcess(path, args, options);
  },
};
