import { Unsupported } from '../../network-writer.ts';
import type { Operation, Operator } from '../converter.ts';
import type { ConstantValue, TensorValue } from '../values.ts';

function vector(node: Operation): TensorValue {
  const x = node.tensor(0);
  if (x.shape.length !== 1 || x.pooled) throw new Unsupported('multiplies an image with a matrix; flatten it first');
  return x;
}

/** [in, out] with the features in our order; a flattened image has its channels last here. */
function matrix(
  x: TensorValue,
  { dims, values }: ConstantValue,
  transposed: boolean,
  scale: number,
): { weights: Float32Array; units: number } {
  if (dims.length !== 2) throw new Unsupported(`has weights of ${dims.length} dimensions`);
  const [inputs, units] = transposed ? [dims[1], dims[0]] : dims;
  if (inputs !== x.shape[0]) throw new Unsupported(`reads ${x.shape[0]} features with weights for ${inputs}`);
  const [channels, height, width] = x.flattened ?? [inputs, 1, 1];
  const weights = new Float32Array(values.length);
  for (let c = 0; c < channels; c++)
    for (let place = 0; place < height * width; place++) {
      const from = c * height * width + place;
      const to = (place * channels + c) * units;
      for (let unit = 0; unit < units; unit++)
        weights[to + unit] = scale * (transposed ? values[unit * inputs + from] : values[from * units + unit]);
    }
  return { weights, units };
}

function bias({ values }: ConstantValue, units: number, scale: number): Float32Array {
  if (values.length !== units && values.length !== 1) throw new Unsupported(`has a bias of ${values.length} values for ${units} units`);
  return Float32Array.from({ length: units }, (_, unit) => scale * values[values.length === 1 ? 0 : unit]);
}

function linear(node: Operation, x: TensorValue, weights: Float32Array, units: number, shift: Float32Array | null): void {
  const { writer } = node;
  const layer = writer.add(node.name(node.proto.input[1]), [x.layer], { kind: 'linear', units, bias: shift !== null });
  writer.set(`${layer}/weights`, weights);
  if (shift) writer.set(`${layer}/bias`, shift);
  node.result({ kind: 'tensor', layer, shape: [units], order: x.order, pooled: false });
}

export const gemm: Operator = (node) => {
  const { attributes } = node;
  const x = vector(node);
  if (attributes.int('transA', 0)) throw new Unsupported('transposes its input');
  const { weights, units } = matrix(x, node.constant(1, 'weights'), attributes.int('transB', 0) === 1, attributes.float('alpha', 1));
  linear(node, x, weights, units, node.has(2) ? bias(node.constant(2, 'a bias'), units, attributes.float('beta', 1)) : null);
};

/** The bias that an Add behind it brings is written into it there. */
export const matMul: Operator = (node) => {
  if (!node.isConstant(1)) throw new Unsupported('multiplies two computed tensors, as attention does; use convolutions and linear layers');
  const x = vector(node);
  const { weights, units } = matrix(x, node.constant(1, 'weights'), false, 1);
  linear(node, x, weights, units, null);
};
