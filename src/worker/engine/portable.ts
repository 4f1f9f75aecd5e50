import * as tf from '@tensorflow/tfjs-core';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { HostArray, Node, OpName, Program, Shape } from './graph.ts';
import { InterpretingExecutor, type AdamStep, type KernelLibrary, type WrapKernels } from './interpreter.ts';
import { CONVOLUTIONS } from './portable/convolution.ts';
import { ELEMENTWISE } from './portable/elementwise.ts';
import { LAYOUT } from './portable/layout.ts';
import { type Kernel, type PortableBackend, startPortableBackend, type TensorMemory } from './portable/memory.ts';
import { DEPTHWISE } from './portable/depthwise.ts';
import { NORMALIZATIONS } from './portable/normalization.ts';
import { POOLS } from './portable/pooling.ts';
import { QUANTIZATION } from './portable/quantization.ts';
import { REDUCTIONS } from './portable/reduction.ts';

const KERNELS: Partial<Record<OpName, Kernel>> = {
  ...ELEMENTWISE,
  ...REDUCTIONS,
  ...LAYOUT,
  ...CONVOLUTIONS,
  ...DEPTHWISE,
  ...POOLS,
  ...NORMALIZATIONS,
  ...QUANTIZATION,
};

/** The vocabulary without native code: convolutions and products by the wasm library, the rest mostly by plain loops. */
class PortableKernels implements KernelLibrary<tf.Tensor> {
  constructor(private readonly memory: TensorMemory) {}

  execute(node: Node, inputs: readonly tf.Tensor[]): tf.Tensor[] {
    const kernel = KERNELS[node.op];
    if (!kernel) throw new Error(`Op ${node.op} has no portable form.`);
    try {
      return tf.tidy(() => {
        const outputs = kernel(node, inputs, this.memory);
        return Array.isArray(outputs) ? outputs : [outputs];
      });
    } catch (error) {
      throw new WorkbenchError('engine-failed', `Op ${node.op} failed: ${(error as Error).message}.`, {}, error);
    }
  }

  upload(data: HostArray, shape: Shape): tf.Tensor {
    const tensor = this.memory.make(shape, data instanceof Float32Array ? 'float32' : 'int32');
    this.memory.view(tensor).set(data);
    return tensor;
  }
  download(tensor: tf.Tensor): HostArray {
    return this.memory.view(tensor).slice() as HostArray;
  }
  release(tensor: tf.Tensor): void {
    tensor.dispose();
  }
  copy(tensor: tf.Tensor): tf.Tensor {
    return tf.clone(tensor);
  }
  add(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
    return tf.add(a, b);
  }

  adam(
    state: { variable: tf.Tensor; momentum: tf.Tensor; velocity: tf.Tensor },
    step: AdamStep<tf.Tensor>,
  ): [tf.Tensor, tf.Tensor, tf.Tensor] {
    const { memory } = this;
    const { shape } = state.variable;
    const results: [tf.Tensor, tf.Tensor, tf.Tensor] = [memory.make(shape), memory.make(shape), memory.make(shape)];
    const [w, m, v, gradient] = [state.variable, state.momentum, state.velocity, step.gradient].map(memory.floats);
    const [newW, newM, newV] = results.map(memory.floats);
    const [rate, beta1Power, beta2Power] = [step.rate, step.beta1Power, step.beta2Power].map((scalar) => memory.floats(scalar)[0]);
    const { beta1, beta2, epsilon } = step;
    for (let i = 0; i < w.length; i++) {
      const g = gradient[i];
      newM[i] = beta1 * m[i] + (1 - beta1) * g;
      newV[i] = beta2 * v[i] + (1 - beta2) * g * g;
      newW[i] = w[i] - (rate * newM[i]) / (1 - beta1Power) / (Math.sqrt(newV[i] / (1 - beta2Power)) + epsilon);
    }
    return results;
  }

  tensors(): number {
    return tf.memory().numTensors;
  }
  dispose(): void {}
}

/**
 * An executor that needs no native code: slow, for tests, small data sets and machines without TensorFlow.
 * @param backends what to try, in order; a process keeps the first that loads
 * @throws WorkbenchError `engine-failed` when none loads
 */
export async function createPortableExecutor(
  program: Program,
  backends?: readonly PortableBackend[],
  wrap: WrapKernels = (library) => library,
): Promise<InterpretingExecutor<tf.Tensor>> {
  return new InterpretingExecutor('portable', program, wrap(new PortableKernels(await startPortableBackend(backends))));
}
