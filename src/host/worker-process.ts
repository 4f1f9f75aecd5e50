import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { WorkbenchError, fromErrorPayload } from '../shared/contract/errors.ts';
import type { HostMessage, WorkerMessage } from '../shared/contract/job-protocol.ts';
import { cacheDirectory, dataCacheDirectory } from './engine/cache-dir.ts';
import { packageRoot } from './package-root.ts';
import { forkWorker, type WorkerHandle, type WorkerLauncher } from './worker-launcher.ts';

const KEPT_LINES = 20;

/** What TensorFlow prints in every process: notices and warnings of its log, in the two forms it has had, and what belongs to them. */
const CHATTER =
  /^([IW]\d{4} |WARNING: All log messages before absl|To enable the following instructions)|: [IW] (tensorflow|external)\/|oneDNN custom operations are on/;

/** A finish-now request is answered after the current step and a checkpoint; the portable engine's steps take seconds. */
const STOP_SECONDS = 60;
const CLOSE_SECONDS = 5;

export interface WorkerProcessOptions {
  /** The built worker; left out, the one of this installation. */
  workerPath?: string;
  env?: NodeJS.ProcessEnv;
  /** What starts the process; child_process when left out. */
  launch?: WorkerLauncher;
  /** What a person does when it is stopped or dies, as the end of a sentence; that of a run when left out. */
  wayOut?: string;
  /** Everything that no `request` waits for: progress, metrics, units, log lines. */
  onMessage?: (message: WorkerMessage) => void;
}

type News = 'progress' | 'metrics' | 'log' | 'unit' | 'paused' | 'resumed' | 'checkpoint' | 'search-points' | 'vitals';
type AnswerType = Exclude<WorkerMessage['type'], News | 'stopped' | 'failed'>;
/** Messages that steer a request that is under way; nothing waits for their answers. */
type Steering = Extract<HostMessage, { type: 'pause' | 'resume' | 'snapshot' | 'finish' }>;
type Answer<T extends AnswerType> = Extract<WorkerMessage, { type: T }>;

interface Pending {
  answer: AnswerType;
  resolve: (message: never) => void;
  reject: (error: unknown) => void;
}

function defaultWorkerPath(): string {
  return join(packageRoot, 'out', 'node', 'worker.js');
}

/**
 * One worker process and the conversation with it. A native fault ends only that process: every request that waits
 * then fails with `worker-died`, which tells how it died and its last words.
 */
export class WorkerProcess {
  private readonly child: WorkerHandle;
  private readonly lastLines: string[] = [];
  private readonly exited: Promise<void>;
  private pending: Pending | null = null;
  private stopping = false;
  private death: WorkbenchError | null = null;

  constructor(private readonly options: WorkerProcessOptions = {}) {
    const path = options.workerPath ?? defaultWorkerPath();
    if (!existsSync(path)) {
      throw new WorkbenchError(
        'internal',
        `The worker program ${path} is missing: run 'npm run build', or install EQ-Net Workbench again.`,
      );
    }
    this.child = (options.launch ?? forkWorker)({
      path,
      env: { TF_CPP_MIN_LOG_LEVEL: '1', EQNET_DATA_CACHE: dataCacheDirectory(cacheDirectory()), ...process.env, ...options.env },
    });
    process.once('exit', this.endWithHost);
    for (const stream of [this.child.stdout, this.child.stderr]) if (stream) this.keepLines(stream);
    this.child.onMessage((message) => this.receive(message));
    this.exited = new Promise((resolve) => {
      this.child.onExit((code, signal, problem) => {
        process.removeListener('exit', this.endWithHost);
        if (problem) this.lastLines.push(problem);
        this.die(code, signal);
        resolve();
      });
    });
  }

  /** Undefined when the process could not be started at all. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /**
   * Sends a message and waits for its answer; one request at a time.
   * @throws WorkbenchError what the worker reports as failed; `worker-died`; `stopped` after `stop`
   */
  request<T extends AnswerType>(message: HostMessage, answer: T): Promise<Answer<T>> {
    if (this.pending) throw new Error(`The worker is still busy: '${message.type}' has to wait.`);
    return new Promise((resolve, reject) => {
      this.pending = { answer, resolve: resolve as (message: never) => void, reject };
      if (this.death) this.settle((pending) => pending.reject(this.death));
      else this.send(message);
    });
  }

