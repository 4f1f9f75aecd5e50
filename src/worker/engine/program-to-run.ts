import type { Node, Program, ProgramFunction, Value } from './graph.ts';
import { nodesToRun } from './nodes-to-run.ts';

/**
 * The program as the session runs it, so that an executor that goes op by op can run the same nodes: see `nodesToRun`.
 * Variables are those of `program`; they are changed by the effects as they were written, since nothing that goes op by op has variables
 * that an op could change in place.
 *
 * @param fused as where the session has our own ops
 */
export function programToRun(program: Program, fused: boolean): Program {
  let nextId = 0;
  const functions = [...program.functions].map(([name, fn]): [string, ProgramFunction] => {
    const unions = fn.unions.filter(({ effects }) => effects.length === 0);
    const { nodes, resolve } = nodesToRun({ ...fn, unions }, fused);
    const copies = new Map<Node, Node>();
    const copied = (value: Value): Value => {
      const { node, index } = resolve(value);
      return copies.get(node)!.outputs[index];
    };
    for (const node of nodes) {
      const after = node.after?.map((earlier) => copies.get(earlier)!);
      const copy: Node = { ...node, after, again: false, id: nextId++, inputs: node.inputs.map(copied), outputs: [] };
      copies.set(node, Object.assign(copy, { outputs: node.outputs.map((output): Value => ({ ...output, node: copy })) }));
    }
    const feeds = [...fn.feeds].filter(([, value]) => copies.has(value.node));
    const entries = (values: Iterable<readonly [string, Value]>) => new Map([...values].map(([key, value]) => [key, copied(value)]));
    const effects = fn.effects.map((effect) => copies.get(effect)!);
    return [name, { name, feeds: entries(feeds), outputs: entries(fn.outputs), effects, unions: [], checkpointing: false }];
  });
  return { variables: program.variables, functions: new Map(functions) };
}
