/** Short constructors of the ONNX messages that the writer uses. Little-endian hosts only, which is every host of Node. */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from './onnx_pb.ts';
import type { AttributeProto, NodeProto, StringStringEntryProto, TensorProto, ValueInfoProto } from './onnx_pb.ts';

type TensorData = Float32Array | Int32Array | BigInt64Array | Int8Array | Uint8Array;

function dataType(data: TensorData): TensorProto_DataType {
  if (data instanceof Float32Array) return TensorProto_DataType.FLOAT;
  if (data instanceof BigInt64Array) return TensorProto_DataType.INT64;
  if (data instanceof Int32Array) return TensorProto_DataType.INT32;
  return data instanceof Int8Array ? TensorProto_DataType.INT8 : TensorProto_DataType.UINT8;
}

/** A constant; `dims` [] is a scalar. */
export function tensor(name: string, dims: readonly number[], data: TensorData): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: dataType(data),
    rawData: new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)),
  });
}

/** Marks a number as a float attribute; a plain number is an integer one. */
export interface FloatAttribute {
  float: number;
}
type AttributeValue = number | readonly number[] | string | FloatAttribute | TensorProto;
export type Attributes = Readonly<Record<string, AttributeValue>>;

const isTensor = (value: object): value is TensorProto => '$typeName' in value;

function attribute(name: string, value: AttributeValue): AttributeProto {
  const make = (fields: MessageInitShape<typeof AttributeProtoSchema>) => create(AttributeProtoSchema, { name, ...fields });
  if (typeof value === 'number') return make({ type: AttributeProto_AttributeType.INT, i: BigInt(value) });
  if (typeof value === 'string') return make({ type: AttributeProto_AttributeType.STRING, s: new TextEncoder().encode(value) });
  if (Array.isArray(value)) return make({ type: AttributeProto_AttributeType.INTS, ints: value.map(BigInt) });
  const single = value as FloatAttribute | TensorProto;
  if (isTensor(single)) return make({ type: AttributeProto_AttributeType.TENSOR, t: single });
  return make({ type: AttributeProto_AttributeType.FLOAT, f: single.float });
}

export function metadata(entries: Readonly<Record<string, string>>): StringStringEntryProto[] {
  return Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
}

export interface NodeOptions {
  attributes?: Attributes;
  metadata?: Readonly<Record<string, string>>;
}

/** A node with one output, named like it. */
export function node(opType: string, input: readonly string[], output: string, options: NodeOptions = {}): NodeProto {
  return create(NodeProtoSchema, {
    name: output,
    opType,
    input: [...input],
    output: [output],
    attribute: Object.entries(options.attributes ?? {}).map(([name, value]) => attribute(name, value)),
    metadataProps: metadata(options.metadata ?? {}),
  });
}

/** A float32 input or output of the graph; a string is a named free dimension. */
export function floatValue(name: string, dims: readonly (number | string)[]): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: TensorProto_DataType.FLOAT,
          shape: {
            dim: dims.map((dim) =>
              typeof dim === 'string'
                ? { value: { case: 'dimParam' as const, value: dim } }
                : { value: { case: 'dimValue' as const, value: BigInt(dim) } },
            ),
          },
        },
      },
    },
  });
}