  /** False once the process has ended or was asked to. */
  get alive(): boolean {
    return !this.death && !this.stopping;
  }

  /** Steers the request that is under way. */
  tell(message: Steering): void {
    this.send(message);
  }

  /** Asks the worker to finish its step and checkpoint; the request that waits fails with `stopped`. Kills it after a while. */
  stop(): void {
    if (this.stopping) return;
    this.stopping = true;
    this.send({ type: 'stop' });
    // a worker that is held has to go on to see it
    this.send({ type: 'resume' });
    setTimeout(() => this.kill(), STOP_SECONDS * 1000).unref();
  }

  /** Ends the process at once; what it had not stored is lost. The request that waits fails with `stopped`. */
  cancel(): void {
    this.stopping = true;
    this.kill();
  }

  private kill(): void {
    this.child.kill('SIGKILL');
  }

  /** Ends the process and waits until it is gone; never throws. */
  async close(): Promise<void> {
    if (!this.death) this.send({ type: 'close' });
    const timer = setTimeout(() => this.kill(), CLOSE_SECONDS * 1000);
    await this.exited;
    clearTimeout(timer);
  }

  /** Fails the waiting request, for instance when its results cannot be stored, and ends the process. */
  abort(error: unknown): void {
    this.settle((pending) => pending.reject(error));
    this.kill();
  }

  private readonly endWithHost = (): void => this.kill();

  private send(message: HostMessage): void {
    if (!this.child.connected) return;
    this.child.send(message);
  }

  private receive(message: WorkerMessage): void {
    switch (message.type) {
      case 'failed':
        this.settle((pending) => pending.reject(fromErrorPayload(message.error)));
        break;
      case 'stopped':
        this.settle((pending) => pending.reject(this.stopped()));
        break;
      default:
        if (message.type === this.pending?.answer) this.settle((pending) => pending.resolve(message as never));
        else this.options.onMessage?.(message);
    }
  }

  private settle(act: (pending: Pending) => void): void {
    const { pending } = this;
    this.pending = null;
    if (pending) act(pending);
  }

  private die(code: number | null, signal: NodeJS.Signals | null): void {
    const how = signal ? `was ended by ${signal}` : code === null ? 'could not be started' : `ended with exit code ${code}`;
    // whoever is killed from outside has no last words
    const words = this.lastLines.length && signal !== 'SIGKILL' ? `; its last words: ${lastWords(this.lastLines)}` : '';
    const memory = signal === 'SIGKILL' ? ' (often the system is out of memory)' : '';
    // Ctrl-C on a terminal reaches the worker as well, and before it is ready to listen it ends at once.
    this.death =
      this.stopping || signal === 'SIGINT'
        ? this.stopped()
        : new WorkbenchError('worker-died', `The worker ${how}${memory}${words}; ${this.wayOut}.`, {
            exitCode: code,
            signal,
            lastLines: [...this.lastLines],
          });
    this.settle((pending) => pending.reject(this.death));
  }

  private get wayOut(): string {
    return this.options.wayOut ?? 'what it finished is stored, run again with --resume';
  }

  private stopped(): WorkbenchError {
    return new WorkbenchError('stopped', `Stopped: ${this.wayOut}.`);
  }

  private keepLines(stream: NodeJS.ReadableStream): void {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      if (process.env.EQNET_DEBUG) process.stderr.write(chunk);
      const lines = (rest + chunk).split(/\r?\n/);
      rest = lines.pop()!.slice(-4000);
      for (const line of lines) this.keep(line.trim());
    });
    stream.on('end', () => {
      this.keep(rest.trim());
    });
  }

  private keep(line: string): void {
    if (!line || CHATTER.test(line)) return;
    this.lastLines.push(line.slice(0, 300));
    if (this.lastLines.length > KEPT_LINES) this.lastLines.shift();
  }
}

/** The line that names the error, if one does; a stack trace below it says nothing to people. */
function lastWords(lines: readonly string[]): string {
  const told = lines.findLast((line) => /error|fault|fatal|abort|terminate/i.test(line) && !/^(at |code:|node:|throw )/.test(line));
  return told ?? lines.slice(-3).join(' | ');
}
