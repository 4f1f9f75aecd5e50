import type {
  BinaryOp,
  Convolution,
  DType,
  HostArray,
  Node,
  OpAttributes,
  OpName,
  Origin,
  Pooling,
  Program,
  ProgramFunction,
  Reduction,
  Shape,
  UnaryOp,
  Union,
  Value,
  Variable,
} from './graph.ts';
import { elementCount } from './graph.ts';

/** A value whose gradient is written by hand; see `GraphBuilder.composite`. */
export interface Composite {
  readonly inputs: readonly Value[];
  readonly backward: (gradient: Value) => readonly (Value | null)[];
}

/** A quantizer: step size, offset, smallest and largest code; scalars, or one step size and offset for each channel. */
export interface CodeGrid {
  readonly step: Value;
  readonly offset: Value;
  readonly low: Value;
  readonly high: Value;
}

interface OpenFunction {
  name: string;
  feeds: Map<string, Value>;
  outputs: Map<string, Value>;
  effects: Node[];
  unions: Union[];
  reads: Map<Variable, Value>;
  checkpointing: boolean;
}

const valid = (shape: Shape) => shape.every((size) => Number.isInteger(size) && size >= 0);

function broadcast(a: Shape, b: Shape, op: string): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new Error(`${op} cannot broadcast [${a.join(',')}] with [${b.join(',')}].`);
    return x === 1 ? y : x;
  });
}

/** Output shape of windows that slide over an image. */
function windows(
  [batch, height, width]: Shape,
  kernel: readonly [number, number],
  { stride, padding }: Convolution,
  channels: number,
): Shape {
  const count = (size: number, axis: 0 | 1) =>
    Math.floor((size + padding[2 * axis] + padding[2 * axis + 1] - kernel[axis]) / stride[axis]) + 1;
  return [batch, count(height, 0), count(width, 1), channels];
}

/**
 * Writes programs. Every method appends one node, checks and infers shapes, and returns its value(s). Methods are named
 * after the ops; images are NHWC, convolution weights HWIO.
 */
export class GraphBuilder {
  private nextId = 0;
  private readonly variables = new Map<string, Variable>();
  private readonly functions = new Map<string, ProgramFunction>();
  private readonly constants = new Map<string, Value>();
  private readonly composites = new Map<Node, Composite>();
  private open: OpenFunction | null = null;
  private origin: Origin = { layer: null, purpose: 'bookkeeping', backward: false };

  /** Declares a variable once; a second call with the same name and shape returns the first. */
  variable(name: string, shape: Shape, dtype: DType = 'float32'): Variable {
    const known = this.variables.get(name);
    if (known) {
      if (known.shape.join() !== shape.join())
        throw new Error(`Variable '${name}' has shape [${known.shape.join()}], not [${shape.join()}].`);
      return known;
    }
    const variable = { name, shape, dtype };
    this.variables.set(name, variable);
    return variable;
  }

  /**
   * Writes the function `name`; inside `body`, feeds and effects belong to it, and its results become the outputs.
   * @param options checkpointing: its gradients compute the forward pass again, segment by segment, instead of keeping it
   */
  function(name: string, body: () => Record<string, Value>, { checkpointing = false } = {}): void {
    if (this.open) throw new Error(`Function '${name}' is written inside '${this.open.name}'.`);
    const open: OpenFunction = { name, feeds: new Map(), outputs: new Map(), effects: [], unions: [], reads: new Map(), checkpointing };
    this.open = open;
    try {
      for (const [key, value] of Object.entries(body())) open.outputs.set(key, value);
    } finally {
      this.open = null;
    }
    this.functions.set(name, open);
  }

  build(): Program {
    return { variables: [...this.variables.values()], functions: this.functions };
  }

  /** Hand-written gradient of `value`, if it has one. */
  compositeOf(node: Node): Composite | undefined {
    return this.composites.get(node);
  }

