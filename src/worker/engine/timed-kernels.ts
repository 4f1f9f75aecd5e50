import { GraphBuilder } from './builder.ts';
import type { DType, HostArray, Node, Shape } from './graph.ts';
import type { AdamStep, KernelLibrary } from './interpreter.ts';

/** Milliseconds that one node took. */
export interface NodeTime {
  total: number;
  /** of the same op without its fake quantization; `total` where there is none within it */
  unquantized: number;
}

const ROUNDS = 200;

/** The number of inputs in front of the quantizers' scalars, of the ops that have quantizers within them. */
const LEADING: Partial<Record<Node['op'], number>> = { FusedBatchNorm: 3, FusedBatchNormGrad: 6 };
const QUANTIZER_INPUTS = 4;

/** The same op without the fake quantization in it; null where there is none. */
function withoutQuantization(node: Node): { node: Node; keep: (input: unknown, index: number) => boolean } | null {
  const leading = LEADING[node.op];
  const { quantize, inner } = node.attributes;
  if (leading === undefined || (!quantize && !inner)) return null;
  const behind = leading + QUANTIZER_INPUTS * (Number(Boolean(quantize)) + Number(Boolean(inner)));
  const keep = (_: unknown, index: number) => index < leading || index >= behind;
  return { node: { ...node, attributes: { ...node.attributes, quantize: false, inner: false }, inputs: node.inputs.filter(keep) }, keep };
}

/**
 * Kernels with a stopwatch. A kernel is done when its call returns: true of TensorFlow's eager ops on a processor and of the
 * portable kernels, not of a GPU. Batch normalization with fake quantization in it runs twice, with it and without.
 */
export class TimedKernels<T> implements KernelLibrary<T> {
  private nodes = new Map<Node, NodeTime>();
  private changes = 0;

  constructor(private readonly library: KernelLibrary<T>) {}

  /** Takes what was measured since the last call: of each node, and of the changes of variables together. */
  take(): { nodes: Map<Node, NodeTime>; changes: number } {
    const taken = { nodes: this.nodes, changes: this.changes };
    this.nodes = new Map();
    this.changes = 0;
    return taken;
  }

  /** Median of what one op takes that has next to nothing to compute, ms. */
  dispatch(): number {
    const b = new GraphBuilder();
    let node: Node | undefined;
    b.function('dispatch', () => {
      const y = b.neg(b.feed('x', []));
      ({ node } = y);
      return { y };
    });
    const input = this.library.upload(Float32Array.of(1), []);
    const times = Array.from({ length: ROUNDS }, () =>
      this.time(() => this.library.execute(node!, [input]).forEach((y) => this.library.release(y))),
    );
    this.library.release(input);
    return times.sort((a, c) => a - c)[ROUNDS / 2];
  }

  private time(work: () => void): number {
    const started = performance.now();
    work();
    return performance.now() - started;
  }

  execute(node: Node, inputs: readonly T[]): T[] {
    let outputs: T[] = [];
    const total = this.time(() => (outputs = this.library.execute(node, inputs)));
    const plain = withoutQuantization(node);
    let unquantized = total;
    if (plain) {
      let spare: T[] = [];
      unquantized = this.time(() => (spare = this.library.execute(plain.node, inputs.filter(plain.keep))));
      for (const tensor of spare) this.library.release(tensor);
    }
    this.nodes.set(node, { total, unquantized });
    return outputs;
  }

  private change<R>(work: () => R): R {
    let result: R | undefined;
    this.changes += this.time(() => (result = work()));
    return result as R;
  }
  copy(tensor: T, dtype: DType): T {
    return this.change(() => this.library.copy(tensor, dtype));
  }
  add(a: T, b: T, dtype: DType): T {
    return this.change(() => this.library.add(a, b, dtype));
  }
  adam(state: { variable: T; momentum: T; velocity: T }, step: AdamStep<T>): [T, T, T] {
    return this.change(() => this.library.adam(state, step));
  }

  upload(data: HostArray, shape: Shape): T {
    return this.library.upload(data, shape);
  }
  download(tensor: T): HostArray {
    return this.library.download(tensor);
  }
  release(tensor: T): void {
    this.library.release(tensor);
  }
  tensors(): number {
    return this.library.tensors();
  }
  dispose(): void {
    this.library.dispose();
  }
}
