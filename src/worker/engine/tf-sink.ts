import type { HostArray, Shape, Variable } from './graph.ts';

export type TfAttribute =
  | { kind: 'type' | 'int' | 'float'; value: number }
  | { kind: 'bool'; value: boolean }
  | { kind: 'string'; value: string }
  | { kind: 'ints'; value: readonly number[] }
  | { kind: 'shape'; value: Shape };

export type TfAttributes = Readonly<Record<string, TfAttribute>>;

/** Where TensorFlow ops go: a graph that is being written, or the eager context. */
export interface TfSink<Ref> {
  op(name: string, inputs: readonly Ref[], attributes: TfAttributes, outputs: number): Ref[];
  constant(data: HostArray, shape: Shape): Ref;
  resource(variable: Variable): Ref;
  /** Whether our own ops are there (resources/engine/native); else they are written with TensorFlow's. */
  readonly fused: boolean;
  /** Whether those for convolutions of floats are fast here. */
  readonly fusesProducts: boolean;
}
