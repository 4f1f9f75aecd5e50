import { AttributeProto_AttributeType, type NodeProto, type TensorProto } from '../../../formats/onnx/onnx_pb.ts';

/** The attributes of a node by name, with the defaults of the operator's definition. */
export class Attributes {
  constructor(private readonly node: NodeProto) {}

  private find(name: string) {
    return this.node.attribute.find((attribute) => attribute.name === name);
  }
  has(name: string): boolean {
    return this.find(name) !== undefined;
  }
  int(name: string, otherwise: number): number {
    const found = this.find(name);
    return found ? Number(found.i) : otherwise;
  }
  float(name: string, otherwise: number): number {
    return this.find(name)?.f ?? otherwise;
  }
  text(name: string, otherwise: string): string {
    const found = this.find(name);
    return found ? new TextDecoder().decode(found.s) : otherwise;
  }
  ints(name: string): number[] | undefined {
    return this.find(name)?.ints.map(Number);
  }
  floats(name: string): number[] | undefined {
    return this.find(name)?.floats;
  }
  tensor(name: string): TensorProto | undefined {
    return this.find(name)?.t;
  }
  /** Whether a node holds graphs of its own, as `If` and `Loop` do. */
  get hasGraph(): boolean {
    return this.node.attribute.some(({ type }) => type === AttributeProto_AttributeType.GRAPH);
  }
}
