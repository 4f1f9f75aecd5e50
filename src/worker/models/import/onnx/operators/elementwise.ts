import { Unsupported } from '../../network-writer.ts';
import type { Operation, Operator } from '../converter.ts';
import { isImage, onnxShape, sizeOf, type ConstantValue, type TensorValue } from '../values.ts';

/** The result is the input itself. */
export const pass: Operator = (node) => node.alias(0);

/** Softmax says nothing that the logits do not, so long as it is the last thing. */
export const lastSoftmax: Operator = (node) => {
  if (!node.isLast) throw new Unsupported('lies inside the network, where only logits are computed; use a sigmoid gate');
  node.writer.notes.push(`The ${node.proto.opType} at the end is left out: the network gives logits.`);
  node.conversion.ending = node.proto.opType === 'Softmax' ? 'softmax' : 'log-softmax';
  node.alias(0);
};

export const relu: Operator = (node) => {
  const x = node.tensor(0);
  node.resultLike(x, node.writer.follow(x.layer, 'relu', { kind: 'relu' }));
};

export const clip: Operator = (node) => {
  const x = node.tensor(0);
  const bound = (name: 'min' | 'max', index: number, otherwise: number) => {
    if (node.opset < 11) return node.attributes.float(name, otherwise);
    return node.has(index) ? node.constant(index, 'bounds').values[0] : otherwise;
  };
  const [low, high] = [bound('min', 1, -Infinity), bound('max', 2, Infinity)];
  if (low !== 0 || high <= 0) throw new Unsupported(`clips to ${low} .. ${high}; use ReLU or ReLU6`);
  const bounded = high < 1e30;
  node.resultLike(x, node.writer.follow(x.layer, 'relu', bounded ? { kind: 'relu', max: high } : { kind: 'relu' }));
};

export const sigmoid: Operator = (node) => {
  const x = node.tensor(0);
  node.resultLike(x, node.writer.follow(x.layer, 'sigmoid', { kind: 'sigmoid' }));
};

/** A constant as one number for each channel of a tensor. @throws Unsupported for one that differs within a channel */
function perChannel(constant: ConstantValue, x: TensorValue): Float32Array {
  const channels = x.shape.at(-1)!;
  if (x.flattened && constant.values.length > 1) throw new Unsupported('adds or multiplies constants between Flatten and the linear layer');
  if (constant.values.length === 1) return new Float32Array(channels).fill(constant.values[0]);
  const rank = onnxShape(x).length + 1;
  const dims = [...Array<number>(rank - Math.min(rank, constant.dims.length)).fill(1), ...constant.dims];
  const axis = isImage(x) || x.pooled ? (x.order === 'chw' ? 1 : rank - 1) : 1;
  if (dims.length !== rank || dims[axis] !== channels || sizeOf(dims) !== channels)
    throw new Unsupported(`has constants of shape [${constant.dims.join(', ')}] for ${channels} channels; use one for each channel`);
  return Float32Array.from(constant.values);
}

type Affine = (constants: Float32Array) => { scale: Float32Array; shift: Float32Array };
const ones = (like: Float32Array) => new Float32Array(like.length).fill(1);
const zeros = (like: Float32Array) => new Float32Array(like.length);

/** A tensor and a constant, in either order. @param swapped what it means with the constant first; null = not at all */
function withConstant(node: Operation, affine: Affine, swapped: Affine | null): void {
  const first = node.isConstant(0);
  const form = first ? swapped : affine;
  if (!form) throw new Unsupported('divides a constant by a tensor');
  const x = node.tensor(first ? 1 : 0);
  const { scale, shift } = form(perChannel(node.constant(first ? 0 : 1, 'constants'), x));
  const layer = node.writer.scaleAndShift(x.layer, scale, shift, node.alone(first ? 1 : 0), node.name());
  node.result({ ...x, layer });
}

const isArithmetic = (node: Operation) => node.isConstant(0) || node.isConstant(1);

function addTensors(node: Operation, a: TensorValue, b: TensorValue): TensorValue {
  if (onnxShape(a).join() !== onnxShape(b).join() || Boolean(a.flattened) !== Boolean(b.flattened))
    throw new Unsupported(`adds shapes [${onnxShape(a).join(', ')}] and [${onnxShape(b).join(', ')}]; make them equal`);
  const layer = node.writer.add(`${node.name().replace(/\.add$/, '')}.add`, [a.layer, b.layer], { kind: 'add' });
  return { ...a, layer };
}

const plus: Affine = (c) => ({ scale: ones(c), shift: c });
export const add: Operator = (node) => {
  if (isArithmetic(node)) withConstant(node, plus, plus);
  else node.result(addTensors(node, node.tensor(0), node.tensor(1)));
};

/** Any number of tensors, added one after the other. */
export const sum: Operator = (node) => {
  let total = node.tensor(0);
  for (let index = 1; index < node.inputs; index++) total = addTensors(node, total, node.tensor(index));
  node.result(total);
};

export const sub: Operator = (node) => {
  if (!isArithmetic(node)) throw new Unsupported('subtracts two tensors; use an addition');
  withConstant(
    node,
    (c) => ({ scale: ones(c), shift: c.map((value) => -value) }),
    (c) => ({ scale: ones(c).fill(-1), shift: c }),
  );
};

export const div: Operator = (node) => {
  if (!isArithmetic(node)) throw new Unsupported('divides two tensors; use a product');
  withConstant(node, (c) => ({ scale: c.map((value) => 1 / value), shift: zeros(c) }), null);
};

const times: Affine = (c) => ({ scale: c, shift: zeros(c) });

/** x * sigmoid(x) becomes swish, an image times one gate for each channel a product. */
export const mul: Operator = (node) => {
  if (isArithmetic(node)) return withConstant(node, times, times);
  const { writer } = node;
  const [a, b] = [node.tensor(0), node.tensor(1)];
  for (const [x, gate, index] of [[a, b, 1] as const, [b, a, 0] as const]) {
    const producer = writer.layer(gate.layer);
    if (producer.kind !== 'sigmoid' || producer.inputs[0] !== x.layer || !node.alone(index) || writer.layers.at(-1) !== producer) continue;
    writer.takeBack(gate.layer);
    return node.resultLike(x, writer.follow(x.layer, 'swish', { kind: 'swish' }));
  }
  const gated = (x: TensorValue, gate: TensorValue) => isImage(x) && gate.pooled && gate.shape[0] === x.shape[2];
  const [x, gate] = gated(b, a) ? [b, a] : [a, b];
  if (!gated(x, gate) && onnxShape(x).join() !== onnxShape(gate).join())
    throw new Unsupported(`multiplies shapes [${onnxShape(a).join(', ')}] and [${onnxShape(b).join(', ')}]; use one gate for each channel`);
  node.resultLike(x, writer.add(node.name(), [x.layer, gate.layer], { kind: 'multiply' }));
};
