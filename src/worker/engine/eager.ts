import { WorkbenchError } from '../../shared/contract/errors.ts';
import { fusesProducts, hasFusedOps, type TensorHandle, type TfBinding, type TfOpAttribute } from './binding.ts';
import type { DType, HostArray, Node, Program, Shape } from './graph.ts';
import { InterpretingExecutor, type AdamStep, type KernelLibrary, type WrapKernels } from './interpreter.ts';
import { lower, TF_TYPE } from './lowering.ts';
import type { TfAttribute, TfAttributes, TfSink } from './tf-sink.ts';

/** Runs the vocabulary op by op through the addon: for debugging, gradient checks and shape checks. */
class EagerKernels implements KernelLibrary<number> {
  private readonly constants = new Map<string, number>();
  /** Tensors made while one node is lowered; all but its outputs are dropped again. */
  private scratch: number[] = [];
  private readonly attributeTypes: Readonly<Record<TfAttribute['kind'], number>>;

  constructor(private readonly binding: TfBinding) {
    this.attributeTypes = {
      string: binding.TF_ATTR_STRING,
      int: binding.TF_ATTR_INT,
      ints: binding.TF_ATTR_INT,
      float: binding.TF_ATTR_FLOAT,
      bool: binding.TF_ATTR_BOOL,
      type: binding.TF_ATTR_TYPE,
      shape: binding.TF_ATTR_SHAPE,
    };
  }

  private readonly sink: TfSink<number> = {
    op: (name, inputs, attributes, outputs) => {
      const ids = this.call(name, inputs, attributes, outputs).map((tensor) => tensor.id);
      this.scratch.push(...ids);
      return ids;
    },
    constant: (data, shape) => {
      const key = `${data.constructor.name}|${shape.join()}|${data.join()}`;
      let id = this.constants.get(key);
      if (id === undefined) {
        id = this.upload(data, shape);
        this.constants.set(key, id);
      }
      return id;
    },
    resource: (variable) => {
      throw new Error(`Variable '${variable.name}' has no eager resource.`);
    },
    fused: hasFusedOps(),
    fusesProducts: fusesProducts(),
  };

  private call(name: string, inputs: readonly number[], attributes: TfAttributes, outputs: number): TensorHandle[] {
    const list: TfOpAttribute[] = Object.entries(attributes).map(([key, { kind, value }]) => ({
      name: key,
      type: this.attributeTypes[kind],
      value,
    }));
    try {
      return this.binding.executeOp(name, list, inputs, outputs);
    } catch (error) {
      throw new WorkbenchError('engine-failed', `TensorFlow op ${name} failed: ${(error as Error).message}`, {}, error);
    }
  }

  execute(node: Node, inputs: readonly number[]): number[] {
    this.scratch = [];
    let outputs: number[] = [];
    try {
      outputs = lower(node, inputs, this.sink);
      return outputs;
    } finally {
      for (const id of this.scratch) if (!outputs.includes(id)) this.binding.deleteTensor(id);
    }
  }

  upload(data: HostArray, shape: Shape): number {
    // The tensor uses the array's own memory, and the caller may write to the array later.
    return this.binding.createTensor(shape, data instanceof Float32Array ? TF_TYPE.float32 : TF_TYPE.int32, data.slice());
  }
  download(tensor: number): HostArray {
    return this.binding.tensorDataSync(tensor) as HostArray;
  }
  release(tensor: number): void {
    this.binding.deleteTensor(tensor);
  }
  private typed(dtype: DType, name: string, ...inputs: number[]): number {
    return this.call(name, inputs, { T: { kind: 'type', value: TF_TYPE[dtype] } }, 1)[0].id;
  }
  private float(name: string, ...inputs: number[]): number {
    return this.typed('float32', name, ...inputs);
  }
  copy(tensor: number, dtype: DType): number {
    return this.typed(dtype, 'Identity', tensor);
  }
  add(a: number, b: number, dtype: DType): number {
    return this.typed(dtype, 'AddV2', a, b);
  }

  adam(state: { variable: number; momentum: number; velocity: number }, step: AdamStep<number>): [number, number, number] {
    const temporaries: number[] = [];
    const keep = (id: number) => (temporaries.push(id), id);
    const scalar = (value: number) => this.sink.constant(Float32Array.of(value), []);
    const op = (name: string, ...inputs: number[]) => keep(this.float(name, ...inputs));
    const blend = (old: number, next: number, beta: number) => this.float('AddV2', old, op('Mul', op('Sub', next, old), scalar(1 - beta)));
    const momentum = blend(state.momentum, step.gradient, step.beta1);
    const velocity = blend(state.velocity, op('Square', step.gradient), step.beta2);
    const one = scalar(1);
    const corrected = op('RealDiv', momentum, op('Sub', one, step.beta1Power));
    const root = op('AddV2', op('Sqrt', op('RealDiv', velocity, op('Sub', one, step.beta2Power))), scalar(step.epsilon));
    const variable = this.float('Sub', state.variable, op('Mul', step.rate, op('RealDiv', corrected, root)));
    for (const id of temporaries) this.binding.deleteTensor(id);
    return [variable, momentum, velocity];
  }

  tensors(): number {
    return this.binding.getNumOfTensors();
  }
  dispose(): void {
    for (const id of this.constants.values()) this.binding.deleteTensor(id);
    this.constants.clear();
  }
}

export function createEagerExecutor(
  binding: TfBinding,
  program: Program,
  wrap: WrapKernels = (library) => library,
): InterpretingExecutor<number> {
  return new InterpretingExecutor('eager', program, wrap(new EagerKernels(binding)));
}
