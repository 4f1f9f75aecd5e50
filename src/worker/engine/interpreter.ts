import { CallPlanner, type Feeds } from './call-plan.ts';
import type { EngineMemory, Executor, ExecutorKind } from './executor.ts';
import type { DType, HostArray, Node, Program, Shape, Variable } from './graph.ts';
import { attributesOf } from './graph.ts';

/** What an interpreting executor needs from a library: tensors of type T and one kernel for each op. */
export interface KernelLibrary<T> {
  upload(data: HostArray, shape: Shape): T;
  download(tensor: T): HostArray;
  release(tensor: T): void;
  /** Runs one op that is neither a placeholder, a constant nor about variables. */
  execute(node: Node, inputs: readonly T[]): T[];
  copy(tensor: T, dtype: DType): T;
  add(a: T, b: T, dtype: DType): T;
  /** One Adam step; returns the new variable, momentum and velocity as fresh tensors. */
  adam(state: { variable: T; momentum: T; velocity: T }, step: AdamStep<T>): [T, T, T];
  tensors(): number;
  dispose(): void;
}

/** Stands between an interpreting executor and its kernels; for measurements. */
export type WrapKernels = <T>(library: KernelLibrary<T>) => KernelLibrary<T>;

export interface AdamStep<T> {
  gradient: T;
  rate: T;
  beta1Power: T;
  beta2Power: T;
  beta1: number;
  beta2: number;
  epsilon: number;
}

/**
 * Walks a program op by op and frees every tensor after its last use. Effects are put off until all values are computed,
 * so that each function sees the variables as they were at its start, as in a session.
 */
export class InterpretingExecutor<T> implements Executor {
  feedMilliseconds = 0;
  private readonly state = new Map<string, T>();
  private readonly constants = new Map<Node, T>();
  private readonly planner: CallPlanner;

  constructor(
    readonly kind: ExecutorKind,
    program: Program,
    private readonly library: KernelLibrary<T>,
  ) {
    this.planner = new CallPlanner(program);
  }

  private stateOf(variable: Variable): T {
    const tensor = this.state.get(variable.name);
    if (tensor === undefined) throw new Error(`Variable '${variable.name}' was never written.`);
    return tensor;
  }

  /** Takes ownership of `value`; what it replaces goes to `retired`, since values of the same call may still use it. */
  private assign(variable: Variable, value: T, retired: T[]): void {
    const old = this.state.get(variable.name);
    if (old !== undefined) retired.push(old);
    this.state.set(variable.name, value);
  }

  /** New values of the variables that an effect changes. */
  private compute(effect: Node, inputs: readonly T[]): [Variable, T][] {
    const { library } = this;
    const variable = effect.attributes.variable as Variable;
    if (effect.op === 'AssignVariable') return [[variable, library.copy(inputs[0], variable.dtype)]];
    if (effect.op === 'AssignAddVariable') return [[variable, library.add(this.stateOf(variable), inputs[0], variable.dtype)]];
    const { momentum, velocity, beta1, beta2, epsilon } = attributesOf(effect, 'ApplyAdam');
    const [gradient, rate, beta1Power, beta2Power] = inputs;
    const state = { variable: this.stateOf(variable), momentum: this.stateOf(momentum), velocity: this.stateOf(velocity) };
    const [w, m, v] = library.adam(state, { gradient, rate, beta1Power, beta2Power, beta1, beta2, epsilon });
    return [
      [variable, w],
      [momentum, m],
      [velocity, v],
    ];
  }

  async run(name: string, feeds: Feeds, outputs?: readonly string[], effects = outputs === undefined): Promise<Record<string, HostArray>> {
    const { library, planner } = this;
    const plan = planner.plan(name, outputs, effects);
    const fed = planner.feeds(plan, feeds);
    const values = new Map<Node, readonly T[]>();
    const owned = new Set<Node>();
    const retired: T[] = [];
    const own = (node: Node, tensors: readonly T[]) => {
      values.set(node, tensors);
      owned.add(node);
    };
    const inputsOf = (node: Node) => node.inputs.map((input) => values.get(input.node)![input.index]);
    const deferred = new Set(plan.effects);
    try {
      for (const node of plan.nodes) {
        if (deferred.has(node)) continue;
        if (node.op === 'Placeholder') own(node, [this.feed(fed.get(attributesOf(node, 'Placeholder').name)!, node.outputs[0].shape)]);
        else if (node.op === 'Const') values.set(node, [this.constant(node)]);
        else if (node.op === 'ReadVariable') values.set(node, [this.stateOf(attributesOf(node, 'ReadVariable').variable)]);
        else own(node, library.execute(node, inputsOf(node)));
        for (const input of node.inputs) {
          if (plan.lastUse.get(input.node) === node && owned.delete(input.node))
            values.get(input.node)!.forEach((tensor) => library.release(tensor));
        }
      }
      const results = plan.outputs.map(([key, value]) => [key, library.download(values.get(value.node)![value.index])] as const);
      for (const effect of plan.effects) {
        for (const [variable, value] of this.compute(effect, inputsOf(effect))) this.assign(variable, value, retired);
      }
      return Object.fromEntries(results);
    } finally {
      for (const node of owned) retired.push(...values.get(node)!);
      for (const tensor of retired) library.release(tensor);
    }
  }

  private feed(data: HostArray, shape: Shape): T {
    const started = performance.now();
    const tensor = this.library.upload(data, shape);
    this.feedMilliseconds += performance.now() - started;
    return tensor;
  }

  private constant(node: Node): T {
    let tensor = this.constants.get(node);
    if (tensor === undefined) {
      tensor = this.library.upload(attributesOf(node, 'Const').data, node.outputs[0].shape);
      this.constants.set(node, tensor);
    }
    return tensor;
  }

  async write(values: ReadonlyMap<string, HostArray>): Promise<void> {
    const { library } = this;
    const checked = [...values].map(([name, data]) => [this.planner.checkedVariable(name, data), data] as const);
    const retired: T[] = [];
    for (const [variable, data] of checked) this.assign(variable, library.upload(data, variable.shape), retired);
    for (const tensor of retired) library.release(tensor);
  }

  async read(names: readonly string[]): Promise<Map<string, HostArray>> {
    return new Map(names.map((name) => [name, this.library.download(this.stateOf(this.planner.variable(name)))]));
  }

  memory(): EngineMemory {
    return { tensors: this.library.tensors(), rssBytes: process.memoryUsage.rss() };
  }

  dispose(): void {
    for (const tensor of this.state.values()) this.library.release(tensor);
    for (const tensor of this.constants.values()) this.library.release(tensor);
    this.state.clear();
    this.constants.clear();
    this.library.dispose();
  }
}
