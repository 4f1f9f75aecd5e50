/**
 * The engine's intermediate form: a static graph over one small op vocabulary, written once by a `GraphBuilder` and run
 * by any executor. Shapes are static and known while building.
 */
export type DType = 'float32' | 'int32' | 'bool';
export type Shape = readonly number[];
export type HostArray = Float32Array | Int32Array;

/** Attributes of each op; ops that are not listed have none. */
export interface OpAttributes {
  Placeholder: { name: string };
  Const: { data: HostArray };
  ReadVariable: { variable: Variable };
  AssignVariable: { variable: Variable };
  AssignAddVariable: { variable: Variable };
  ApplyAdam: { variable: Variable; momentum: Variable; velocity: Variable; beta1: number; beta2: number; epsilon: number };
  AdamInPlace: InPlace & { count: number; extraScale: number; beta1: number; beta2: number; epsilon: number };
  TableAdamInPlace: InPlace & { first: number; beta1: number; beta2: number; epsilon: number };
  Sum: Reduction;
  Mean: Reduction;
  Max: Reduction;
  Min: Reduction;
  Reshape: { shape: Shape };
  BroadcastTo: { shape: Shape };
  Concat: { axis: number };
  Split: { sizes: readonly number[]; axis: number };
  SegmentSum: { segments: number };
  Conv2D: Convolution;
  /** a `Conv2D` of fake-quantized tensors, over their codes */
  QuantConv2D: Convolution;
  Conv2DBackpropInput: Convolution & { inputShape: Shape };
  Conv2DBackpropFilter: Convolution & { filterShape: Shape };
  DepthwiseConv2D: Convolution;
  DepthwiseConv2DBackpropInput: Convolution & { inputShape: Shape };
  DepthwiseConv2DBackpropFilter: Convolution & { filterShape: Shape };
  MaxPool: Pooling;
  MaxPoolGrad: Pooling;
  AvgPool: Pooling;
  AvgPoolGrad: Pooling & { inputShape: Shape };
  MatMul: { transposeA: boolean; transposeB: boolean };
  BatchNormTrain: { epsilon: number };
  BatchNormGrad: { epsilon: number };
  BatchNormInference: { epsilon: number };
  /** `BatchNormInference` and the ReLU behind it: clipped to [low, high] */
  ClippedBatchNormInference: { epsilon: number; low: number; high: number };
  FakeQuant: { relu: boolean };
  FakeQuantGrad: { relu: boolean };
  FusedBatchNorm: FusedBatchNorm;
  FusedBatchNormGrad: FusedBatchNorm;
}
/** Of an op of our own that changes what it reads; see `GraphBuilder.inPlace`. */
export interface InPlace {
  changed: readonly Variable[];
}
/** Batch normalization with all that comes right behind it; only `fuse.ts` makes these. */
export interface FusedBatchNorm {
  epsilon: number;
  residual: boolean;
  /** fake quantization before the residual is added */
  inner: boolean;
  relu: boolean;
  /** upper end of the ReLU: 6 or Infinity */
  cap: number;
  quantize: boolean;
}
export interface Reduction {
  axes: readonly number[];
  keepDims: boolean;
}
export interface Convolution {
  stride: readonly [number, number];
  /** top, bottom, left, right */
  padding: readonly [number, number, number, number];
}

export interface Pooling extends Convolution {
  kernel: readonly [number, number];
}

export const UNARY_OPS = [
  'Neg',
  'Exp',
  'Log',
  'Sqrt',
  'Square',
  'Reciprocal',
  'Rint',
  'Abs',
  'Relu',
  'Relu6',
  'Sigmoid',
  'Swish',
  'Softmax',
  'LogSoftmax',
  'ZerosLike',
] as const;
export const BINARY_OPS = ['Add', 'Sub', 'Mul', 'Div', 'Maximum', 'Minimum', 'Pow'] as const;
export type UnaryOp = (typeof UNARY_OPS)[number];
export type BinaryOp = (typeof BINARY_OPS)[number];

export type OpName =
  | keyof OpAttributes
  | UnaryOp
  | BinaryOp
  | 'Equal'
  | 'CastBool'
  | 'Clip'
  | 'AddN'
  | 'Unpack'
  | 'Pack'
  | 'Gather'
  | 'BiasAdd'
  | 'BiasAddGrad'
  | 'ReluGrad'
  | 'Relu6Grad'
  | 'SwishGrad'
  | 'SoftmaxCrossEntropy'
  | 'ChannelFakeQuant'
  | 'ChannelFakeQuantGrad'
  | 'WeightMoments';

export interface Value {
  readonly node: Node;
  readonly index: number;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** What a node is there for; a profile sums by it. */
export interface Origin {
  /** layer of the network; null for what is around it */
  readonly layer: string | null;
  /** `bookkeeping`: tables, accumulators, optimizer */
  readonly purpose: 'network' | 'weight-quantization' | 'activation-quantization' | 'loss' | 'bookkeeping';
  /** whether it belongs to a gradient */
  readonly backward: boolean;
}

export interface Node {
  /** Creation order; inputs always have smaller ids, so it is a topological order. */
  readonly id: number;
  readonly op: OpName;
  readonly origin: Origin;
  readonly inputs: readonly Value[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly outputs: readonly Value[];
  /** Nodes that must be done before, besides those of the inputs; only `withRecomputation` says so. */
  readonly after?: readonly Node[];
  /** Whether it is what the node with the same id does, once more. */
  readonly again?: boolean;
}

export interface Variable {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** An entry point of a program: feeds in, named outputs out, state changes on the way. */
export interface ProgramFunction {
  readonly name: string;
  readonly feeds: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
  readonly effects: readonly Node[];
  readonly unions: readonly Union[];
  /** Whether its gradients compute the forward pass again instead of keeping it: see `withRecomputation`. */
  readonly checkpointing: boolean;
}

/**
 * An op of our own that computes what several nodes do, or makes the changes that several effects make; executors that do not have
 * it run those.
 */
export interface Union {
  readonly op: OpName;
  readonly origin: Origin;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly effects: readonly Node[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Several functions over shared variables. */
export interface Program {
  readonly variables: readonly Variable[];
  readonly functions: ReadonlyMap<string, ProgramFunction>;
}

export function attributesOf<K extends keyof OpAttributes>(node: Node, op: K): OpAttributes[K] {
  if (node.op !== op) throw new Error(`Node ${node.id} is a ${node.op}, not a ${op}.`);
  return node.attributes as unknown as OpAttributes[K];
}

export function elementCount(shape: Shape): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

/** Nodes that `targets` need, in topological order. */
export function reachable(targets: readonly Node[]): Node[] {
  const seen = new Set<Node>();
  const stack = [...targets];
  while (stack.length) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    for (const input of node.inputs) stack.push(input.node);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
