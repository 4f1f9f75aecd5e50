import { fusesProducts, hasFusedOps, nativeModule, type TfBinding } from './binding.ts';
import { CallPlanner, changedBy, type Feeds } from './call-plan.ts';
import type { EngineMemory, Executor } from './executor.ts';
import { GraphWriter } from './graph-def.ts';
import { openSession, type GraphSession } from './graph-session.ts';
import type { HostArray, Node, Program, Shape, Value, Variable } from './graph.ts';
import { attributesOf } from './graph.ts';
import { lower, TF_TYPE } from './lowering.ts';
import type { TfAttributes, TfSink } from './tf-sink.ts';
import { nodesToRun } from './nodes-to-run.ts';

const typeOf = (dtype: 'float32' | 'int32' | 'bool') => ({ kind: 'type', value: TF_TYPE[dtype] }) as const;

/** Writes all functions of a program into one graph; variables are shared resources of its session. */
function writeProgram(program: Program, fused: boolean, integers: boolean | undefined): GraphWriter {
  const writer = new GraphWriter();
  const refs = new Map<Node, string[]>();
  let prefix = '';
  let counter = 0;
  let controls: string[] = [];
  const sink: TfSink<string> = {
    op(name, inputs, attributes: TfAttributes, outputs) {
      const node = `${prefix}_${counter++}`;
      writer.node(node, name, [...inputs, ...controls], attributes);
      return Array.from({ length: Math.max(outputs, 1) }, (_, i) => (i ? `${node}:${i}` : node));
    },
    constant(data: HostArray, shape: Shape) {
      const node = `${prefix}_${counter++}`;
      writer.node(node, 'Const', [], { dtype: typeOf(data instanceof Float32Array ? 'float32' : 'int32') }, { data, shape });
      return node;
    },
    resource: (variable: Variable) => `var/${variable.name}`,
    fused,
    fusesProducts: fusesProducts(),
  };
  for (const variable of program.variables) {
    const name = `var/${variable.name}`;
    const dtype = typeOf(variable.dtype);
    const shape = { kind: 'shape', value: variable.shape } as const;
    writer.node(name, 'VarHandleOp', [], {
      dtype,
      shape,
      shared_name: { kind: 'string', value: name },
      container: { kind: 'string', value: '' },
    });
    writer.node(`read/${variable.name}`, 'ReadVariableOp', [name], { dtype });
    writer.node(`feed/${variable.name}`, 'Placeholder', [], { dtype, shape });
    // A variable takes over the buffer of its value: the addon's can be the caller's array, our own module makes copies.
    if (!fused) writer.node(`copy/${variable.name}`, 'DeepCopy', [`feed/${variable.name}`], { T: dtype });
    const value = `${fused ? 'feed' : 'copy'}/${variable.name}`;
    writer.target(`write/${variable.name}`, 'AssignVariableOp', [name, value], { dtype });
  }
  for (const fn of program.functions.values()) {
    const { nodes, resolve } = nodesToRun(fn, fused, integers);
    const refOf = (value: Value): string => {
      const { node, index } = resolve(value);
      return refs.get(node)![index];
    };
    const effects = nodes.filter(({ outputs }) => outputs.length === 0);
    /** The last op that reads or changes each variable. */
    const before = new Map<Variable, string>();
    for (const node of nodes) if (node.op === 'ReadVariable') before.set(attributesOf(node, 'ReadVariable').variable, `n${node.id}_0`);
    for (const node of nodes) {
      if (refs.has(node)) continue;
      prefix = `n${node.id}${node.again ? '/again' : ''}`;
      counter = 0;
      if (node.op === 'Placeholder') {
        const name = `${fn.name}/${node.attributes.name as string}`;
        const [output] = node.outputs;
        writer.node(name, 'Placeholder', [], { dtype: typeOf(output.dtype), shape: { kind: 'shape', value: output.shape } });
        refs.set(node, [name]);
        continue;
      }
      // A variable is read before it is changed, and changed in the order written. The values that were read stay as they
      // are: AssignVariableOp replaces the variable's buffer, and the ops that update in place copy it while a read holds it.
      const inputs = node.inputs.map(refOf);
      const changed = node.outputs.length === 0 ? changedBy(node) : [];
      const first = [...changed.map((variable) => before.get(variable)), ...(node.after ?? []).map((earlier) => refs.get(earlier)![0])];
      controls = [...new Set(first)].filter((one) => one !== undefined && !inputs.includes(one)).map((one) => `^${one}`);
      const outputs = lower(node, inputs, sink);
      controls = [];
      refs.set(node, outputs);
      for (const variable of changed) before.set(variable, outputs[0]);
    }
    const done = effects.map((effect) => `^${refs.get(effect)![0]}`);
    writer.target(`${fn.name}/done`, 'NoOp', done, {});
    for (const [key, value] of fn.outputs) {
      writer.node(`${fn.name}/out/${key}`, 'Identity', [refOf(value)], { T: typeOf(value.dtype) });
    }
  }
  return writer;
}

/** The default executor: one TensorFlow session for the whole program, one native call for each `run`. */
export class SessionExecutor implements Executor {
  readonly kind = 'session';
  private readonly session: GraphSession;
  private readonly planner: CallPlanner;

  constructor(
    private readonly binding: TfBinding,
    program: Program,
    fused = hasFusedOps(),
    integers?: boolean,
  ) {
    this.planner = new CallPlanner(program);
    this.session = openSession(binding, fused ? nativeModule() : null, writeProgram(program, fused, integers));
  }

  get feedMilliseconds(): number {
    return this.session.feedMilliseconds;
  }

  async run(name: string, feeds: Feeds, outputs?: readonly string[], effects = outputs === undefined): Promise<Record<string, HostArray>> {
    const plan = this.planner.plan(name, outputs, effects);
    const inputs = [...this.planner.feeds(plan, feeds)].map(([key, data]) => ({
      name: `${name}/${key}`,
      shape: plan.fn.feeds.get(key)!.shape,
      data,
    }));
    const fetches = plan.outputs.map(([key]) => `${name}/out/${key}`);
    const targets = effects ? [`${name}/done`] : [];
    const results = fetches.length + targets.length ? this.session.run(inputs, fetches, targets) : [];
    return Object.fromEntries(plan.outputs.map(([key], i) => [key, results[i]]));
  }

  async write(values: ReadonlyMap<string, HostArray>): Promise<void> {
    const inputs = [...values].map(([name, data]) => ({
      name: `feed/${name}`,
      shape: this.planner.checkedVariable(name, data).shape,
      data,
    }));
    const targets = [...values.keys()].map((name) => `write/${name}`);
    if (inputs.length) this.session.run(inputs, [], targets);
  }

  async read(names: readonly string[]): Promise<Map<string, HostArray>> {
    for (const name of names) this.planner.variable(name);
    const fetches = names.map((name) => `read/${name}`);
    const data = names.length ? this.session.run([], fetches) : [];
    return new Map(names.map((name, i) => [name, data[i]]));
  }

  memory(): EngineMemory {
    return { tensors: this.binding.getNumOfTensors(), rssBytes: process.memoryUsage.rss() };
  }

  dispose(): void {
    this.session.dispose();
  }
}
