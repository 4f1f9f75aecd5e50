import type { FusedBatchNorm, Node, OpName, ProgramFunction, Value } from './graph.ts';
import { attributesOf, reachable } from './graph.ts';
import { effectsInPlace } from './in-place.ts';
import { quantConvolutions } from './quant-convolutions.ts';

/** A function's nodes after fusion, in topological order, and what stands for the values that are no more. */
export interface FusedNodes {
  nodes: readonly Node[];
  resolve(value: Value): Value;
}

/**
 * Nodes of a function as the session runs them.
 * @param fused    whether the session has our own ops (resources/engine/native), which take the place of several of TensorFlow's
 * @param integers whether forward convolutions go over codes, which pays where the processor multiplies bytes
 */
export function nodesOf(fn: ProgramFunction, fused: boolean, integers = false): FusedNodes {
  const nodes = reachable([...[...fn.outputs.values()].map((value) => value.node), ...fn.effects]);
  if (!fused) return { nodes, resolve: (value) => value };
  const leaving = new Set(fn.outputs.values());
  const stands = new Map<Value, Value>();
  for (const { op, origin, inputs, outputs } of fn.unions.filter(({ effects }) => effects.length === 0))
    standIn({ id: outputs[0].node.id, origin }, op, inputs, outputs, {}).outputs.forEach((value, i) => stands.set(outputs[i], value));
  if (integers)
    for (const { node, inputs } of quantConvolutions(nodes))
      stands.set(node.outputs[0], standIn(node, 'QuantConv2D', inputs, node.outputs, node.attributes).outputs[0]);
  const readers = new Readers(nodes, leaving);
  fuseBatchNorms(nodes, readers, stands);
  clipInference(nodes, readers, stands);
  const resolve = (value: Value): Value => stands.get(value) ?? value;
  return { nodes: ordered(leaving, effectsInPlace(fn, resolve), resolve), resolve };
}

/** A node with outputs like the given ones. */
function standIn(
  from: Pick<Node, 'id' | 'origin'>,
  op: OpName,
  inputs: readonly Value[],
  outputs: readonly Pick<Value, 'shape' | 'dtype'>[],
  attributes: object,
): Node {
  const node: Node = { id: from.id, op, origin: from.origin, inputs, attributes: { ...attributes }, outputs: [] };
  return Object.assign(node, { outputs: outputs.map(({ shape, dtype }, index): Value => ({ node, index, shape, dtype })) });
}

/** What stands behind a batch normalization, and the way back through its gradients. */
interface Chain {
  attributes: FusedBatchNorm;
  residual: Value | null;
  /** of the fake quantization, and of that before the residual: step size, offset, smallest and largest code */
  grid: readonly Value[];
  innerGrid: readonly Value[];
  /** what the whole chain puts out, and the gradient that comes in for it */
  output: Value;
  gradient: Value | null;
  /** gradient of the residual as it was; in the fused op an output of its own */
  passed: Value | null;
  sums: Value | null;
  innerSums: Value | null;
}

const RELU_CAP: Partial<Record<OpName, number>> = { Relu: Infinity, Relu6: 6 };
const RELU_GRAD: Partial<Record<OpName, OpName>> = { Relu: 'ReluGrad', Relu6: 'Relu6Grad' };

/** Who reads each value; what leaves the function is read once more. */
class Readers {
  private readonly readers = new Map<Value, Node[]>();

  constructor(
    nodes: readonly Node[],
    private readonly leaving: ReadonlySet<Value>,
  ) {
    for (const node of nodes) for (const input of node.inputs) this.of(input).push(node);
  }
  of(value: Value): Node[] {
    let found = this.readers.get(value);
    if (!found) this.readers.set(value, (found = []));
    return found;
  }
  /** Whether nothing but `nodes` reads the value. */
  only(value: Value, nodes: readonly (Node | null)[]): boolean {
    return !this.leaving.has(value) && this.of(value).every((reader) => nodes.includes(reader));
  }
  find(value: Value, op: OpName, input: number): Node | null {
    return this.of(value).find((node) => node.op === op && node.inputs[input] === value) ?? null;
  }
}

