import type { Node, OpName, ProgramFunction, Value } from './graph.ts';

/** Nothing is computed for these when a call has begun. */
const SOURCES: ReadonlySet<OpName> = new Set<OpName>(['Placeholder', 'Const', 'ReadVariable']);
/** Ops whose result can be the memory of what they read. */
const ALIASES: ReadonlySet<OpName> = new Set<OpName>(['Reshape', 'Unpack', 'Pack', 'Split', 'Concat', 'AddN']);

/** Whether the result of a node can be the memory of a variable. */
function isVariable(node: Node, resolve: (value: Value) => Value): boolean {
  return node.op === 'ReadVariable' || (ALIASES.has(node.op) && node.inputs.some((input) => isVariable(resolve(input).node, resolve)));
}

/**
 * A function's effects as a session with our own ops has them: those that `GraphBuilder.inPlace` names are made by one op, which
 * waits for all outputs, for what other such ops read, and for the other effects, so that all see the variables as they were.
 *
 * @param resolve what stands for a value
 * @throws Error where an output lies in the memory of a variable, which would change before it is fetched
 */
export function effectsInPlace(fn: ProgramFunction, resolve: (value: Value) => Value): readonly Node[] {
  const unions = fn.unions.filter(({ effects }) => effects.length > 0);
  if (unions.length === 0) return fn.effects;
  const made = new Set(unions.flatMap(({ effects }) => effects));
  const others = fn.effects.filter((effect) => !made.has(effect));
  const outputs = [...fn.outputs].map(([name, value]) => {
    const { node } = resolve(value);
    if (isVariable(node, resolve))
      throw new Error(`Output '${name}' of '${fn.name}' can be a variable that the function changes in place.`);
    return node;
  });
  const read = unions.flatMap(({ inputs }) => inputs.map((input) => resolve(input).node));
  const after = [...new Set([...outputs, ...read, ...others])].filter(({ op }) => !SOURCES.has(op));
  return [
    ...others,
    ...unions.map(({ op, origin, inputs, effects, attributes }): Node => ({
      id: effects[0].id,
      op,
      origin,
      inputs,
      attributes,
      outputs: [],
      after,
    })),
  ];
}