  /**
   * Gives `forward()` a hand-written gradient: `backward(dy)` returns one gradient (or null) per input. The nodes inside
   * are then never differentiated.
   */
  composite(inputs: readonly Value[], forward: () => Value, backward: (gradient: Value) => readonly (Value | null)[]): Value {
    const value = forward();
    this.composites.set(value.node, { inputs, backward });
    return value;
  }

  /**
   * Says that `op`, which the session has where our native ops are loaded, computes from `inputs` what `body` writes and
   * returns, in this order.
   */
  union<T extends Record<string, Value>>(op: OpName, inputs: readonly Value[], body: () => T): T {
    const outputs = body();
    this.current.unions.push({ op, origin: this.origin, inputs, outputs: Object.values(outputs), effects: [], attributes: {} });
    return outputs;
  }

  /**
   * Says that `op`, which the session has where our native ops are loaded, makes the changes of variables that `body` writes. It
   * changes the memory of what it reads, `attributes.changed`: the session runs it after all else that the function computes.
   *
   * @param inputs with the values of all that it changes, as `read` gives them
   */
  inPlace<K extends 'AdamInPlace' | 'TableAdamInPlace'>(
    op: K,
    inputs: readonly Value[],
    attributes: OpAttributes[K],
    body: () => void,
  ): void {
    const { effects, unions } = this.current;
    const from = effects.length;
    body();
    unions.push({ op, origin: this.origin, inputs, outputs: [], effects: effects.slice(from), attributes: { ...attributes } });
  }

  /** Says of the nodes that `body` writes what they are there for; what is left out stays as it is around it. */
  within<T>(origin: Partial<Origin>, body: () => T): T {
    const outer = this.origin;
    this.origin = { ...outer, ...origin };
    try {
      return body();
    } finally {
      this.origin = outer;
    }
  }

  private get current(): OpenFunction {
    if (!this.open) throw new Error('Feeds, reads and effects belong inside a function.');
    return this.open;
  }

  private add(op: OpName, inputs: readonly Value[], outputs: readonly [Shape, DType][], attributes: Record<string, unknown> = {}): Value[] {
    const node = { id: this.nextId++, op, origin: this.origin, inputs, attributes, outputs: [] as Value[] };
    for (const [shape, dtype] of outputs) {
      if (!valid(shape)) throw new Error(`${op} would produce shape [${shape.join(',')}].`);
      node.outputs.push({ node, index: node.outputs.length, shape, dtype });
    }
    return node.outputs;
  }

  private one<K extends OpName>(
    op: K,
    inputs: readonly Value[],
    shape: Shape,
    attributes?: K extends keyof OpAttributes ? OpAttributes[K] : never,
    dtype: DType = 'float32',
  ): Value {
    return this.add(op, inputs, [[shape, dtype]], attributes as Record<string, unknown> | undefined)[0];
  }

  feed(name: string, shape: Shape, dtype: DType = 'float32'): Value {
    const { feeds } = this.current;
    if (feeds.has(name)) throw new Error(`Feed '${name}' exists twice in function '${this.current.name}'.`);
    const value = this.one('Placeholder', [], shape, { name }, dtype);
    feeds.set(name, value);
    return value;
  }

  constant(data: readonly number[] | HostArray, shape: Shape, dtype: 'float32' | 'int32' = 'float32'): Value {
    if (data.length !== elementCount(shape))
      throw new Error(`A constant of shape [${shape.join()}] needs ${elementCount(shape)} values, got ${data.length}.`);
    const key = `${dtype}|${shape.join()}|${data.length > 64 ? this.nextId : Array.from(data).join()}`;
    let value = this.constants.get(key);
    if (!value) {
      value = this.one('Const', [], shape, { data: dtype === 'float32' ? Float32Array.from(data) : Int32Array.from(data) }, dtype);
      this.constants.set(key, value);
    }
    return value;
  }

  scalar(value: number): Value {
    return this.constant([value], []);
  }

