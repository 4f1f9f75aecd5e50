/** Small multilayer perceptrons as resources/engine/native/mlp.cc computes them: one call for all rows and members, without TensorFlow. */
import { WorkbenchError } from '../../shared/contract/errors.ts';

type Handle = object;

export const MLP_INSTRUCTION_SETS = ['avx512', 'avx2', 'plain'] as const;
export type MlpInstructionSet = (typeof MLP_INSTRUCTION_SETS)[number];

/** Exports of the native module; see mlp_api.cc. */
export interface MlpModule {
  createMlp(widths: Int32Array, members: number, tensors: readonly Float32Array[], instructions?: MlpInstructionSet): Handle | null;
  predictMlp(net: Handle, codes: Float32Array, means: Float32Array): void;
  releaseMlp(net: Handle): void;
}

/** An ensemble: ReLU layers, then one linear output; predicts the mean over the members. `dispose` gives its memory back. */
export class Mlp {
  private readonly net: Handle;

  /**
   * @param widths columns of the code, units of each hidden layer, 1
   * @param tensors for each member and layer the weights [in, out] and the biases [out]; they are copied
   * @throws WorkbenchError `engine-failed` where this machine lacks the instruction set that is asked for
   */
  constructor(
    private readonly module: MlpModule,
    widths: readonly number[],
    members: number,
    tensors: readonly Float32Array[],
    instructions?: MlpInstructionSet,
  ) {
    const net = module.createMlp(Int32Array.from(widths), members, tensors, instructions);
    if (!net) throw new WorkbenchError('engine-failed', `This processor has no ${instructions}: choose another instruction set.`);
    this.net = net;
  }

  /** @param codes [count, columns] @returns [count]; the same bits for a row in every call */
  predict(codes: Float32Array, count: number): Float32Array {
    const means = new Float32Array(count);
    this.module.predictMlp(this.net, codes, means);
    return means;
  }

  dispose(): void {
    this.module.releaseMlp(this.net);
  }
}
