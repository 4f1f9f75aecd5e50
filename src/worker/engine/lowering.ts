import type { Convolution, DType, FusedBatchNorm, Node, OpName, Pooling, Shape } from './graph.ts';
import { attributesOf } from './graph.ts';
import { ownConvolution } from './own-convolutions.ts';
import type { TfAttribute, TfAttributes, TfSink } from './tf-sink.ts';

/** TensorFlow's numbers of the types in use (tensorflow/core/framework/types.proto). */
export const TF_TYPE: Readonly<Record<DType | 'resource', number>> = { float32: 1, int32: 3, bool: 10, resource: 20 };

const type = (value: number): TfAttribute => ({ kind: 'type', value });
const F = type(TF_TYPE.float32);
const I = type(TF_TYPE.int32);
const T = { T: F };
const flag = (value: boolean): TfAttribute => ({ kind: 'bool', value });
const int = (value: number): TfAttribute => ({ kind: 'int', value });
const float = (value: number): TfAttribute => ({ kind: 'float', value });
const ints = (value: readonly number[]): TfAttribute => ({ kind: 'ints', value });
const NHWC: TfAttribute = { kind: 'string', value: 'NHWC' };

const PLAIN: Partial<Record<OpName, string>> = {
  Neg: 'Neg', Exp: 'Exp', Log: 'Log', Sqrt: 'Sqrt', Square: 'Square', Reciprocal: 'Reciprocal', Rint: 'Rint', Abs: 'Abs', Relu: 'Relu',
  Relu6: 'Relu6', Sigmoid: 'Sigmoid', Relu6Grad: 'Relu6Grad',
  Softmax: 'Softmax', LogSoftmax: 'LogSoftmax', ZerosLike: 'ZerosLike', Add: 'AddV2', Sub: 'Sub', Mul: 'Mul', Div: 'RealDiv',
  Maximum: 'Maximum', Minimum: 'Minimum', Pow: 'Pow', Clip: 'ClipByValue', ReluGrad: 'ReluGrad',
}; // prettier-ignore

/** TensorFlow's SAME puts the odd pixel last; anything else must be spelled out. */
function paddingMode([, ...size]: Shape, kernel: Shape, { stride, padding }: Convolution): TfAttributes {
  const same = [0, 1].every((axis) => {
    const out = Math.ceil(size[axis] / stride[axis]);
    const total = Math.max((out - 1) * stride[axis] + kernel[axis] - size[axis], 0);
    return padding[2 * axis] === Math.floor(total / 2) && padding[2 * axis + 1] === total - Math.floor(total / 2);
  });
  const mode = same ? 'SAME' : padding.every((p) => p === 0) ? 'VALID' : 'EXPLICIT';
  return {
    T: F,
    strides: ints([1, stride[0], stride[1], 1]),
    padding: { kind: 'string', value: mode },
    explicit_paddings: ints(mode === 'EXPLICIT' ? [0, 0, ...padding, 0, 0] : []),
    data_format: NHWC,
  };
}

/** Attributes of a convolution or of one of its gradients. */
function convolutionAttributes(node: Node): TfAttributes {
  const [first, second] = node.inputs;
  const { inputShape, filterShape } = node.attributes as { inputShape?: Shape; filterShape?: Shape };
  const kernel = filterShape ?? (inputShape ? first.shape : second.shape);
  const attributes = paddingMode(inputShape ?? first.shape, kernel, node.attributes as unknown as Convolution);
  return { ...attributes, dilations: ints([1, 1, 1, 1]) };
}

/** Zero padding as TensorFlow's Pad takes it, and the way back. */
function pad<Ref>(x: Ref, [top, bottom, left, right]: Convolution['padding'], sink: TfSink<Ref>): Ref {
  const paddings = sink.constant(Int32Array.of(0, 0, top, bottom, left, right, 0, 0), [4, 2]);
  return sink.op('Pad', [x, paddings], { T: F, Tpaddings: I }, 1)[0];
}

/**
 * Average pooling. TensorFlow leaves padding out of the mean, here it counts as zeros: the image is padded first.
 */