  /** The variable's value at the start of the call; read once for each function. */
  read(variable: Variable): Value {
    const { reads } = this.current;
    let value = reads.get(variable);
    if (!value) {
      value = this.one('ReadVariable', [], variable.shape, { variable }, variable.dtype);
      reads.set(variable, value);
    }
    return value;
  }

  private effect(op: 'AssignVariable' | 'AssignAddVariable', variable: Variable, value: Value): void {
    if (variable.shape.join() !== value.shape.join())
      throw new Error(`'${variable.name}' of shape [${variable.shape.join()}] cannot take [${value.shape.join()}].`);
    this.effectNode(op, [value], { variable });
  }

  private effectNode(op: OpName, inputs: readonly Value[], attributes: Record<string, unknown>): void {
    this.current.effects.push({ id: this.nextId++, op, origin: this.origin, inputs, attributes, outputs: [] });
  }

  /** Sets the variable after everything was read. Several changes of one variable happen in the order written. */
  assign(variable: Variable, value: Value): void {
    this.effect('AssignVariable', variable, value);
  }

  /** Adds to the variable after everything was read. */
  assignAdd(variable: Variable, value: Value): void {
    this.effect('AssignAddVariable', variable, value);
  }

  /**
   * Adam (Kingma and Ba) with bias correction, epsilon outside the corrected root as PyTorch has it.
   * @param beta1Power, beta2Power scalars beta^t of the current step
   */
  applyAdam(
    target: { variable: Variable; momentum: Variable; velocity: Variable },
    gradient: Value,
    rate: Value,
    beta1Power: Value,
    beta2Power: Value,
    options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  ): void {
    for (const { name, shape } of [target.variable, target.momentum, target.velocity]) {
      if (shape.join() !== gradient.shape.join())
        throw new Error(`'${name}' of shape [${shape.join()}] cannot take a gradient of [${gradient.shape.join()}].`);
    }
    this.effectNode('ApplyAdam', [gradient, rate, beta1Power, beta2Power], { ...target, ...options });
  }

  unary(op: UnaryOp, x: Value): Value {
    return this.one(op, [x], x.shape);
  }
  binary(op: BinaryOp, a: Value, b: Value): Value {
    return this.one(op, [a, b], broadcast(a.shape, b.shape, op));
  }
  neg = (x: Value) => this.unary('Neg', x);
  exp = (x: Value) => this.unary('Exp', x);
  sqrt = (x: Value) => this.unary('Sqrt', x);
  square = (x: Value) => this.unary('Square', x);
  reciprocal = (x: Value) => this.unary('Reciprocal', x);
  rint = (x: Value) => this.unary('Rint', x);
  abs = (x: Value) => this.unary('Abs', x);
  relu = (x: Value) => this.unary('Relu', x);
  relu6 = (x: Value) => this.unary('Relu6', x);
  sigmoid = (x: Value) => this.unary('Sigmoid', x);
  /** x * sigmoid(x) */
  swish = (x: Value) => this.unary('Swish', x);
  logSoftmax = (x: Value) => this.unary('LogSoftmax', x);
  zerosLike = (x: Value) => this.unary('ZerosLike', x);
  plus = (a: Value, b: Value) => this.binary('Add', a, b);
  sub = (a: Value, b: Value) => this.binary('Sub', a, b);
  mul = (a: Value, b: Value) => this.binary('Mul', a, b);
  div = (a: Value, b: Value) => this.binary('Div', a, b);
  maximum = (a: Value, b: Value) => this.binary('Maximum', a, b);
  minimum = (a: Value, b: Value) => this.binary('Minimum', a, b);
  pow = (a: Value, b: Value) => this.binary('Pow', a, b);

  /** 1 where equal, else 0, as float32. */
  equalMask(a: Value, b: Value): Value {
    const same = this.one('Equal', [a, b], broadcast(a.shape, b.shape, 'Equal'), undefined, 'bool');
    return this.one('CastBool', [same], same.shape);
  }

  /** Clamps x to [low, high]; low and high are scalars. */
  clip(x: Value, low: Value, high: Value): Value {
    return this.one('Clip', [x, low, high], x.shape);
  }

