import type { Operator } from '../converter.ts';
import { cast, constant, constantOfShape, gather, shape, slice } from './constants.ts';
import { batchNormalization, conv } from './convolution.ts';
import { add, clip, div, lastSoftmax, mul, pass, relu, sigmoid, sub, sum } from './elementwise.ts';
import { gemm, matMul } from './linear.ts';
import { averagePool, globalAveragePool, globalMaxPool, maxPool, reduceMean } from './pooling.ts';
import { concat, flatten, pad, reshape, squeeze, transpose, unsqueeze } from './shape.ts';

/** Every operator that is read: one line each. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Add: add,
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Cast: cast,
  Clip: clip,
  Concat: concat,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Conv: conv,
  Div: div,
  Dropout: pass,
  Flatten: flatten,
  Gather: gather,
  Gemm: gemm,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  Identity: pass,
  LogSoftmax: lastSoftmax,
  MatMul: matMul,
  MaxPool: maxPool,
  Mul: mul,
  Pad: pad,
  ReduceMean: reduceMean,
  Relu: relu,
  Reshape: reshape,
  Shape: shape,
  Sigmoid: sigmoid,
  Slice: slice,
  Softmax: lastSoftmax,
  Squeeze: squeeze,
  Sub: sub,
  Sum: sum,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
};

const ACTIVATION = 'use ReLU, ReLU6 or SiLU (swish)';
const QUANTIZED = 'the file is quantized already: import the float network';
const NORMALIZATION = 'use batch normalization';
const CONTROL = 'export the model without loops and branches';
const RESIZE = 'use a strided convolution or pooling';

/** What takes the place of operators that are not read. */
const REPLACEMENTS: Readonly<Record<string, string>> = {
  HardSwish: ACTIVATION,
  HardSigmoid: 'use a sigmoid',
  LeakyRelu: ACTIVATION,
  PRelu: ACTIVATION,
  Elu: ACTIVATION,
  Selu: ACTIVATION,
  Gelu: ACTIVATION,
  Mish: ACTIVATION,
  Erf: ACTIVATION,
  Softplus: ACTIVATION,
  Tanh: ACTIVATION,
  Swish: 'export with opset_version=18, where it is a sigmoid and a product',
  LayerNormalization: NORMALIZATION,
  InstanceNormalization: NORMALIZATION,
  GroupNormalization: NORMALIZATION,
  LRN: NORMALIZATION,
  QuantizeLinear: QUANTIZED,
  DequantizeLinear: QUANTIZED,
  QLinearConv: QUANTIZED,
  ConvInteger: QUANTIZED,
  ConvTranspose: 'use a convolution',
  Resize: RESIZE,
  Upsample: RESIZE,
  LSTM: 'use convolutions',
  GRU: 'use convolutions',
  Split: 'use grouped convolutions',
  If: CONTROL,
  Loop: CONTROL,
  Scan: CONTROL,
};

export const replacementOf = (operator: string): string => REPLACEMENTS[operator] ?? 'use layers of the list in docs/import.md';
