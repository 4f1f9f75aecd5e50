import type { NodeProto } from '../../../formats/onnx/onnx_pb.ts';
import { Unsupported, type Ending, type NetworkWriter } from '../network-writer.ts';
import { Attributes } from './attributes.ts';
import { isImage, type ConstantValue, type TensorValue, type Value } from './values.ts';

/** What turns one kind of node into layers. @throws Unsupported with the end of a sentence that begins with the node */
export type Operator = (node: Operation) => void;

/** The state of a conversion that all operators share. */
export interface Conversion {
  readonly writer: NetworkWriter;
  readonly opset: number;
  readonly values: Map<string, Value>;
  /** how many nodes and outputs read each value */
  readonly uses: ReadonlyMap<string, number>;
  readonly outputs: readonly string[];
  /** what the original computes of its logits at the very end, which is left out */
  ending: Ending;
  /** reads a tensor attribute */
  constant(node: NodeProto, name: string): ConstantValue | null;
}

/** A readable name from what an exporter calls a node: `/layer1/layer1.0/conv1/Conv` is layer1.0.conv1. */
function pathName(name: string): string {
  const parts = name.split('/').filter(Boolean);
  if (parts.length > 1) parts.pop();
  return parts.reduce((path, part) => (part.startsWith(`${path}.`) || part === path || !path ? part : `${path}.${part}`), '');
}

/** One node while it is converted: its inputs as values, and where its result goes. */
export class Operation {
  readonly attributes: Attributes;

  constructor(
    readonly proto: NodeProto,
    readonly conversion: Conversion,
  ) {
    this.attributes = new Attributes(proto);
  }

  get writer(): NetworkWriter {
    return this.conversion.writer;
  }
  get opset(): number {
    return this.conversion.opset;
  }
  /** number of inputs that are given */
  get inputs(): number {
    return this.proto.input.length;
  }
  has(index: number): boolean {
    return Boolean(this.proto.input[index]);
  }

  value(index: number): Value {
    const found = this.conversion.values.get(this.proto.input[index]);
    if (!found) throw new Unsupported(`lacks its input ${index + 1}`);
    return found;
  }
  isConstant(index: number): boolean {
    return this.has(index) && this.value(index).kind === 'constant';
  }
  /** @throws Unsupported for a constant, and for a tensor with zeros around it that only some layers take over */
  tensor(index: number, { padded = false } = {}): TensorValue {
    const value = this.value(index);
    if (value.kind !== 'tensor') throw new Unsupported(`computes with a constant as input ${index + 1}`);
    if (value.padding && !padded) throw new Unsupported('reads a Pad, which only a convolution or pooling can');
    return value;
  }
  /** @param what for the sentence */
  constant(index: number, what: string): ConstantValue {
    const value = this.value(index);
    if (value.kind !== 'constant') throw new Unsupported(`has computed ${what}, where constants belong`);
    return value;
  }
  /** Integers of an attribute that later operator sets made an input; undefined where neither is given. */
  integers(attribute: string, index: number): number[] | undefined {
    if (this.attributes.has(attribute)) return this.attributes.ints(attribute);
    return this.has(index) ? Array.from(this.constant(index, attribute).values) : undefined;
  }
  image(index: number, options?: { padded: boolean }): TensorValue {
    const value = this.tensor(index, options);
    if (!isImage(value)) throw new Unsupported(`needs an image, got ${value.shape[0]} features`);
    return value;
  }

  /** Whether only this node reads an input. */
  alone(index: number): boolean {
    const value = this.value(index);
    return this.conversion.uses.get(this.proto.input[index]) === 1 && !(value.kind === 'tensor' && value.shared);
  }
  /** Whether its result is only the output of the network. */
  get isLast(): boolean {
    return this.conversion.outputs.includes(this.proto.output[0]) && this.conversion.uses.get(this.proto.output[0]) === 1;
  }

  /** A name for a layer that this node becomes. @param parameter the name of its weights, which often says more */
  name(parameter?: string): string {
    const owner = parameter?.match(/^(?!onnx::)(.+)[._/](weight|kernel|w|W)(:0)?$/)?.[1];
    return owner ?? (pathName(this.proto.name) || this.proto.opType.toLowerCase());
  }

  result(value: Value): void {
    this.conversion.values.set(this.proto.output[0], value);
  }
  /** The result is an input under a new name. */
  alias(index: number, changes: Partial<TensorValue> = {}): void {
    const value = this.value(index);
    this.result(value.kind === 'tensor' ? { ...value, shared: !this.alone(index), ...changes } : value);
  }
  /** The result is a layer of the shape and order of `like`. */
  resultLike(like: TensorValue, layer: string): void {
    const { padding: _padding, shared: _shared, ...rest } = like;
    this.result({ ...rest, layer, shape: this.writer.shape(layer) });
  }
}
