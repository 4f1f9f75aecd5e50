import type { Executor, ExecutorFactory, ExecutorKind } from './executor.ts';
import type { Program } from './graph.ts';
import { createExecutor, mlpEngine } from './index.ts';
import type { MlpModule } from './mlp.ts';

/** Where the addon lies; vitest.config.ts looks for an installed engine. */
const addonPath = process.env.EQNET_ADDON || undefined;
const opsPath = process.env.EQNET_OPS || undefined;

export interface TestExecutor {
  kind: ExecutorKind;
  create: ExecutorFactory;
}

/** The executors that this machine can run: always the portable one, and the two on TensorFlow where an addon is installed. */
export function testExecutors(): TestExecutor[] {
  const kinds: ExecutorKind[] = addonPath ? ['session', 'eager', 'portable'] : ['portable'];
  return kinds.map((kind) => ({ kind, create: (program): Promise<Executor> => createExecutor(program, { kind, addonPath, opsPath }) }));
}

/** The session executor on a machine that could not compile the fused ops; null where that is the only one there is. */
export const plainSession: ExecutorFactory | null =
  addonPath && opsPath ? (program) => createExecutor(program, { kind: 'session', addonPath, opsPath, fused: false }) : null;

/** The session executor whose forward convolutions go over codes (or not), whatever this machine does faster; null without our own ops. */
export const codesSession =
  addonPath && opsPath
    ? (program: Program, integers: boolean) => createExecutor(program, { kind: 'session', addonPath, opsPath, integers })
    : null;

/** What computes predictors without an executor; null without our own native code. */
export const testMlp = (): MlpModule | null => (addonPath && opsPath ? mlpEngine({ kind: 'session', addonPath, opsPath }) : null);

const missing = addonPath
  ? 'our own ops skipped: they are not compiled, `npm run eqnet -- engine install` does it'
  : 'session and eager skipped: no TensorFlow addon was found';
/** Ends the names of test groups, so that a report says what was left out. */
export const nativeNote = addonPath && opsPath ? '' : ` (${missing})`;
