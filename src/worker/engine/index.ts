import { eqnet } from '../../shared/contract/command-line.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { loadBinding, nativeModule } from './binding.ts';
import { createEagerExecutor } from './eager.ts';
import type { Executor, ExecutorKind } from './executor.ts';
import type { Program } from './graph.ts';
import type { WrapKernels } from './interpreter.ts';
import type { MlpModule } from './mlp.ts';
import { programToRun } from './program-to-run.ts';
import { SessionExecutor } from './session.ts';

export interface EngineOptions {
  kind: ExecutorKind;
  /** The TensorFlow addon; `session` and `eager` need it. */
  addonPath?: string;
  /** Our own ops for it, see binding.ts. */
  opsPath?: string;
  /** false writes the program without them although they are loaded; for tests. */
  fused?: boolean;
  /** whether forward convolutions go over codes, see `nodesToRun`; for tests */
  integers?: boolean;
  /** CPU threads inside one op; all cores when left out. Only the first executor of a process can choose. */
  threads?: number;
  /** Of the executors that run op by op; `session` has no use for it. */
  wrap?: WrapKernels;
}

/** For executors that know nothing of checkpointing. */
const opByOp = (program: Program): Program =>
  [...program.functions.values()].some(({ checkpointing }) => checkpointing) ? programToRun(program, false) : program;

/**
 * Makes an executor for a program: `session` is the fast one, `eager` runs op by op, `portable` needs no native code.
 * @throws WorkbenchError `engine-missing` without an addon, `engine-failed` when it does not load or refuses the program
 */
export async function createExecutor(
  program: Program,
  { kind, addonPath, opsPath, fused, integers, threads, wrap }: EngineOptions,
): Promise<Executor> {
  if (kind === 'portable') {
    // Loaded on demand, so that a process with TensorFlow does not load a second tensor library.
    const { createPortableExecutor } = await import('./portable.ts');
    return createPortableExecutor(opByOp(program), undefined, wrap);
  }
  if (!addonPath) {
    throw new WorkbenchError(
      'engine-missing',
      `The ${kind} engine needs TensorFlow, which is not installed; run '${eqnet('engine install')}', or choose the portable engine.`,
    );
  }
  const binding = loadBinding(addonPath, { threads, opsPath });
  return kind === 'session' ? new SessionExecutor(binding, program, fused, integers) : createEagerExecutor(binding, opByOp(program), wrap);
}

/** What computes accuracy predictors without an executor; null on the portable engine, on a GPU and where our own code is not compiled. */
export function mlpEngine({ kind, addonPath, opsPath, threads }: EngineOptions): MlpModule | null {
  if (kind === 'portable' || !addonPath) return null;
  loadBinding(addonPath, { threads, opsPath });
  return nativeModule();
}
