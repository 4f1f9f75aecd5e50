import type { GraphBuilder } from './builder.ts';
import type { Convolution, Node, OpName, Pooling, Shape, Value } from './graph.ts';
import { attributesOf } from './graph.ts';

type Backward = (b: GraphBuilder, node: Node, gradients: readonly (Value | null)[]) => readonly (Value | null)[];

/** Sums a gradient over the axes along which `shape` was broadcast. */
function unbroadcast(b: GraphBuilder, gradient: Value, shape: Shape): Value {
  if (gradient.shape.join() === shape.join()) return gradient;
  const lead = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((size, i) => (i < lead || (shape[i - lead] === 1 && size !== 1) ? [i] : []));
  return b.reshape(b.sum(gradient, axes), shape);
}

const elementwise =
  (derive: (b: GraphBuilder, node: Node, dy: Value) => readonly (Value | null)[]): Backward =>
  (b, node, [dy]) =>
    derive(b, node, dy!).map((gradient, i) => gradient && unbroadcast(b, gradient, node.inputs[i].shape));

const spread = (b: GraphBuilder, gradient: Value, node: Node): Value => {
  const { axes } = node.attributes as { axes: readonly number[] };
  const input = node.inputs[0].shape;
  const kept = input.map((size, i) => (axes.includes(i) ? 1 : size));
  return b.broadcastTo(b.reshape(gradient, kept), input);
};

const poolingOf = (node: Node) => node.attributes as unknown as Pooling;

/** Reverse-mode rules: the gradients of a node's inputs from those of its outputs. Ops that are not listed have none. */
const BACKWARD: Partial<Record<OpName, Backward>> = {
  Neg: elementwise((b, _, dy) => [b.neg(dy)]),
  Exp: elementwise((b, node, dy) => [b.mul(dy, node.outputs[0])]),
  Log: elementwise((b, node, dy) => [b.div(dy, node.inputs[0])]),
  Sqrt: elementwise((b, node, dy) => [b.div(b.mul(dy, b.scalar(0.5)), node.outputs[0])]),
  Square: elementwise((b, node, dy) => [b.mul(dy, b.mul(b.scalar(2), node.inputs[0]))]),
  Reciprocal: elementwise((b, node, dy) => [b.neg(b.mul(dy, b.square(node.outputs[0])))]),
  Relu: (b, node, [dy]) => [b.reluGrad(dy!, node.outputs[0])],
  Relu6: (b, node, [dy]) => [b.relu6Grad(dy!, node.outputs[0])],
  Sigmoid: elementwise((b, node, dy) => [b.mul(dy, b.sub(node.outputs[0], b.square(node.outputs[0])))]),
  Swish: (b, node, [dy]) => [b.swishGrad(dy!, node.inputs[0])],
  Softmax: elementwise((b, node, dy) => {
    const [y] = node.outputs;
    return [b.mul(b.sub(dy, b.sum(b.mul(dy, y), [y.shape.length - 1], true)), y)];
  }),
  LogSoftmax: elementwise((b, node, dy) => [b.sub(dy, b.mul(b.exp(node.outputs[0]), b.sum(dy, [dy.shape.length - 1], true)))]),
  Add: elementwise((_, __, dy) => [dy, dy]),
  Sub: elementwise((b, _, dy) => [dy, b.neg(dy)]),
  Mul: elementwise((b, node, dy) => [b.mul(dy, node.inputs[1]), b.mul(dy, node.inputs[0])]),
  Div: elementwise((b, node, dy) => [b.div(dy, node.inputs[1]), b.neg(b.div(b.mul(dy, node.outputs[0]), node.inputs[1]))]),
  AddN: (_, node, [dy]) => node.inputs.map(() => dy),
  Clip: (b, node, [dy]) => [b.mul(dy!, b.equalMask(node.inputs[0], node.outputs[0])), null, null],
  Sum: (b, node, [dy]) => [spread(b, dy!, node)],
  Mean: (b, node, [dy]) => [
    spread(
      b,
      b.mul(dy!, b.scalar(node.outputs[0].shape.reduce((a, s) => a * s, 1) / node.inputs[0].shape.reduce((a, s) => a * s, 1))),
      node,
    ),
  ],
  Reshape: (b, node, [dy]) => [b.reshape(dy!, node.inputs[0].shape)],
  BroadcastTo: (b, node, [dy]) => [unbroadcast(b, dy!, node.inputs[0].shape)],
  Concat: (b, node, [dy]) => {
    const { axis } = attributesOf(node, 'Concat');
    return b.split(dy!, node.inputs.map((input) => input.shape[axis]), axis); // prettier-ignore
  },
  Split: (b, node, gradients) => [
    b.concat(
      gradients.map((gradient, i) => gradient ?? b.zerosLike(node.outputs[i])),
      attributesOf(node, 'Split').axis,
    ),
  ],
  Gather: (b, node, [dy]) => [b.segmentSum(dy!, node.inputs[1], node.inputs[0].shape[0]), null],
  BiasAdd: (b, _, [dy]) => [dy, b.biasAddGrad(dy!)],
  MatMul: (b, node, [dy]) => {
    const [x, w] = node.inputs;
    const { transposeA, transposeB } = attributesOf(node, 'MatMul');
    const dx = transposeA ? b.matMul(w, dy!, transposeB, true) : b.matMul(dy!, w, false, !transposeB);
    const dw = transposeB ? b.matMul(dy!, x, true, transposeA) : b.matMul(x, dy!, !transposeA, false);
    return [dx, dw];
  },
  Conv2D: (b, node, [dy]) => {
    const [x, filter] = node.inputs;
    const options = node.attributes as unknown as Convolution;
    const only = { stride: options.stride, padding: options.padding };
    return [b.conv2dBackpropInput(filter, dy!, x.shape, only), b.conv2dBackpropFilter(x, dy!, filter.shape, only)];
  },
  DepthwiseConv2D: (b, node, [dy]) => {
    const [x, filter] = node.inputs;
    const { stride, padding } = attributesOf(node, 'DepthwiseConv2D');
    return [
      b.depthwiseConv2dBackpropInput(filter, dy!, x.shape, { stride, padding }),
      b.depthwiseConv2dBackpropFilter(x, dy!, filter.shape, { stride, padding }),
    ];
  },
  MaxPool: (b, node, [dy]) => [b.maxPoolGrad(node.inputs[0], node.outputs[0], dy!, poolingOf(node))],
  AvgPool: (b, node, [dy]) => [b.avgPoolGrad(dy!, node.inputs[0].shape, poolingOf(node))],
  BatchNormTrain: (b, node, [dy]) => b.batchNormGrad(dy!, node),
  // The statistics are constants here: they get no gradient.
  BatchNormInference: (b, node, [dy]) => {
    const [x, gamma, , mean, variance] = node.inputs;
    const inverse = b.reciprocal(b.sqrt(b.plus(variance, b.scalar(attributesOf(node, 'BatchNormInference').epsilon))));
    const axes = x.shape.slice(0, -1).map((_, i) => i);
    const normalized = b.mul(b.sub(x, mean), inverse);
    return [b.mul(dy!, b.mul(gamma, inverse)), b.sum(b.mul(dy!, normalized), axes), b.sum(dy!, axes), null, null];
  },
  SoftmaxCrossEntropy: (b, node, [dy]) => {
    const [rows, classes] = node.inputs[0].shape;
    return [b.mul(b.broadcastTo(b.reshape(dy!, [rows, 1]), [rows, classes]), node.outputs[1]), null];
  },
};

