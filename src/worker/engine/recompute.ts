import type { FusedNodes } from './fuse.ts';
import type { Node, OpName, Value } from './graph.ts';
import { bytesOf, peakOf } from './peak-memory.ts';

/** Nodes that are there already, or cost nothing: never written a second time. */
const SOURCES: ReadonlySet<OpName> = new Set<OpName>(['Placeholder', 'Const', 'ReadVariable']);
/** Numbers of segments that are tried. */
const SEGMENTS = [2, 3, 4, 5, 6, 8, 11, 16, 22, 32];

/** A function's nodes, taken apart: what computes the loss, in order, and what is behind it. */
interface Sides {
  forward: readonly Node[];
  /** gradients, and what depends on them; effects are in no side, they read what is kept */
  backward: readonly Node[];
  forwardSet: ReadonlySet<Node>;
  effects: ReadonlySet<Node>;
  resolve: (value: Value) => Value;
}

/** Vectors and scalars are kept: next to images they are nothing, and statistics of a batch are among them. */
const isLarge = ({ shape }: Value): boolean => shape.length > 1;

/** As they were written, gradient by gradient; a fused node comes as late as its last input. */
function inWrittenOrder({ nodes, resolve }: FusedNodes): FusedNodes {
  const places = new Map<Node, number>();
  for (const node of nodes) places.set(node, Math.max(node.id, ...node.inputs.map((input) => places.get(resolve(input).node)!)));
  return { nodes: [...nodes].sort((a, b) => places.get(a)! - places.get(b)!), resolve };
}

function sidesOf({ nodes, resolve }: FusedNodes): Sides {
  const behind = new Set<Node>();
  const forward: Node[] = [];
  const backward: Node[] = [];
  const effects = new Set<Node>();
  for (const node of nodes) {
    if (SOURCES.has(node.op)) continue;
    if (node.outputs.length === 0) effects.add(node);
    else if (node.origin.backward || node.inputs.some((input) => behind.has(resolve(input).node))) {
      behind.add(node);
      backward.push(node);
    } else forward.push(node);
  }
  return { forward, backward, forwardSet: new Set(forward), effects, resolve };
}

/** What of the forward pass the gradients read. */
function readBehind({ backward, forwardSet, resolve }: Sides): Set<Value> {
  const read = new Set<Value>();
  for (const node of backward)
    for (const input of node.inputs) {
      const value = resolve(input);
      if (forwardSet.has(value.node) && isLarge(value)) read.add(value);
    }
  return read;
}

/**
 * Places between two forward nodes over which a single tensor is carried, as at the borders of residual blocks, and the bytes that
 * gradients read from what lies between one place and the next.
 */
function placesOf(sides: Sides, read: ReadonlySet<Value>): { after: number; bytes: number }[] {
  const { forward, forwardSet, resolve } = sides;
  const last = new Map<Value, number>();
  forward.forEach((node, i) => {
    for (const input of node.inputs) {
      const value = resolve(input);
      if (forwardSet.has(value.node) && isLarge(value)) last.set(value, i);
    }
  });
  const places: { after: number; bytes: number }[] = [];
  const carried = new Set<Value>();
  let bytes = 0;
  forward.forEach((node, i) => {
    for (const value of node.outputs) {
      if (read.has(value)) bytes += bytesOf(value);
      if (last.has(value)) carried.add(value);
    }
    for (const value of carried) if (last.get(value)! <= i) carried.delete(value);
    if (carried.size !== 1) return;
    places.push({ after: i, bytes });
    bytes = 0;
  });
  return places;
}

/** Segments of about equal bytes: the last forward node of each; what comes behind the last one is not computed again. */
function cut(places: readonly { after: number; bytes: number }[], segments: number): number[] {
  const total = places.reduce((sum, { bytes }) => sum + bytes, 0);
  const ends: number[] = [];
  let sum = 0;
  for (const { after, bytes } of places) {
    sum += bytes;
    if (sum < (total * (ends.length + 1)) / segments) continue;
    ends.push(after);
  }
  return ends;
}

/** The segment of each forward node that lies in one. @param ends the last forward node of each */
function segmentsOf(forward: readonly Node[], ends: readonly number[]): Map<Node, number> {
  const segments = new Map<Node, number>();
  let next = 0;
  forward.forEach((node, i) => {
    if (next < ends.length) segments.set(node, next);
    if (i === ends[next]) next += 1;
  });
  return segments;
}

