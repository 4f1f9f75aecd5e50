import { multipliesBytes } from './binding.ts';
import { nodesOf, type FusedNodes } from './fuse.ts';
import type { ProgramFunction } from './graph.ts';
import { peakOf } from './peak-memory.ts';
import { withRecomputation } from './recompute.ts';

/**
 * What the session runs for a function: `nodesOf`, with gradient checkpointing where the function has it.
 * @param integers whether forward convolutions go over codes; by default where that pays on this machine
 */
export function nodesToRun(fn: ProgramFunction, fused: boolean, integers = multipliesBytes()): FusedNodes {
  const nodes = nodesOf(fn, fused, integers);
  return fn.checkpointing ? withRecomputation(nodes, new Set(fn.outputs.values())) : nodes;
}

/**
 * Most bytes of tensors that one call of a function holds at once in a session, see `peakOf`.
 * @param fused whether the session has our own ops, which keep fewer tensors
 */
export function peakBytes(fn: ProgramFunction, fused: boolean): number {
  return peakOf(nodesToRun(fn, fused), new Set(fn.outputs.values()));
}
