import { nodesOf } from './fuse.ts';
import type { Node, Program, ProgramFunction, Value } from './graph.ts';

/**
 * The program as the session runs it where it has our own ops, so that an executor that goes op by op can run the same
 * nodes: see `nodesOf`. Variables are those of `program`.
 */
export function fusedProgram(program: Program): Program {
  let nextId = 0;
  const functions = [...program.functions].map(([name, fn]): [string, ProgramFunction] => {
    const { nodes, resolve } = nodesOf(fn, true);
    const copies = new Map<Node, Node>();
    const copied = (value: Value): Value => {
      const { node, index } = resolve(value);
      return copies.get(node)!.outputs[index];
    };
    for (const node of nodes) {
      const copy: Node = { ...node, id: nextId++, inputs: node.inputs.map(copied), outputs: [] };
      copies.set(node, Object.assign(copy, { outputs: node.outputs.map((output): Value => ({ ...output, node: copy })) }));
    }
    const feeds = [...fn.feeds].filter(([, value]) => copies.has(value.node));
    const entries = (values: Iterable<readonly [string, Value]>) => new Map([...values].map(([key, value]) => [key, copied(value)]));
    return [
      name,
      { name, feeds: entries(feeds), outputs: entries(fn.outputs), effects: fn.effects.map((effect) => copies.get(effect)!), unions: [] },
    ];
  });
  return { variables: program.variables, functions: new Map(functions) };
}