/** How much of what follows is taken along. */
interface Depth {
  inner: boolean;
  residual: boolean;
  relu: boolean;
  quantize: boolean;
}
const ADDENDS = [
  { inner: true, residual: true },
  { inner: false, residual: true },
  { inner: false, residual: false },
];
const DEPTHS: readonly Depth[] = ADDENDS.flatMap((addends) =>
  [true, false].flatMap((quantize) => [true, false].map((relu) => ({ ...addends, relu, quantize }))),
);

/** The fake quantization of a value, and its gradient where `wanted`; null where there is none, or where they do not belong together. */
function quantizerOf(readers: Readers, value: Value, wanted: boolean): { node: Node; grad: Node | null } | null {
  const node = readers.find(value, 'FakeQuant', 0);
  const grad = readers.find(value, 'FakeQuantGrad', 1);
  if (!node || (wanted && !grad)) return null;
  if (grad && grad.inputs.slice(2).some((input, i) => input !== node.inputs[1 + i])) return null;
  return { node, grad };
}

/** The chain of that depth behind a batch normalization; null where something on it is read from elsewhere. */
function follow(readers: Readers, norm: Node, grad: Node | null, depth: Depth): Chain | null {
  const { epsilon } = attributesOf(norm, 'BatchNormTrain');
  const attributes: FusedBatchNorm = { epsilon, ...depth, relu: false, cap: Infinity };
  const chain: Chain = { attributes, residual: null, grid: [], innerGrid: [], output: norm.outputs[0], gradient: null, passed: null, sums: null, innerSums: null }; // prettier-ignore
  /** Gradients of the steps of the chain, the first step's first. */
  const back: Node[] = [];
  if (depth.inner) {
    const found = quantizerOf(readers, chain.output, grad !== null);
    if (!found || attributesOf(found.node, 'FakeQuant').relu || !readers.only(chain.output, [found.node, found.grad])) return null;
    chain.innerGrid = found.node.inputs.slice(1);
    if (found.grad) {
      back.push(found.grad);
      chain.innerSums = found.grad.outputs[1];
    }
    [chain.output] = found.node.outputs;
  }
  /** What the residual's gradient is the input of. */
  const innermost = back[0] ?? grad;
  if (depth.residual) {
    const add = readers.of(chain.output).find((node) => node.op === 'Add');
    const other = add?.inputs.find((input) => input !== chain.output);
    if (!add || !other || other.shape.join() !== chain.output.shape.join() || !readers.only(chain.output, [add])) return null;
    chain.residual = other;
    [chain.output] = add.outputs;
  }
  let reluGrad: Node | null = null;
  if (depth.relu) {
    const relu = readers.of(chain.output).find((node) => node.op in RELU_CAP);
    if (!relu || !readers.only(chain.output, [relu])) return null;
    attributes.relu = true;
    attributes.cap = RELU_CAP[relu.op]!;
    [chain.output] = relu.outputs;
    reluGrad = readers.find(chain.output, RELU_GRAD[relu.op]!, 1);
    if (reluGrad) back.push(reluGrad);
    else if (grad) return null;
  }
  if (depth.quantize) {
    const found = quantizerOf(readers, chain.output, grad !== null);
    if (!found || !readers.only(chain.output, [found.node, found.grad, reluGrad])) return null;
    chain.grid = found.node.inputs.slice(1);
    if (found.grad) {
      back.push(found.grad);
      chain.sums = found.grad.outputs[1];
    }
    attributes.relu ||= attributesOf(found.node, 'FakeQuant').relu;
    [chain.output] = found.node.outputs;
  }
  if (!grad) return back.length ? null : chain;
  // The residual's gradient would be a copy of the one that comes in.
  if (depth.residual && back.length === Number(depth.inner)) return null;
  // From the norm's gradient outwards: each gradient must be read by the next one inwards alone.
  let inner: Node = grad;
  for (const node of back) {
    const [given] = inner.inputs;
    if (given !== node.outputs[0]) return null;
    if (inner === innermost && depth.residual) chain.passed = given;
    else if (!readers.only(given, [inner])) return null;
    inner = node;
  }
  [chain.gradient] = inner.inputs;
  return chain;
}

