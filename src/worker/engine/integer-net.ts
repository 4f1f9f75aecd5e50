/**
 * A network of integers as resources/engine/native/integer_net.cc runs it: no TensorFlow, one pass of each image through all
 * layers, exact sums.
 */
import { WorkbenchError } from '../../shared/contract/errors.ts';

/** Kinds of ops, in the order of `OpKind` in integer_net.h. */
const OP_KINDS = ['input', 'convolution', 'map', 'add', 'multiply', 'concat', 'maxpool', 'avgpool', 'globalpool'] as const;
/** What happens to an op's values before they are quantized, in the order of `StageKind`. */
const STAGE_KINDS = ['relu', 'swish', 'sigmoid', 'normalize'] as const;

export interface IntegerOp {
  kind: (typeof OP_KINDS)[number];
  /** Earlier ops that made the inputs. */
  inputs: readonly number[];
  /** of one image; vectors are [1, 1, length] */
  shape: readonly [height: number, width: number, channels: number];
  kernel?: readonly [number, number];
  stride?: readonly [number, number];
  padding?: readonly [number, number, number, number];
  groups?: number;
  countPadding?: boolean;
  /** of the output; null where it stays in floats */
  quantizer: number | null;
  /** relu: [largest value]; normalize: means, then deviations */
  stages: { kind: (typeof STAGE_KINDS)[number]; constants: readonly number[] }[];
}

export interface IntegerPlan {
  ops: readonly IntegerOp[];
  quantizers: number;
}

type Handle = object;

/** Exports of the native module; see integer_api.cc. */
export interface IntegerModule {
  createIntegerNet(plan: Int32Array, constants: Float32Array, kernels?: InstructionSet): Handle | null;
  loadIntegerNet(net: Handle, grids: Float32Array, weights: readonly Int8Array[], zeroPoints: readonly Int32Array[]): void;
  foldIntegerNet(net: Handle, convolution: number, scale: Float32Array, bias: Float32Array): void;
  evaluateIntegerNet(net: Handle, images: Uint8Array): Promise<Float32Array>;
  beginIntegerNet(net: Handle, images: Uint8Array): void;
  momentsIntegerNet(net: Handle, convolution: number, images: Uint8Array): Promise<Float64Array>;
  endIntegerNet(net: Handle): void;
  releaseIntegerNet(net: Handle): void;
  readonly multipliesBytes: boolean;
  /** whether the processor multiplies and adds floats in one instruction, and the module has kernels for it */
  readonly fusesProducts: boolean;
}

export const INSTRUCTION_SETS = ['avx512vnni', 'avx2', 'plain'] as const;
export type InstructionSet = (typeof INSTRUCTION_SETS)[number];

/** The numbers that `IntegerNet`'s constructor in integer_plan.cc reads. */
function encodePlan({ ops, quantizers }: IntegerPlan): { plan: Int32Array; constants: Float32Array } {
  const constants: number[] = [];
  const plan = [ops.length, quantizers];
  for (const op of ops) {
    plan.push(OP_KINDS.indexOf(op.kind), op.inputs.length, ...op.inputs, ...op.shape);
    plan.push(...(op.kernel ?? [1, 1]), ...(op.stride ?? [1, 1]), ...(op.padding ?? [0, 0, 0, 0]));
    plan.push(op.groups ?? 1, Number(op.countPadding ?? false), op.quantizer ?? -1, op.stages.length);
    for (const stage of op.stages) {
      plan.push(STAGE_KINDS.indexOf(stage.kind), constants.length);
      constants.push(...stage.constants);
    }
  }
  return { plan: Int32Array.from(plan), constants: Float32Array.from(constants) };
}

/** One network with one configuration at a time. `release` gives its memory back; it must not be used afterwards. */
export class IntegerNet {
  private readonly net: Handle;
  private batch: Uint8Array = new Uint8Array(0);

  /** @throws WorkbenchError `engine-failed` where this machine lacks the instruction set that is asked for */
  constructor(
    private readonly module: IntegerModule,
    plan: IntegerPlan,
    instructions?: InstructionSet,
  ) {
    const encoded = encodePlan(plan);
    const net = module.createIntegerNet(encoded.plan, encoded.constants, instructions);
    if (!net) throw new WorkbenchError('engine-failed', `This processor has no ${instructions}: choose another instruction set.`);
    this.net = net;
  }

  /**
   * @param grids step, offset, smallest and largest code of each quantizer
   * @param weights codes of each convolution, output channel fastest
   * @param zeroPoints of each output channel
   */
  load(grids: Float32Array, weights: readonly Int8Array[], zeroPoints: readonly Int32Array[]): void {
    this.module.loadIntegerNet(this.net, grids, weights, zeroPoints);
  }

  /** y = sum * scale + bias of each output channel of a convolution. */
  fold(convolution: number, scale: Float32Array, bias: Float32Array): void {
    this.module.foldIntegerNet(this.net, convolution, scale, bias);
  }

  /** @param images uint8 NHWC @returns the last op's values, image by image; off this thread */
  evaluate(images: Uint8Array): Promise<Float32Array> {
    return this.module.evaluateIntegerNet(this.net, images);
  }

  /** Starts a pass of all images layer by layer; `moments` goes on with it. */
  begin(images: Uint8Array): void {
    this.batch = images;
    this.module.beginIntegerNet(this.net, images);
  }

  /**
   * Sums and sums of squares of a convolution's integer outputs over all images and pixels, two vectors one after the other;
   * every convolution before it must be folded.
   */
  moments(convolution: number): Promise<Float64Array> {
    return this.module.momentsIntegerNet(this.net, convolution, this.batch);
  }

  end(): void {
    this.module.endIntegerNet(this.net);
    this.batch = new Uint8Array(0);
  }

  release(): void {
    this.module.releaseIntegerNet(this.net);
  }
}