  private reduce(op: 'Sum' | 'Mean' | 'Max' | 'Min', x: Value, axes?: readonly number[], keepDims = false): Value {
    const all = axes ?? x.shape.map((_, i) => i);
    const shape = keepDims ? x.shape.map((size, i) => (all.includes(i) ? 1 : size)) : x.shape.filter((_, i) => !all.includes(i));
    return this.one(op, [x], shape, { axes: all, keepDims } satisfies Reduction);
  }
  sum = (x: Value, axes?: readonly number[], keepDims?: boolean) => this.reduce('Sum', x, axes, keepDims);
  mean = (x: Value, axes?: readonly number[], keepDims?: boolean) => this.reduce('Mean', x, axes, keepDims);
  max = (x: Value, axes?: readonly number[], keepDims?: boolean) => this.reduce('Max', x, axes, keepDims);
  min = (x: Value, axes?: readonly number[], keepDims?: boolean) => this.reduce('Min', x, axes, keepDims);

  addN(values: readonly Value[]): Value {
    return values.length === 1 ? values[0] : this.one('AddN', values, values[0].shape);
  }

  reshape(x: Value, shape: Shape): Value {
    if (elementCount(shape) !== elementCount(x.shape)) throw new Error(`Reshape of [${x.shape.join()}] to [${shape.join()}].`);
    return shape.join() === x.shape.join() ? x : this.one('Reshape', [x], shape, { shape }, x.dtype);
  }
  broadcastTo(x: Value, shape: Shape): Value {
    return this.one('BroadcastTo', [x], shape, { shape });
  }
  concat(values: readonly Value[], axis = 0): Value {
    if (values.length === 1) return values[0];
    const shape = values[0].shape.map((size, i) => (i === axis ? values.reduce((sum, value) => sum + value.shape[axis], 0) : size));
    return this.one('Concat', values, shape, { axis }, values[0].dtype);
  }
  /** Takes `axis` apart into pieces of the given sizes, which must add up to all of it. */
  split(x: Value, sizes: readonly number[], axis = 0): Value[] {
    if (sizes.reduce((sum, size) => sum + size, 0) !== x.shape[axis])
      throw new Error(`Split of ${x.shape[axis]} into ${sizes.join(' + ')}.`);
    return this.add(
      'Split',
      [x],
      sizes.map((size) => [x.shape.map((full, i) => (i === axis ? size : full)), x.dtype]),
      { sizes, axis },
    );
  }
  /** Takes axis 0 apart. */
  unpack(x: Value): Value[] {
    return this.add(
      'Unpack',
      [x],
      Array.from({ length: x.shape[0] }, () => [x.shape.slice(1), x.dtype]),
    );
  }
  pack(values: readonly Value[]): Value {
    return this.one('Pack', values, [values.length, ...values[0].shape], undefined, values[0].dtype);
  }
  /** table[indices] along axis 0. */
  gather(table: Value, indices: Value): Value {
    return this.one('Gather', [table, indices], [...indices.shape, ...table.shape.slice(1)]);
  }
  /** out[k] = sum of values whose segment is k. @param indices int32 of the leading shape of `values`; negative ones are dropped */
  segmentSum(values: Value, indices: Value, segments: number): Value {
    return this.one('SegmentSum', [values, indices], [segments, ...values.shape.slice(indices.shape.length)], { segments });
  }

  conv2d(x: Value, filter: Value, options: Convolution): Value {
    const channels = x.shape[3];
    const [kh, kw, cin, cout] = filter.shape;
    if (cin !== channels) throw new Error(`A filter for ${cin} channels meets an input of ${channels}.`);
    return this.one('Conv2D', [x, filter], windows(x.shape, [kh, kw], options, cout), options);
  }
  conv2dBackpropInput(filter: Value, gradient: Value, inputShape: Shape, options: Convolution): Value {
    return this.one('Conv2DBackpropInput', [filter, gradient], inputShape, { ...options, inputShape });
  }
  conv2dBackpropFilter(x: Value, gradient: Value, filterShape: Shape, options: Convolution): Value {
    return this.one('Conv2DBackpropFilter', [x, gradient], filterShape, { ...options, filterShape });
  }

