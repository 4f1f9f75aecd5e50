import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { HostArray, Shape } from './graph.ts';
import type { TfAttribute, TfAttributes } from './lowering.ts';
import { TF_TYPE } from './lowering.ts';

/** The graph version that TensorFlow 2.x writes (producer) and the oldest reader that it allows. */
const GRAPH_PRODUCER = 1395;
const GRAPH_MIN_CONSUMER = 12;

/** A protobuf message. */
export const message = (write: (writer: BinaryWriter) => void): Uint8Array => {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
};

const shapeProto = (shape: Shape) =>
  message((w) => shape.forEach((size) => w.uint32((2 << 3) | 2).bytes(message((d) => d.uint32(1 << 3).int64(size)))));

function tensorProto(data: HostArray, shape: Shape): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return message((w) =>
    w
      .uint32(1 << 3)
      .int32(data instanceof Float32Array ? TF_TYPE.float32 : TF_TYPE.int32)
      .uint32((2 << 3) | 2)
      .bytes(shapeProto(shape))
      .uint32((4 << 3) | 2)
      .bytes(bytes),
  );
}

/** AttrValue of tensorflow/core/framework/attr_value.proto. */
function attributeProto(attribute: TfAttribute): Uint8Array {
  return message((w) => {
    switch (attribute.kind) {
      case 'string':
        return w.uint32((2 << 3) | 2).string(attribute.value);
      case 'int':
        return w.uint32(3 << 3).int64(attribute.value);
      case 'float':
        return w.uint32((4 << 3) | 5).float(attribute.value);
      case 'bool':
        return w.uint32(5 << 3).bool(attribute.value);
      case 'type':
        return w.uint32(6 << 3).int32(attribute.value);
      case 'shape':
        return w.uint32((7 << 3) | 2).bytes(shapeProto(attribute.value));
      case 'ints':
        return w
          .uint32((1 << 3) | 2)
          .bytes(message((list) => list.uint32((3 << 3) | 2).bytes(message((packed) => attribute.value.forEach((v) => packed.int64(v))))));
    }
  });
}

/** Collects the nodes of a graph. */
export class GraphWriter {
  private readonly nodes: Uint8Array[] = [];

  /** @param inputs names such as `n5:1`, or `^n5` for a control edge; control edges last */
  node(name: string, op: string, inputs: readonly string[], attributes: TfAttributes, tensor?: { data: HostArray; shape: Shape }): void {
    const entry = (key: string, value: Uint8Array) =>
      message((w) =>
        w
          .uint32((1 << 3) | 2)
          .string(key)
          .uint32((2 << 3) | 2)
          .bytes(value),
      );
    this.nodes.push(
      message((w) => {
        w.uint32((1 << 3) | 2)
          .string(name)
          .uint32((2 << 3) | 2)
          .string(op);
        for (const input of inputs) w.uint32((3 << 3) | 2).string(input);
        for (const [key, value] of Object.entries(attributes)) w.uint32((5 << 3) | 2).bytes(entry(key, attributeProto(value)));
        if (tensor)
          w.uint32((5 << 3) | 2).bytes(
            entry(
              'value',
              message((a) => a.uint32((8 << 3) | 2).bytes(tensorProto(tensor.data, tensor.shape))),
            ),
          );
      }),
    );
  }

  /** tensorflow/core/framework/graph.proto */
  graphDef(): Uint8Array {
    return message((w) => {
      for (const node of this.nodes) w.uint32((1 << 3) | 2).bytes(node);
      w.uint32((4 << 3) | 2).bytes(
        message((v) =>
          v
            .uint32(1 << 3)
            .int32(GRAPH_PRODUCER)
            .uint32(2 << 3)
            .int32(GRAPH_MIN_CONSUMER),
        ),
      );
    });
  }

  /** The graph as a SavedModel that has no variables folder and no signature. */
  savedModel(): Uint8Array {
    const graph = this.graphDef();
    const meta = message((w) =>
      w
        .uint32((1 << 3) | 2)
        .bytes(message((m) => m.uint32((4 << 3) | 2).string('serve')))
        .uint32((2 << 3) | 2)
        .bytes(graph),
    );
    return message((w) =>
      w
        .uint32(1 << 3)
        .int64(1)
        .uint32((2 << 3) | 2)
        .bytes(meta),
    );
  }
}
