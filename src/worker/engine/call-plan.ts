import type { DType, HostArray, InPlace, Node, Program, ProgramFunction, Shape, Value, Variable } from './graph.ts';
import { elementCount, reachable } from './graph.ts';

/** What one way of calling a function needs: the same for every call with these outputs. */
export interface CallPlan {
  readonly fn: ProgramFunction;
  readonly outputs: readonly (readonly [string, Value])[];
  readonly effects: readonly Node[];
  /** Everything that outputs and effects depend on, and the effects, in topological order. */
  readonly nodes: readonly Node[];
  readonly feeds: readonly (readonly [string, Value])[];
  /** After which node each node is needed no more; nodes that outputs or effects use are not in it. */
  readonly lastUse: ReadonlyMap<Node, Node>;
}

export type Feeds = Readonly<Record<string, HostArray>>;

/** @throws Error naming `what` when the array does not fit */
function checkArray(what: string, data: HostArray, { shape, dtype }: { shape: Shape; dtype: DType }): void {
  const given = data instanceof Float32Array ? 'float32' : 'int32';
  if (given !== dtype) throw new Error(`${what} is ${dtype}, not ${given}.`);
  if (data.length !== elementCount(shape))
    throw new Error(`${what} of shape [${shape.join()}] takes ${elementCount(shape)} values, not ${data.length}.`);
}

/** The nodes and what else the ops need that stand for some of them: such an op needs all of its inputs for any of its outputs. */
function withUnions(fn: ProgramFunction, nodes: readonly Node[]): ReadonlySet<Node> {
  const used = new Set(nodes);
  let left = [...fn.unions];
  for (;;) {
    const touched = left.filter(({ outputs }) => outputs.some(({ node }) => used.has(node)));
    if (touched.length === 0) return used;
    left = left.filter((union) => !touched.includes(union));
    for (const node of reachable(touched.flatMap(({ inputs }) => inputs.map((input) => input.node)))) used.add(node);
  }
}

/** Looks up and checks what the calls of an executor name; every kind of executor refuses the same things in the same words. */
export class CallPlanner {
  private readonly plans = new Map<string, CallPlan>();
  private readonly variables: ReadonlyMap<string, Variable>;

  constructor(private readonly program: Program) {
    this.variables = new Map(program.variables.map((variable) => [variable.name, variable]));
  }

  variable(name: string): Variable {
    const variable = this.variables.get(name);
    if (!variable) throw new Error(`The program has no variable '${name}'.`);
    return variable;
  }

  /** The variable, if `data` fits it. */
  checkedVariable(name: string, data: HostArray): Variable {
    const variable = this.variable(name);
    checkArray(`Variable '${name}'`, data, variable);
    return variable;
  }

  plan(name: string, outputs: readonly string[] | undefined, withEffects: boolean): CallPlan {
    const key = JSON.stringify([name, outputs, withEffects]);
    let plan = this.plans.get(key);
    if (!plan) {
      plan = this.make(name, outputs, withEffects);
      this.plans.set(key, plan);
    }
    return plan;
  }

  private make(name: string, wanted: readonly string[] | undefined, withEffects: boolean): CallPlan {
    const fn = this.program.functions.get(name);
    if (!fn) throw new Error(`The program has no function '${name}'.`);
    const outputs = (wanted ?? [...fn.outputs.keys()]).map((key) => {
      const value = fn.outputs.get(key);
      if (!value) throw new Error(`Function '${name}' has no output '${key}'.`);
      return [key, value] as const;
    });
    const effects = withEffects ? fn.effects : [];
    const nodes = reachable([...outputs.map(([, value]) => value.node), ...effects]);
    const used = withUnions(fn, nodes);
    const kept = new Set([
      ...outputs.map(([, value]) => value.node),
      ...effects.flatMap((effect) => effect.inputs.map((input) => input.node)),
    ]);
    const lastUse = new Map<Node, Node>();
    for (const node of nodes) for (const input of node.inputs) if (!kept.has(input.node)) lastUse.set(input.node, node);
    return { fn, outputs, effects, nodes, feeds: [...fn.feeds].filter(([, value]) => used.has(value.node)), lastUse };
  }

  /** The arrays that the call needs, checked. Feeds that the function has but this call does not need are left out. */
  feeds(plan: CallPlan, feeds: Feeds): ReadonlyMap<string, HostArray> {
    for (const key of Object.keys(feeds)) if (!plan.fn.feeds.has(key)) throw new Error(`Function '${plan.fn.name}' has no feed '${key}'.`);
    return new Map(
      plan.feeds.map(([key, value]) => {
        if (!feeds[key]) throw new Error(`Function '${plan.fn.name}' needs the feed '${key}'.`);
        checkArray(`Feed '${key}' of function '${plan.fn.name}'`, feeds[key], value);
        return [key, feeds[key]] as const;
      }),
    );
  }
}

/** The variables that an effect changes. */
export function changedBy(effect: Node): Variable[] {
  const { changed, variable, momentum, velocity } = effect.attributes as Partial<
    InPlace & Record<'variable' | 'momentum' | 'velocity', Variable>
  >;
  if (changed) return [...changed];
  return [variable, momentum, velocity].filter((one) => one !== undefined);
}