function averagePool<Ref>(node: Node, x: Ref, sink: TfSink<Ref>): Ref[] {
  const { kernel, stride, padding } = node.attributes as unknown as Pooling;
  const attributes: TfAttributes = {
    T: F,
    ksize: ints([1, ...kernel, 1]),
    strides: ints([1, ...stride, 1]),
    padding: { kind: 'string', value: 'VALID' },
    data_format: NHWC,
  };
  const padded = padding.some((p) => p !== 0);
  if (node.op === 'AvgPool') return sink.op('AvgPool', [padded ? pad(x, padding, sink) : x], attributes, 1);
  const [batch, height, width, channels] = attributesOf(node, 'AvgPoolGrad').inputShape;
  const [top, bottom, left, right] = padding;
  const vector = (...values: number[]) => sink.constant(Int32Array.from(values), [values.length]);
  const full = vector(batch, height + top + bottom, width + left + right, channels);
  const gradient = sink.op('AvgPoolGrad', [full, x], attributes, 1);
  if (!padded) return gradient;
  return sink.op('Slice', [gradient[0], vector(0, top, left, 0), vector(batch, height, width, channels)], { T: F, Index: I }, 1);
}

/** [k, k, 1, channels x m] as TensorFlow's depthwise ops have it: [k, k, channels, m], the same numbers in the same order. */
const depthwiseShape = ([kh, kw, , out]: Shape, channels: number): Shape => [kh, kw, channels, out / channels];

/** EqnetFakeQuant in TensorFlow's own ops. */
function fakeQuant<Ref>([x, step, offset, low, high]: readonly Ref[], relu: boolean, { op }: TfSink<Ref>): Ref[] {
  const call = (name: string, ...inputs: Ref[]) => op(name, inputs, T, 1)[0];
  const clipped = call('ClipByValue', call('RealDiv', call('Sub', relu ? call('Relu', x) : x, offset), step), low, high);
  return [call('AddV2', call('Mul', call('Rint', clipped), step), offset)];
}

/**
 * Straight-through gradients before they are summed: of x, of log step size without the factor of the step size, of the
 * offset.
 */
function straightThrough<Ref>(q: Record<'dy' | 'x' | 'step' | 'offset' | 'low' | 'high', Ref>, sink: TfSink<Ref>) {
  const call = (name: string, ...inputs: Ref[]) => sink.op(name, inputs, T, 1)[0];
  const ratio = call('RealDiv', call('Sub', q.x, q.offset), q.step);
  const clipped = call('ClipByValue', ratio, q.low, q.high);
  const same = sink.op('Equal', [ratio, clipped], { ...T, incompatible_shape_error: flag(true) }, 1);
  const inside = sink.op('Cast', same, { SrcT: type(TF_TYPE.bool), DstT: F, Truncate: flag(false) }, 1)[0];
  const passed = call('Mul', q.dy, inside);
  const code = call('Mul', q.dy, call('Sub', call('Rint', clipped), call('Mul', inside, ratio)));
  return { passed, code, outside: call('Sub', q.dy, passed) };
}

/** EqnetFakeQuantGrad in TensorFlow's own ops. */
function fakeQuantGrad<Ref>(ins: readonly Ref[], relu: boolean, sink: TfSink<Ref>, shape: Shape): Ref[] {
  const [dy, x, step, offset, low, high] = ins;
  const call = (name: string, ...inputs: Ref[]) => sink.op(name, inputs, T, 1)[0];
  const axes = sink.constant(
    Int32Array.from(shape, (_, axis) => axis),
    [shape.length],
  );
  const sum = (value: Ref) => sink.op('Sum', [value, axes], { ...T, Tidx: I, keep_dims: flag(false) }, 1)[0];
  const { passed, code, outside } = straightThrough({ dy, x: relu ? call('Relu', x) : x, step, offset, low, high }, sink);
  const parts = [call('Mul', sum(code), step), sum(outside)];
  const sums = sink.op('Pack', parts, { T: F, N: int(2), axis: int(0) }, 1);
  return [relu ? call('ReluGrad', passed, x) : passed, sums[0]];
}

/** EqnetChannelQuantGrad in TensorFlow's own ops. */
function channelFakeQuantGrad<Ref>(ins: readonly Ref[], sink: TfSink<Ref>, shape: Shape): Ref[] {
  const [dy, w, step, offset, low, high] = ins;
  const call = (name: string, ...inputs: Ref[]) => sink.op(name, inputs, T, 1)[0];
  const axes = sink.constant(
    Int32Array.from(shape.slice(1), (_, axis) => axis),
    [shape.length - 1],
  );
  const sum = (value: Ref) => sink.op('Sum', [value, axes], { ...T, Tidx: I, keep_dims: flag(false) }, 1)[0];
  const { passed, code, outside } = straightThrough({ dy, x: w, step, offset, low, high }, sink);
  return [passed, call('Mul', sum(code), step), sum(outside)];
}