/** What stays from the forward pass until its gradient: read by another segment, by an effect, or from outside. */
function keptBetween({ forward, effects, resolve }: Sides, segments: ReadonlyMap<Node, number>, leaving: ReadonlySet<Value>): Set<Value> {
  const kept = new Set([...leaving].map(resolve));
  for (const node of [...forward, ...effects])
    for (const input of node.inputs) {
      const value = resolve(input);
      if (effects.has(node) || segments.get(value.node) !== segments.get(node)) kept.add(value);
    }
  return kept;
}

/**
 * The gradients that arrive at the end of each segment: the first that meet one of its tensors, and do not come from it themselves.
 * @param lost segment of a tensor that is not kept, else undefined
 */
function arrivals({ backward, resolve }: Sides, lost: (value: Value) => number | undefined): Map<number, Node[]> {
  const arriving = new Map<number, Node[]>();
  /** Segments that each gradient waits for. */
  const waits = new Map<Node, ReadonlySet<number>>();
  for (const node of backward) {
    const inputs = node.inputs.map(resolve);
    const own = inputs.map(lost).filter((segment) => segment !== undefined);
    const gradients = inputs.map((input) => input.node).filter((input) => waits.has(input));
    waits.set(node, new Set([...own, ...gradients.flatMap((gradient) => [...waits.get(gradient)!])]));
    for (const segment of own) {
      const first = gradients.filter((gradient) => !waits.get(gradient)!.has(segment));
      if (first.length && !arriving.has(segment)) arriving.set(segment, first);
    }
  }
  return arriving;
}

const cloned = (node: Node, inputs: readonly Value[], more: Partial<Node> = {}): Node => {
  const clone: Node = { ...node, ...more, inputs, outputs: [] };
  return Object.assign(clone, { outputs: node.outputs.map((output): Value => ({ ...output, node: clone })) });
};

/** Writes the segments once more in front of their gradients. @param ends the last forward node of each segment */
function withSegments({ nodes }: FusedNodes, leaving: ReadonlySet<Value>, sides: Sides, ends: readonly number[]): FusedNodes {
  const { forward, backward, effects, resolve } = sides;
  const segments = segmentsOf(forward, ends);
  const kept = keptBetween(sides, segments, leaving);
  const lost = (value: Value): number | undefined => (isLarge(value) && !kept.has(value) ? segments.get(value.node) : undefined);
  const arriving = arrivals(sides, lost);

  const behind = new Set(backward);
  const order = nodes.filter((node) => !behind.has(node) && !effects.has(node));
  const stands = new Map<Value, Value>();
  const now = (value: Value): Value => stands.get(resolve(value)) ?? resolve(value);
  const copies = new Map<Node, Node>();
  const again = (value: Value, after: readonly Node[]): Value => {
    if (lost(value) === undefined) return value;
    const { node } = value;
    let copy = copies.get(node);
    if (!copy) {
      const given = node.inputs.map(resolve);
      const inputs = given.map((input) => again(input, after));
      // The others wait for these.
      const first = inputs.every((input, i) => input === given[i]);
      copy = cloned(node, inputs, { again: true, origin: { ...node.origin, backward: true }, ...(first && { after }) });
      order.push(copy);
      copies.set(node, copy);
    }
    return copy.outputs[value.index];
  };
  for (const node of backward) {
    const inputs = node.inputs.map((input) => {
      const after = arriving.get(lost(resolve(input)) ?? -1)?.map((gradient) => now(gradient.outputs[0]).node);
      return after ? again(resolve(input), after) : now(input);
    });
    const clone = cloned(node, inputs);
    order.push(clone);
    node.outputs.forEach((output, i) => stands.set(output, clone.outputs[i]));
  }
  return { nodes: [...order, ...effects], resolve: now };
}

/**
 * Gradient checkpointing (Chen et al. 2016, arXiv 1604.06174): of the forward pass only the tensors at the borders of segments are
 * kept; in front of its gradients a segment is computed once more from them, after the gradient at its end has arrived.
 * The same ops on the same inputs; effects are not done again. The number of segments is that which takes the least memory by
 * `peakOf`.
 *
 * @param nodes   of a function, in topological order
 * @param leaving values that the function puts out
 */
export function withRecomputation(nodes: FusedNodes, leaving: ReadonlySet<Value>): FusedNodes {
  const fused = inWrittenOrder(nodes);
  const sides = sidesOf(fused);
  const read = readBehind(sides);
  const places = placesOf(sides, read);
  let [best, least] = [fused, peakOf(fused, leaving)];
  for (const segments of SEGMENTS.filter((count) => count <= places.length)) {
    const tried = withSegments(fused, leaving, sides, cut(places, segments).slice(0, -1));
    const peak = peakOf(tried, leaving);
    if (peak < least) [best, least] = [tried, peak];
  }
  return best;
}
