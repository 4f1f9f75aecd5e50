import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, onTestFinished } from 'vitest';
import { OWNER_FILE } from '../../src/host/project-lock.ts';
import { ProjectStore } from '../../src/host/project-store.ts';
import { EXIT_CODES, type ErrorCode } from '../../src/shared/contract/errors.ts';

const program = fileURLToPath(new URL('../../scripts/eqnet.mjs', import.meta.url));
const tinyFile = fileURLToPath(new URL('../../resources/recipes/tiny.json', import.meta.url));

/** Milliseconds for one whole run of `tiny`, on a machine that is busy with other things. */
export const RUN_TIMEOUT = 300_000;

const nativeInstalled = Boolean(process.env.EQNET_ADDON);

export interface TestEngine {
  executor: 'session' | 'portable';
  installed: boolean;
  /** for the name of a test: the engine, and why its tests are skipped */
  title: string;
}

export const ENGINES: readonly TestEngine[] = [
  {
    executor: 'session',
    installed: nativeInstalled,
    title: nativeInstalled ? 'native engine' : 'native engine (skipped: TensorFlow is not installed, see eqnet engine install)',
  },
  { executor: 'portable', installed: true, title: 'portable engine' },
];

/** The fastest engine that there is, for what is the same with every engine. */
export const anyEngine = ENGINES.find(({ installed }) => installed)!;

export interface Result {
  exit: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

export interface Options {
  cwd?: string;
  /** replaces variables of the environment; undefined takes one away */
  env?: Record<string, string | undefined>;
}

const running = new Set<Eqnet>();

// whatever a failed test has left behind; the worker follows by itself
afterEach(async () => {
  const left = [...running];
  for (const { child } of left) child.kill('SIGKILL');
  await Promise.all(left.map(({ ended }) => ended));
});

/** The built `eqnet` as a process of its own. */
export class Eqnet {
  readonly child: ChildProcess;
  readonly ended: Promise<Result>;
  private readonly result: Result = { exit: null, signal: null, out: '', err: '' };

  constructor(argv: readonly string[], { cwd = tmpdir(), env = {} }: Options = {}) {
    // a group of its own, so that a signal can be sent to all of it, as the terminal sends Ctrl-C
    this.child = spawn(process.execPath, [program, ...argv], {
      cwd,
      // hints then name the command as the documentation does
      env: { ...process.env, EQNET_PROGRAM: 'eqnet', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.result.out += text));
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.result.err += text));
    running.add(this);
    this.ended = once(this.child, 'close').then(([exit, signal]) => {
      running.delete(this);
      return Object.assign(this.result, { exit, signal });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Stops it as Ctrl-C does; its worker is gone when it has ended. */
  async stop(): Promise<Result> {
    this.child.kill('SIGINT');
    return this.ended;
  }

  /** Waits until standard error holds something. */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.result.err)) {
      const next = await Promise.race([once(this.child.stderr!, 'data').then(() => null), this.ended]);
      if (next && !pattern.test(next.err)) throw new Error(`eqnet ended before it said ${pattern}:\n${next.err}`);
    }
  }

  /** Waits until a project that this process writes is in some state; looks again whenever its files change. */
  async reaches(project: string, state: (store: ProjectStore) => boolean): Promise<void> {
    const holds = () => {
      try {
        const store = ProjectStore.openReadOnly(project);
        try {
          return state(store);
        } finally {
          store.close();
        }
      } catch {
        // nothing to read yet
        return false;
      }
    };
    const watcher = watch(project);
    try {
      while (!holds()) {
        const ended = await Promise.race([once(watcher, 'change').then(() => null), this.ended]);
        if (ended) throw new Error(`eqnet ended before its project came so far (exit ${ended.exit}):\n${ended.err}`);
      }
    } finally {
      watcher.close();
    }
  }
}

export function eqnet(argv: readonly string[], options?: Options): Promise<Result> {
  return new Eqnet(argv, options).ended;
}

/** Runs a command with --json; its standard output must be exactly one JSON object, and the command must succeed. */
export async function eqnetJson(argv: readonly string[], options?: Options): Promise<unknown> {
  const result = await eqnet([...argv, '--json'], options);
  expect(result, result.err).toMatchObject({ exit: 0, signal: null });
  return onlyObject(result);
}

export function onlyObject({ out }: Result): unknown {
  const value: unknown = JSON.parse(out);
  expect(value).toBeTypeOf('object');
  return value;
}

/** Asserts that a command failed as documented, and returns its one sentence. */
export function failure(result: Result, code: ErrorCode): string {
  const lines = result.err.split('\n').filter((line) => line.startsWith('eqnet: '));
  expect(lines, result.err).toHaveLength(1);
  expect(result, result.err).toMatchObject({ exit: EXIT_CODES[code], signal: null });
  const message = lines[0].slice('eqnet: '.length);
  // neither a stack nor a bare error of the system
  expect(result.err).not.toMatch(/^\s+at |node:internal|TypeError|ENOENT:|EACCES:/m);
  if (result.out) expect(onlyObject(result)).toEqual({ error: { code, message, exitCode: EXIT_CODES[code] } });
  return message;
}

/** A folder of a whole file or `describe`: there from its first test to its last. */
export function sharedFolder(): string {
  const folder = join(tmpdir(), `eqnet-e2e-${randomUUID()}`);
  beforeAll(() => void mkdirSync(folder));
  afterAll(() => removeFolder(folder));
  return folder;
}

/** A folder of its own that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'eqnet-e2e-'));
  onTestFinished(() => removeFolder(folder));
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

type Section = Record<string, unknown>;

/** Writes the recipe `tiny` with some fields replaced. */
export function recipeFile(folder: string, over: Record<string, unknown> = {}, name = 'recipe.json'): string {
  const recipe = JSON.parse(readFileSync(tinyFile, 'utf8')) as Record<string, unknown>;
  const isSection = (value: unknown): value is Section => typeof value === 'object' && value !== null && !Array.isArray(value);
  for (const [key, value] of Object.entries(over))
    recipe[key] = isSection(value) && isSection(recipe[key]) ? { ...recipe[key], ...value } : value;
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(recipe));
  return path;
}

/** The process that computes for whoever has the project open. */
export function workerPid(project: string): number {
  const { workers } = JSON.parse(readFileSync(join(project, OWNER_FILE), 'utf8')) as { workers: { pid: number }[] };
  return workers[0].pid;
}