  /**
   * A convolution of every channel by itself. @param filter [k, k, 1, channels x m], m filters for each input channel, side by
   * side; equal strides in both directions (TensorFlow has no others)
   */
  depthwiseConv2d(x: Value, filter: Value, options: Convolution): Value {
    const channels = x.shape[3];
    const [kh, kw, one, cout] = filter.shape;
    if (one !== 1 || cout % channels) throw new Error(`A depthwise filter [${filter.shape.join()}] meets ${channels} channels.`);
    if (options.stride[0] !== options.stride[1])
      throw new Error(`A depthwise convolution cannot have strides ${options.stride.join(' and ')}.`);
    return this.one('DepthwiseConv2D', [x, filter], windows(x.shape, [kh, kw], options, cout), options);
  }
  depthwiseConv2dBackpropInput(filter: Value, gradient: Value, inputShape: Shape, options: Convolution): Value {
    return this.one('DepthwiseConv2DBackpropInput', [filter, gradient], inputShape, { ...options, inputShape });
  }
  depthwiseConv2dBackpropFilter(x: Value, gradient: Value, filterShape: Shape, options: Convolution): Value {
    return this.one('DepthwiseConv2DBackpropFilter', [x, gradient], filterShape, { ...options, filterShape });
  }

  /** Largest value of each window; padding is never it. */
  maxPool(x: Value, options: Pooling): Value {
    return this.one('MaxPool', [x], windows(x.shape, options.kernel, options, x.shape[3]), options);
  }
  /** Gives each gradient to the first largest value of its window. @param y the output of the forward op */
  maxPoolGrad(x: Value, y: Value, gradient: Value, options: Pooling): Value {
    return this.one('MaxPoolGrad', [x, y, gradient], x.shape, options);
  }
  /** Mean of each window; padding counts as zeros. */
  avgPool(x: Value, options: Pooling): Value {
    return this.one('AvgPool', [x], windows(x.shape, options.kernel, options, x.shape[3]), options);
  }
  avgPoolGrad(gradient: Value, inputShape: Shape, options: Pooling): Value {
    return this.one('AvgPoolGrad', [gradient], inputShape, { ...options, inputShape });
  }

  matMul(a: Value, b: Value, transposeA = false, transposeB = false): Value {
    const [m, k] = transposeA ? [a.shape[1], a.shape[0]] : a.shape;
    const [k2, n] = transposeB ? [b.shape[1], b.shape[0]] : b.shape;
    if (k !== k2) throw new Error(`MatMul of [${a.shape.join()}] and [${b.shape.join()}].`);
    return this.one('MatMul', [a, b], [m, n], { transposeA, transposeB });
  }
  /** Adds a vector along the last axis. */
  biasAdd(x: Value, bias: Value): Value {
    return this.one('BiasAdd', [x, bias], x.shape);
  }
  biasAddGrad(gradient: Value): Value {
    return this.one('BiasAddGrad', [gradient], [gradient.shape.at(-1)!]);
  }