/**
 * Puts our own op (resources/engine/native/batch_norm.cc) in the place of each batch normalization with batch statistics,
 * together with the addition of a residual, with a fake quantization before it, the ReLU or ReLU6, and the fake quantization
 * behind it, and their gradients: wherever nothing else reads what lies between.
 *
 * @param nodes  of one function, in topological order
 * @param stands gets what stands for the values that are no more
 */
function fuseBatchNorms(nodes: readonly Node[], readers: Readers, stands: Map<Value, Value>): void {
  const claimed = new Set<Value>();
  for (const norm of nodes) {
    if (norm.op !== 'BatchNormTrain') continue;
    const [x, gamma, beta] = norm.inputs;
    const [, mean, variance, savedMean, savedVariance] = norm.outputs;
    const grad = readers.find(savedMean, 'BatchNormGrad', 3);
    if (!readers.only(savedMean, [grad]) || !readers.only(savedVariance, [grad])) continue;
    const chain = DEPTHS.map((depth) => follow(readers, norm, grad, depth)).find((found) => found && !claimed.has(found.output));
    if (!chain) continue;
    claimed.add(chain.output);
    const extra = [...chain.grid, ...chain.innerGrid, ...(chain.residual ? [chain.residual] : [])];
    const fused = standIn(
      norm,
      'FusedBatchNorm',
      [x, gamma, beta, ...extra],
      [chain.output, mean, variance, savedVariance],
      chain.attributes,
    );
    [chain.output, mean, variance].forEach((value, i) => stands.set(value, fused.outputs[i]));
    if (!grad || !chain.gradient) continue;
    const [dx, dgamma, dbeta] = grad.outputs;
    const pair = { ...dx, shape: [2] };
    const none = { ...dx, shape: [0] };
    const outputs = [dx, dgamma, dbeta, chain.sums ?? pair, chain.residual ?? none, chain.innerSums ?? pair];
    const inputs = [chain.gradient, x, gamma, beta, fused.outputs[1], fused.outputs[3], ...extra];
    const fusedGrad = standIn(grad, 'FusedBatchNormGrad', inputs, outputs, chain.attributes);
    [dx, dgamma, dbeta, chain.sums, chain.passed, chain.innerSums].forEach((value, i) => {
      if (value) stands.set(value, fusedGrad.outputs[i]);
    });
  }
}

/** Puts our own op (resources/engine/native/batch_norm_inference.cc) in the place of each batch normalization with given statistics, and of the ReLU that alone reads it. */
function clipInference(nodes: readonly Node[], readers: Readers, stands: Map<Value, Value>): void {
  for (const norm of nodes) {
    if (norm.op !== 'BatchNormInference') continue;
    const { epsilon } = attributesOf(norm, 'BatchNormInference');
    const [y] = norm.outputs;
    const relu = readers.of(y).find((node) => node.op in RELU_CAP && readers.only(y, [node]));
    const clip = relu ? { low: 0, high: RELU_CAP[relu.op]! } : { low: -Infinity, high: Infinity };
    const [output] = relu?.outputs ?? [y];
    stands.set(output, standIn(norm, 'ClippedBatchNormInference', norm.inputs, [output], { epsilon, ...clip }).outputs[0]);
  }
}

/** The nodes that are still needed, in topological order. */
function ordered(leaving: ReadonlySet<Value>, effects: readonly Node[], resolve: (value: Value) => Value): Node[] {
  const done = new Set<Node>();
  const order: Node[] = [];
  const visit = (node: Node): void => {
    if (done.has(node)) return;
    done.add(node);
    for (const input of node.inputs) visit(resolve(input).node);
    node.after?.forEach(visit);
    order.push(node);
  };
  for (const value of leaving) visit(resolve(value).node);
  effects.forEach(visit);
  return order;
}
