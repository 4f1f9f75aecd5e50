import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { HostArray, Shape } from './graph.ts';
import type { TfAttribute, TfAttributes } from './tf-sink.ts';
import { TF_TYPE } from './lowering.ts';

/** The graph version that TensorFlow 2.x writes (producer) and the oldest reader that it allows. */
const GRAPH_PRODUCER = 1395;
const GRAPH_MIN_CONSUMER = 12;

/** Writes a field that is a message, of which `write` writes the fields. A graph has ten thousands of them: all go into one buffer. */
function nested(writer: BinaryWriter, field: number, write: () => void): void {
  writer.uint32((field << 3) | 2).fork();
  write();
  writer.join();
}
const varint = (writer: BinaryWriter, field: number, value: number) => writer.uint32(field << 3).int64(value);
const text = (writer: BinaryWriter, field: number, value: string) => writer.uint32((field << 3) | 2).string(value);
const bytes = (writer: BinaryWriter, field: number, value: Uint8Array) => writer.uint32((field << 3) | 2).bytes(value);

/** Fields of a TensorShapeProto. */
const shapeFields = (w: BinaryWriter, shape: Shape) => shape.forEach((size) => nested(w, 2, () => varint(w, 1, size)));

/** Fields of a TensorProto. */
function tensorFields(w: BinaryWriter, data: HostArray, shape: Shape): void {
  varint(w, 1, data instanceof Float32Array ? TF_TYPE.float32 : TF_TYPE.int32);
  nested(w, 2, () => shapeFields(w, shape));
  bytes(w, 4, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** Fields of an AttrValue of tensorflow/core/framework/attr_value.proto. */
function attributeFields(w: BinaryWriter, attribute: TfAttribute): void {
  switch (attribute.kind) {
    case 'string':
      text(w, 2, attribute.value);
      break;
    case 'int':
      varint(w, 3, attribute.value);
      break;
    case 'float':
      w.uint32((4 << 3) | 5).float(attribute.value);
      break;
    case 'bool':
      w.uint32(5 << 3).bool(attribute.value);
      break;
    case 'type':
      varint(w, 6, attribute.value);
      break;
    case 'shape':
      nested(w, 7, () => shapeFields(w, attribute.value));
      break;
    case 'ints':
      nested(w, 1, () => nested(w, 3, () => attribute.value.forEach((value) => w.int64(value))));
  }
}

/** Writes a graph, node by node, as tensorflow/core/framework/graph.proto has it. */
export class GraphWriter {
  private readonly writer = new BinaryWriter();
  /** Names of ops that are run for what they do, not for what they give. */
  readonly targets: string[] = [];

  /** @param inputs names such as `n5:1`, or `^n5` for a control edge; control edges last */
  node(name: string, op: string, inputs: readonly string[], attributes: TfAttributes, tensor?: { data: HostArray; shape: Shape }): void {
    const { writer } = this;
    const entry = (key: string, value: () => void) =>
      nested(writer, 5, () => {
        text(writer, 1, key);
        nested(writer, 2, value);
      });
    nested(writer, 1, () => {
      text(writer, 1, name);
      text(writer, 2, op);
      for (const input of inputs) text(writer, 3, input);
      for (const [key, value] of Object.entries(attributes)) entry(key, () => attributeFields(writer, value));
      if (tensor) entry('value', () => nested(writer, 8, () => tensorFields(writer, tensor.data, tensor.shape)));
    });
  }

  /** A node without outputs that is run for what it does; see `targets`. */
  target(name: string, op: string, inputs: readonly string[], attributes: TfAttributes): void {
    this.node(name, op, inputs, attributes);
    this.targets.push(name);
  }

  /** The GraphDef; nothing can be added afterwards. */
  finish(): Uint8Array {
    const { writer } = this;
    nested(writer, 4, () => {
      varint(writer, 1, GRAPH_PRODUCER);
      varint(writer, 2, GRAPH_MIN_CONSUMER);
    });
    return writer.finish();
  }
}

/** A graph as a SavedModel that has no variables folder and no signature. */
export function savedModel(graph: Uint8Array): Uint8Array {
  const writer = new BinaryWriter();
  varint(writer, 1, 1);
  nested(writer, 2, () => {
    nested(writer, 1, () => text(writer, 4, 'serve'));
    bytes(writer, 2, graph);
  });
  return writer.finish();
}

/**
 * A ConfigProto (tensorflow/core/protobuf/config.proto) without Grappler: our graphs are fused before they get to a session, and what
 * it does to them for each new kind of call takes up to a second. TensorFlow's older optimizer, which folds constants and takes
 * equal ops as one, stays.
 */
export function configWithoutGrappler(): Uint8Array {
  const writer = new BinaryWriter();
  const graphOptions = 10;
  const rewriteOptions = 10;
  const disableMetaOptimizer = 19;
  nested(writer, graphOptions, () => nested(writer, rewriteOptions, () => varint(writer, disableMetaOptimizer, 1)));
  return writer.finish();
}