  /** Batch normalization with batch statistics over all axes but the last. Variance is unbiased. */
  batchNormTrain(x: Value, gamma: Value, beta: Value, epsilon: number): { y: Value; mean: Value; variance: Value } {
    const c = gamma.shape;
    const [y, mean, variance] = this.add(
      'BatchNormTrain',
      [x, gamma, beta],
      [
        [x.shape, 'float32'],
        [c, 'float32'],
        [c, 'float32'],
        [c, 'float32'],
        [c, 'float32'],
        [[0], 'float32'],
      ],
      { epsilon },
    );
    return { y, mean, variance };
  }
  /** Gradients of `batchNormTrain` for x, gamma and beta. @param forward the y of the forward op */
  batchNormGrad(gradient: Value, forward: Node): [Value, Value, Value] {
    const [x, gamma] = forward.inputs;
    const [, , , mean, variance, reserve] = forward.outputs;
    const [dx, dgamma, dbeta] = this.add(
      'BatchNormGrad',
      [gradient, x, gamma, mean, variance, reserve],
      [
        [x.shape, 'float32'],
        [gamma.shape, 'float32'],
        [gamma.shape, 'float32'],
        [[0], 'float32'],
        [[0], 'float32'],
      ],
      forward.attributes as Record<string, unknown>,
    );
    return [dx, dgamma, dbeta];
  }
  batchNormInference(x: Value, gamma: Value, beta: Value, mean: Value, variance: Value, epsilon: number): Value {
    return this.one('BatchNormInference', [x, gamma, beta, mean, variance], x.shape, { epsilon });
  }

  reluGrad(gradient: Value, y: Value): Value {
    return this.one('ReluGrad', [gradient, y], y.shape);
  }
  /** dy where 0 < y < 6. */
  relu6Grad(gradient: Value, y: Value): Value {
    return this.one('Relu6Grad', [gradient, y], y.shape);
  }
  /** dy * (s + x * s * (1 - s)) with s = sigmoid(x), which is computed again: x is all that is kept until then. */
  swishGrad(gradient: Value, x: Value): Value {
    return this.one('SwishGrad', [gradient, x], x.shape);
  }
  /** Cross-entropy with soft labels: per-row loss [n] and its gradient for the logits [n, classes]. */
  softmaxCrossEntropy(logits: Value, labels: Value): { loss: Value; gradient: Value } {
    const [loss, gradient] = this.add(
      'SoftmaxCrossEntropy',
      [logits, labels],
      [
        [[logits.shape[0]], 'float32'],
        [logits.shape, 'float32'],
      ],
    );
    return { loss, gradient };
  }

  /**
   * Fake quantization with s = step: s * rint(clip((x - offset) / s, low, high)) + offset, ties to even.
   * @param q    scalars; low and high are the smallest and largest code
   * @param relu of max(x, 0) in place of x
   */
  fakeQuant(x: Value, { step, offset, low, high }: CodeGrid, relu = false): Value {
    return this.one('FakeQuant', [x, step, offset, low, high], x.shape, { relu });
  }
  /**
   * Straight-through gradients of `fakeQuant`: for x, and [for log(step), for offset] summed over all elements, with
   * v = (x - offset) / step clipped to c: dx = dy where v = c, else 0; dlog(step) = sum dy step (rint(c) - v) there and
   * sum dy step c elsewhere; doffset = sum dy elsewhere (eqnet-spec 1.4).
   */
  fakeQuantGrad(gradient: Value, x: Value, { step, offset, low, high }: CodeGrid, relu = false): { dx: Value; sums: Value } {
    const [dx, sums] = this.add(
      'FakeQuantGrad',
      [gradient, x, step, offset, low, high],
      [
        [x.shape, 'float32'],
        [[2], 'float32'],
      ],
      { relu },
    );
    return { dx, sums };
  }

  /** `fakeQuant` of a weight tensor [..., channels] with step and offset [channels]. */
  channelFakeQuant(w: Value, { step, offset, low, high }: CodeGrid): Value {
    return this.one('ChannelFakeQuant', [w, step, offset, low, high], w.shape);
  }
  /** Gradients of `channelFakeQuant` as `fakeQuantGrad` has them, for log(step) and offset summed over each channel. */
  channelFakeQuantGrad(gradient: Value, w: Value, { step, offset, low, high }: CodeGrid): { dw: Value; logStep: Value; offset: Value } {
    const shapes = [w.shape, step.shape, step.shape];
    const [dw, logStep, outside] = this.add(
      'ChannelFakeQuantGrad',
      [gradient, w, step, offset, low, high],
      shapes.map((shape) => [shape, 'float32']),
    );
    return { dw, logStep, offset: outside };
  }
}
