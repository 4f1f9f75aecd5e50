import type { FusedNodes } from './fuse.ts';
import { elementCount, type Node, type OpName, type Value } from './graph.ts';

const BYTES_PER_ELEMENT = 4;

/** Ops whose result can lie where one of their inputs lay, if nothing reads that any more. */
const IN_PLACE: ReadonlySet<OpName> = new Set<OpName>([
  'Neg', 'Exp', 'Log', 'Sqrt', 'Square', 'Reciprocal', 'Rint', 'Abs', 'Relu', 'Relu6', 'Sigmoid', 'Softmax', 'LogSoftmax', 'Add', 'Sub', 'Mul',
  'Div', 'Maximum', 'Minimum', 'Pow', 'Clip', 'AddN', 'BiasAdd', 'ReluGrad', 'Relu6Grad', 'FakeQuant', 'FakeQuantGrad', 'FusedBatchNormGrad',
  'ChannelFakeQuantGrad', 'ClippedBatchNormInference',
]); // prettier-ignore
/** Ops whose result is the memory of their input, or that of a variable. */
const ALIASES: ReadonlySet<OpName> = new Set<OpName>(['Reshape', 'ReadVariable']);

export const bytesOf = (value: Value): number => BYTES_PER_ELEMENT * elementCount(value.shape);

/**
 * Most bytes of tensors that these nodes hold at once, one after another, variables left out: each tensor from the node that makes
 * it to the last that reads it. What a kernel takes for itself meanwhile is not in it.
 *
 * @param leaving values that are kept to the end
 */
export function peakOf({ nodes, resolve }: FusedNodes, leaving: ReadonlySet<Value>): number {
  const rootOf = (value: Value): Value => {
    const found = resolve(value);
    return ALIASES.has(found.node.op) && found.node.inputs.length ? rootOf(found.node.inputs[0]) : found;
  };
  const lastReader = new Map<Value, Node>();
  for (const node of nodes) for (const input of node.inputs) lastReader.set(rootOf(input), node);
  const kept = new Set([...leaving].map(rootOf));
  const endsHere = (value: Value, node: Node): boolean => lastReader.get(value) === node && !kept.has(value);

  const held = new Map<Value, number>();
  let now = 0;
  let peak = 0;
  for (const node of nodes) {
    if (ALIASES.has(node.op)) continue;
    const inputs = [...new Set(node.inputs.map(rootOf))];
    /** Memory of inputs that end here, for outputs of the same size. */
    const free = IN_PLACE.has(node.op) ? inputs.filter((input) => endsHere(input, node) && held.get(input)) : [];
    for (const output of node.outputs) {
      const bytes = bytesOf(output);
      const place = free.findIndex((input) => held.get(input) === bytes);
      if (place >= 0) held.set(free.splice(place, 1)[0], 0);
      else now += bytes;
      held.set(output, bytes);
    }
    peak = Math.max(peak, now);
    for (const value of [...inputs, ...node.outputs]) {
      if (!endsHere(value, node) && (lastReader.has(value) || kept.has(value))) continue;
      now -= held.get(value) ?? 0;
      held.delete(value);
    }
  }
  return peak;
}