/** Attributes of our batch normalization. @param extra number of inputs behind those that it always has */
function fusedBatchNorm(node: Node, extra: number): TfAttributes {
  const { epsilon, residual, inner, relu, cap, quantize } = node.attributes as unknown as FusedBatchNorm;
  return {
    n: int(extra),
    epsilon: { kind: 'float', value: epsilon },
    residual: flag(residual),
    inner: flag(inner),
    relu: flag(relu),
    cap: { kind: 'float', value: cap },
    quantize: flag(quantize),
  };
}

/** Emits the TensorFlow ops of one node and returns its outputs. `ins` are the lowered inputs. */
export function lower<Ref>(node: Node, ins: readonly Ref[], sink: TfSink<Ref>): Ref[] {
  const plain = PLAIN[node.op];
  if (plain) return sink.op(plain, ins, T, 1);
  const intVector = (values: readonly number[]) => sink.constant(Int32Array.from(values), [values.length]);
  const intScalar = (value: number) => sink.constant(Int32Array.of(value), []);
  const outputType = () => type(TF_TYPE[node.outputs[0].dtype]);
  const reshape = (x: Ref, shape: Shape) => sink.op('Reshape', [x, intVector(shape)], { T: outputType(), Tshape: I }, 1)[0];
  const bn = { ...T, U: F, epsilon: { kind: 'float', value: node.attributes.epsilon as number } as const, data_format: NHWC };
  const own = ownConvolution(node, sink);
  if (own) return sink.op(own.name, ins, own.attributes, 1);
  switch (node.op) {
    case 'Const':
      return [sink.constant(attributesOf(node, 'Const').data, node.outputs[0].shape)];
    case 'ReadVariable':
      return sink.op('ReadVariableOp', [sink.resource(attributesOf(node, 'ReadVariable').variable)], { dtype: outputType() }, 1);
    case 'AssignVariable': {
      const { variable } = attributesOf(node, 'AssignVariable');
      const dtype = type(TF_TYPE[variable.dtype]);
      // A copy: AssignVariableOp takes over the buffer of its value, and that of a fed value can be the caller's own array. The
      // variable would change with it, and the array would be let go of on one of TensorFlow's threads.
      const [copy] = sink.op('DeepCopy', [ins[0]], { T: dtype }, 1);
      return sink.op('AssignVariableOp', [sink.resource(variable), copy], { dtype }, 0);
    }
    case 'AssignAddVariable': {
      const { variable } = attributesOf(node, 'AssignAddVariable');
      return sink.op('AssignAddVariableOp', [sink.resource(variable), ins[0]], { dtype: type(TF_TYPE[variable.dtype]) }, 0);
    }
    case 'ApplyAdam': {
      const { variable, momentum, velocity, beta1, beta2, epsilon } = attributesOf(node, 'ApplyAdam');
      const [gradient, rate, beta1Power, beta2Power] = ins;
      const scalar = (value: number) => sink.constant(Float32Array.of(value), []);
      // TensorFlow adds epsilon to the uncorrected root; scaling it gives PyTorch's meaning (elastic-step note 9).
      const root = sink.op('Sqrt', sink.op('Sub', [scalar(1), beta2Power], T, 1), T, 1);
      const scaled = sink.op('Mul', [root[0], scalar(epsilon)], T, 1)[0];
      const resources = [variable, momentum, velocity].map((target) => sink.resource(target));
      const inputs = [...resources, beta1Power, beta2Power, rate, scalar(beta1), scalar(beta2), scaled, gradient];
      return sink.op('ResourceApplyAdam', inputs, { ...T, use_locking: flag(false), use_nesterov: flag(false) }, 0);
    }
    case 'AdamInPlace': {
      const { count, extraScale, beta1, beta2, epsilon } = attributesOf(node, 'AdamInPlace');
      const attributes = { n: int(count), k: int(ins.length - 4 - 4 * count), extra_scale: float(extraScale) };
      return sink.op('EqnetAdam', ins, { ...attributes, beta1: float(beta1), beta2: float(beta2), epsilon: float(epsilon) }, 0);
    }
    case 'TableAdamInPlace': {
      const { first, beta1, beta2, epsilon } = attributesOf(node, 'TableAdamInPlace');
      const rates = { first_rate: float(1 - beta1), second_rate: float(1 - beta2) };
      const attributes = { first: int(first), beta1: float(beta1), beta2: float(beta2), ...rates, epsilon: float(epsilon) };
      return sink.op('EqnetTableAdam', ins, attributes, 0);
    }
    case 'Sum':
    case 'Mean':
    case 'Max':
    case 'Min': {
      const { axes, keepDims } = attributesOf(node, node.op);
      return sink.op(node.op, [ins[0], intVector(axes)], { ...T, Tidx: I, keep_dims: flag(keepDims) }, 1);
    }
    case 'Reshape':
      return [reshape(ins[0], node.outputs[0].shape)];
    case 'BroadcastTo':
      return sink.op('BroadcastTo', [ins[0], intVector(node.outputs[0].shape)], { ...T, Tidx: I }, 1);
    case 'Concat':
      return sink.op(
        'ConcatV2',
        [...ins, intScalar(attributesOf(node, 'Concat').axis)],
        { T: outputType(), Tidx: I, N: int(ins.length) },
        1,
      );
    case 'Split': {
      const { sizes, axis } = attributesOf(node, 'Split');
      return sink.op(
        'SplitV',
        [ins[0], intVector(sizes), intScalar(axis)],
        { T: outputType(), Tlen: I, num_split: int(sizes.length) },
        sizes.length,
      );
    }
    case 'Unpack':
      return sink.op('Unpack', ins, { T: outputType(), num: int(node.outputs.length), axis: int(0) }, node.outputs.length);
    case 'Pack':
      return sink.op('Pack', ins, { T: outputType(), N: int(ins.length), axis: int(0) }, 1);
    case 'AddN':
      return sink.op('AddN', ins, { ...T, N: int(ins.length) }, 1);
    case 'Gather':
      return sink.op('GatherV2', [...ins, intScalar(0)], { Tparams: F, Tindices: I, Taxis: I, batch_dims: int(0) }, 1);
    case 'SegmentSum':
      return sink.op(
        'UnsortedSegmentSum',
        [...ins, intScalar(attributesOf(node, 'SegmentSum').segments)],
        { ...T, Tindices: I, Tnumsegments: I },
        1,
      );
    case 'Equal':
      return sink.op('Equal', ins, { ...T, incompatible_shape_error: flag(true) }, 1);
    case 'CastBool':
      return sink.op('Cast', ins, { SrcT: type(TF_TYPE.bool), DstT: F, Truncate: flag(false) }, 1);
    case 'Conv2D':
      return sink.op('Conv2D', ins, { ...convolutionAttributes(node), use_cudnn_on_gpu: flag(true) }, 1);
    case 'QuantConv2D': {
      const { stride, padding } = attributesOf(node, 'QuantConv2D');
      return sink.op('EqnetQuantConv2D', ins, { strides: ints(stride), padding: ints(padding) }, 1);
    }
    case 'Conv2DBackpropInput':
      return sink.op(
        'Conv2DBackpropInput',
        [intVector(node.outputs[0].shape), ins[0], ins[1]],
        { ...convolutionAttributes(node), use_cudnn_on_gpu: flag(true) },
        1,
      );
    case 'Conv2DBackpropFilter':
      return sink.op(
        'Conv2DBackpropFilter',
        [ins[0], intVector(node.outputs[0].shape), ins[1]],
        { ...convolutionAttributes(node), use_cudnn_on_gpu: flag(true) },
        1,
      );
    case 'DepthwiseConv2D': {
      const filter = reshape(ins[1], depthwiseShape(node.inputs[1].shape, node.inputs[0].shape[3]));
      const attributes = convolutionAttributes(node);
      if (attributes.padding.value !== 'EXPLICIT') return sink.op('DepthwiseConv2dNative', [ins[0], filter], attributes, 1);
      // TensorFlow's graph optimizer fuses a depthwise convolution with the bias behind it, and ends the process where that has
      // explicit padding (2.21: the shape function of _FusedDepthwiseConv2dNative does not know of it).
      const valid = { ...attributes, padding: { kind: 'string', value: 'VALID' }, explicit_paddings: ints([]) } as const;
      return sink.op('DepthwiseConv2dNative', [pad(ins[0], attributesOf(node, 'DepthwiseConv2D').padding, sink), filter], valid, 1);
    }
    case 'DepthwiseConv2DBackpropInput': {
      const [, , , channels] = node.outputs[0].shape;
      const filter = reshape(ins[0], depthwiseShape(node.inputs[0].shape, channels));
      const inputs = [intVector(node.outputs[0].shape), filter, ins[1]];
      return sink.op('DepthwiseConv2dNativeBackpropInput', inputs, convolutionAttributes(node), 1);
    }
    case 'DepthwiseConv2DBackpropFilter': {
      const shape = depthwiseShape(node.outputs[0].shape, node.inputs[0].shape[3]);
      const inputs = [ins[0], intVector(shape), ins[1]];
      const [filter] = sink.op('DepthwiseConv2dNativeBackpropFilter', inputs, convolutionAttributes(node), 1);
      return [reshape(filter, node.outputs[0].shape)];
    }
    case 'MaxPool':
    case 'MaxPoolGrad': {
      const { kernel, ...window } = node.attributes as unknown as Pooling;
      const attributes = { ...paddingMode(node.inputs[0].shape, kernel, window), ksize: ints([1, ...kernel, 1]) };
      return sink.op(node.op, ins, attributes, 1);
    }
    case 'AvgPool':
    case 'AvgPoolGrad':
      return averagePool(node, ins[0], sink);
    case 'Swish':
      return sink.op('Mul', [ins[0], sink.op('Sigmoid', ins, T, 1)[0]], T, 1);
    case 'SwishGrad': {
      const [dy, x] = ins;
      const op = (name: string, ...inputs: Ref[]) => sink.op(name, inputs, T, 1)[0];
      const gate = op('Sigmoid', x);
      return [op('AddV2', op('Mul', dy, gate), op('SigmoidGrad', gate, op('Mul', dy, x)))];
    }
    case 'MatMul': {
      const { transposeA, transposeB } = attributesOf(node, 'MatMul');
      return sink.op('MatMul', ins, { ...T, transpose_a: flag(transposeA), transpose_b: flag(transposeB) }, 1);
    }
    case 'BiasAdd':
    case 'BiasAddGrad':
      return sink.op(node.op, ins, { ...T, data_format: NHWC }, 1);
    case 'BatchNormTrain': {
      const empty = sink.constant(new Float32Array(0), [0]);
      return sink.op(
        'FusedBatchNormV3',
        [...ins, empty, empty],
        { ...bn, is_training: flag(true), exponential_avg_factor: { kind: 'float', value: 1 } },
        6,
      );
    }
    case 'BatchNormGrad':
      return sink.op('FusedBatchNormGradV3', ins, { ...bn, is_training: flag(true) }, 5);
    case 'BatchNormInference':
      return sink
        .op('FusedBatchNormV3', ins, { ...bn, is_training: flag(false), exponential_avg_factor: { kind: 'float', value: 1 } }, 6)
        .slice(0, 1);
    case 'ClippedBatchNormInference': {
      const { epsilon, low, high } = attributesOf(node, 'ClippedBatchNormInference');
      return sink.op('EqnetBatchNormInference', ins, { epsilon: float(epsilon), low: float(low), high: float(high) }, 1);
    }
    case 'SoftmaxCrossEntropy':
      return sink.op('SoftmaxCrossEntropyWithLogits', ins, T, 2);
    case 'FakeQuant': {
      const { relu } = attributesOf(node, 'FakeQuant');
      return sink.fused ? sink.op('EqnetFakeQuant', ins, { relu: flag(relu) }, 1) : fakeQuant(ins, relu, sink);
    }
    case 'FakeQuantGrad': {
      const { relu } = attributesOf(node, 'FakeQuantGrad');
      return sink.fused
        ? sink.op('EqnetFakeQuantGrad', ins, { relu: flag(relu) }, 2)
        : fakeQuantGrad(ins, relu, sink, node.inputs[0].shape);
    }
    case 'ChannelFakeQuant':
      return sink.fused ? sink.op('EqnetChannelQuant', ins, {}, 1) : fakeQuant(ins, false, sink);
    case 'ChannelFakeQuantGrad':
      return sink.fused ? sink.op('EqnetChannelQuantGrad', ins, {}, 3) : channelFakeQuantGrad(ins, sink, node.inputs[1].shape);
    case 'WeightMoments':
      return sink.op('EqnetWeightMoments', ins, {}, 4);
    case 'FusedBatchNorm':
      return sink.op('EqnetBatchNorm', ins, fusedBatchNorm(node, ins.length - 3), 4);
    case 'FusedBatchNormGrad':
      return sink.op('EqnetBatchNormGrad', ins, fusedBatchNorm(node, ins.length - 6), 6);
    default:
      throw new Error(`Op ${node.op} has no TensorFlow form.`);
  }
}
