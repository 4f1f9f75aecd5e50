import { availableParallelism } from 'node:os';
import type { OpenedInfo, WorkerOptions } from '../../shared/contract/job-protocol.ts';
import { tensorflowVersion, usesGpu } from '../engine/binding.ts';

/** Always a number: sums are split among the threads, so their count is part of what makes a digest. */
export const threadsOf = ({ threads }: WorkerOptions['engine']): number =>
  threads ?? (Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism());

/** What computes in this process; loads the native engine where it is that. */
export function engineFacts(engine: WorkerOptions['engine']): OpenedInfo['engine'] & { threads: number } {
  const native = engine.executor !== 'portable';
  const threads = threadsOf(engine);
  return {
    executor: engine.executor,
    version:
      native && engine.addonPath
        ? `TensorFlow ${tensorflowVersion(engine.addonPath, { threads, opsPath: engine.opsPath })}`
        : 'TensorFlow.js wasm',
    threads: native ? threads : 1,
    gpu: native && usesGpu(),
  };
}
