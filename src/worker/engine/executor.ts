import type { HostArray, Program } from './graph.ts';

export type ExecutorKind = 'session' | 'eager' | 'portable';

/** How much memory an executor holds; `tensors` must not grow from step to step. */
export interface EngineMemory {
  tensors: number;
  rssBytes: number;
}

/**
 * Runs a program. Host arrays are row-major; `run` returns arrays that the caller owns.
 * A call of `run` is one unit of work: it cannot be interrupted, so callers check for stop requests between calls.
 */
export interface Executor {
  readonly kind: ExecutorKind;
  /** Milliseconds that went so far into making tensors of what calls were fed with, while nothing was computed. */
  readonly feedMilliseconds: number;
  /**
   * Runs one function.
   * @param feeds   one array for each feed that the wanted outputs and the effects need
   * @param outputs names to return; all when left out. With an explicit list, effects are run only if `effects` is true.
   * @throws WorkbenchError `engine-failed` with the engine's own words
   */
  run(
    name: string,
    feeds: Readonly<Record<string, HostArray>>,
    outputs?: readonly string[],
    effects?: boolean,
  ): Promise<Record<string, HostArray>>;
  /** Every variable must be written once before a function reads it. */
  write(values: ReadonlyMap<string, HostArray>): Promise<void>;
  read(names: readonly string[]): Promise<Map<string, HostArray>>;
  memory(): EngineMemory;
  dispose(): void;
}

export type ExecutorFactory = (program: Program) => Promise<Executor>;
