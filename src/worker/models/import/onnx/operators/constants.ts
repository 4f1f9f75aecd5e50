import { Unsupported } from '../../network-writer.ts';
import type { Operation, Operator } from '../converter.ts';
import { BATCH, onnxShape, sizeOf } from '../values.ts';

const integers = (node: Operation, dims: readonly number[], values: readonly number[]) =>
  node.result({ kind: 'constant', dims, values: Float64Array.from(values) });

export const constant: Operator = (node) => {
  const { attributes, conversion, proto } = node;
  const tensor = conversion.constant(proto, 'value');
  if (tensor) return node.result(tensor);
  if (attributes.has('value_float')) return integers(node, [], [attributes.float('value_float', 0)]);
  if (attributes.has('value_int')) return integers(node, [], [attributes.int('value_int', 0)]);
  const list = attributes.floats('value_floats')?.length ? attributes.floats('value_floats')! : (attributes.ints('value_ints') ?? []);
  if (!list.length) throw new Unsupported('holds no numbers');
  integers(node, [list.length], list);
};

export const constantOfShape: Operator = (node) => {
  const dims = Array.from(node.constant(0, 'a shape').values);
  if (dims.some((size) => !Number.isSafeInteger(size) || size < 0)) throw new Unsupported('has a shape that depends on the batch');
  const value = node.conversion.constant(node.proto, 'value')?.values[0] ?? 0;
  node.result({ kind: 'constant', dims, values: new Float32Array(sizeOf(dims)).fill(value) });
};

/** Sizes are known while reading, only the batch is not. */
export const shape: Operator = (node) => {
  const value = node.value(0);
  const dims = value.kind === 'constant' ? value.dims : [BATCH, ...onnxShape(value)];
  const at = (name: string, otherwise: number) => {
    const place = node.attributes.int(name, otherwise);
    return place < 0 ? place + dims.length : place;
  };
  const part = dims.slice(at('start', 0), at('end', dims.length));
  integers(node, [part.length], part);
};

export const gather: Operator = (node) => {
  if (!node.isConstant(0)) throw new Unsupported('picks parts of a tensor; use convolutions');
  const { dims, values } = node.constant(0, 'data');
  const { dims: shapeOfIndices, values: places } = node.constant(1, 'indices');
  if (dims.length !== 1) throw new Unsupported('picks from constants of several dimensions');
  integers(node, shapeOfIndices, Array.from(places, (place) => values[place < 0 ? place + values.length : place])); // prettier-ignore
};

/** Of lists of sizes. */
export const slice: Operator = (node) => {
  if (!node.isConstant(0)) throw new Unsupported('cuts a part out of a tensor; use a stride or another image size');
  const { dims, values } = node.constant(0, 'data');
  const [starts, ends, steps] = [node.integers('starts', 1), node.integers('ends', 2), node.integers('steps', 4)];
  if (dims.length !== 1 || starts?.length !== 1 || ends?.length !== 1 || (steps?.[0] ?? 1) !== 1)
    throw new Unsupported('cuts constants in several dimensions');
  const part = Array.from(values).slice(starts[0], ends[0]);
  integers(node, [part.length], part);
};

/** Between kinds of numbers; tensors are float32 already. */
export const cast: Operator = (node) => node.alias(0);