/**
 * Reverse-mode differentiation of a scalar (or of the sum of `loss`).
 * @returns one gradient for each entry of `wanted`, of the same shape; null where `loss` does not depend on it
 * @throws Error naming an op on the way that has no rule
 */
export function gradientsOf(b: GraphBuilder, loss: Value, wanted: readonly Value[]): (Value | null)[] {
  const depends = new Set<Node>(wanted.map((value) => value.node));
  const path: Node[] = [];
  const visit = (node: Node, seen: Map<Node, boolean>): boolean => {
    const known = seen.get(node);
    if (known !== undefined) return known;
    seen.set(node, false);
    const inputs = b.compositeOf(node)?.inputs ?? node.inputs;
    let needed = depends.has(node);
    for (const input of inputs) needed = visit(input.node, seen) || needed;
    seen.set(node, needed);
    if (needed) path.push(node);
    return needed;
  };
  visit(loss.node, new Map());
  path.sort((a, c) => c.id - a.id);

  const needed = new Set(path);
  const collected = new Map<Node, Value[][]>();
  const give = (value: Value, gradient: Value | null | undefined) => {
    if (!gradient || !needed.has(value.node)) return;
    const slots = collected.get(value.node) ?? value.node.outputs.map(() => []);
    slots[value.index].push(gradient);
    collected.set(value.node, slots);
  };
  const ones = b.constant(new Float32Array(loss.shape.reduce((a, s) => a * s, 1)).fill(1), loss.shape);
  give(loss, ones);
  const differentiate = (node: Node): void => {
    const slots = collected.get(node);
    if (!slots) return;
    const gradients = slots.map((list) => (list.length ? b.addN(list) : null));
    collected.set(
      node,
      gradients.map((gradient) => (gradient ? [gradient] : [])),
    );
    const composite = b.compositeOf(node);
    if (composite) {
      if (gradients[0]) composite.backward(gradients[0]).forEach((gradient, i) => give(composite.inputs[i], gradient));
      return;
    }
    if (!node.inputs.some((input) => needed.has(input.node))) return;
    const rule = BACKWARD[node.op];
    if (!rule) throw new Error(`Op ${node.op} (node ${node.id}) has no gradient.`);
    rule(b, node, gradients).forEach((gradient, i) => give(node.inputs[i], gradient));
  };
  for (const node of path) b.within({ ...node.origin, backward: true }, () => differentiate(node));
  return wanted.map((value) => collected.get(value.node)?.[value.index][0] ?? null);
}
