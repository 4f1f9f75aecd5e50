import { Unsupported } from '../../network-writer.ts';
import type { Operation, Operator } from '../converter.ts';
import { BATCH, isImage, onnxShape, sizeOf, type ConstantValue, type TensorValue } from '../values.ts';

/** The features of an image one after the other. */
function flat(node: Operation, x: TensorValue): void {
  if (!isImage(x)) return node.alias(0, { pooled: false });
  const layer = node.writer.add(node.name(), [x.layer], { kind: 'flatten' });
  const [height, width, channels] = x.shape;
  const mixed = x.order === 'chw' && height * width > 1 && channels > 1;
  const flattened = mixed ? ([channels, height, width] as const) : undefined;
  node.result({ kind: 'tensor', layer, shape: node.writer.shape(layer), order: x.order, pooled: false, ...(flattened && { flattened }) });
}

export const flatten: Operator = (node) => {
  const axis = node.attributes.int('axis', 1);
  const x = node.tensor(0);
  if (axis !== 1 && axis !== -onnxShape(x).length) throw new Unsupported(`flattens from axis ${axis}; use axis 1`);
  flat(node, x);
};

/** The sizes behind the batch that a Reshape asks for. @throws Unsupported where they are not those of one image */
function targetOf(node: Operation, x: TensorValue): number[] {
  const target = node.integers('shape', 1);
  if (!target) throw new Unsupported('has no shape');
  const own = [BATCH, ...onnxShape(x)];
  const asked = target.map((size, axis) => (size === 0 && !node.attributes.int('allowzero', 0) ? own[axis] : size));
  const rest = asked.slice(1);
  const known = sizeOf(rest.filter((size) => size !== -1));
  const sizes = rest.map((size) => (size === -1 ? sizeOf(onnxShape(x)) / known : size));
  if (sizeOf(sizes) !== sizeOf(onnxShape(x)))
    throw new Unsupported(`reshapes [${onnxShape(x).join(', ')}] to [${rest.join(', ')}]; only flattening is possible`);
  return sizes;
}

function reshapeTo(node: Operation, x: TensorValue, sizes: readonly number[]): void {
  if (sizes.join() === onnxShape(x).join()) return node.alias(0);
  if (sizes.length === 1) return flat(node, x);
  const single =
    x.order === 'chw' ? sizes.length === 3 && sizes[1] === 1 && sizes[2] === 1 : sizes.length === 3 && sizes[0] === 1 && sizes[1] === 1;
  if (single && !isImage(x) && !x.flattened) return node.alias(0, { pooled: true });
  throw new Unsupported(`reshapes [${onnxShape(x).join(', ')}] to [${sizes.join(', ')}]; only flattening is possible`);
}

const constantResult = (node: Operation, dims: readonly number[], values: ConstantValue['values']) =>
  node.result({ kind: 'constant', dims, values });

export const reshape: Operator = (node) => {
  if (!node.isConstant(0)) {
    const x = node.tensor(0);
    return reshapeTo(node, x, targetOf(node, x));
  }
  const { values, dims } = node.constant(0, 'data');
  const target = (node.integers('shape', 1) ?? []).map((size, axis) => (size === 0 ? dims[axis] : size));
  const known = sizeOf(target.filter((size) => size !== -1));
  constantResult(node, target.map((size) => (size === -1 ? values.length / known : size)), values); // prettier-ignore
};

const atEnd = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

export const squeeze: Operator = (node) => {
  const axes = node.integers('axes', 1);
  const without = (dims: readonly number[]) => {
    const gone = axes?.map((axis) => atEnd(axis, dims.length)) ?? dims.flatMap((size, axis) => (size === 1 ? [axis] : []));
    return dims.filter((_, axis) => !gone.includes(axis));
  };
  if (node.isConstant(0)) {
    const { dims, values } = node.constant(0, 'data');
    return constantResult(node, without(dims), values);
  }
  const x = node.tensor(0);
  reshapeTo(node, x, without([BATCH, ...onnxShape(x)]).slice(1));
};

export const unsqueeze: Operator = (node) => {
  const axes = node.integers('axes', 1) ?? [];
  const within = (dims: readonly number[]) => {
    const places = axes.map((axis) => atEnd(axis, dims.length + axes.length));
    const rest = [...dims];
    return Array.from({ length: dims.length + axes.length }, (_, axis) => (places.includes(axis) ? 1 : rest.shift()!));
  };
  if (node.isConstant(0)) {
    const { dims, values } = node.constant(0, 'data');
    return constantResult(node, within(dims), values);
  }
  const x = node.tensor(0);
  reshapeTo(node, x, within([BATCH, ...onnxShape(x)]).slice(1));
};

function permuted({ dims, values }: ConstantValue, order: readonly number[]): ConstantValue {
  const strides = dims.map((_, axis) => sizeOf(dims.slice(axis + 1)));
  const sizes = order.map((axis) => dims[axis]);
  const result = values.slice();
  for (let i = 0; i < values.length; i++) {
    let [rest, from] = [i, 0];
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += (rest % sizes[axis]) * strides[order[axis]];
      rest = Math.floor(rest / sizes[axis]);
    }
    result[i] = values[from];
  }
  return { kind: 'constant', dims: sizes, values: result };
}

/** Of constants; of tensors only between the two orders of an image. */
export const transpose: Operator = (node) => {
  const order = node.attributes.ints('perm');
  if (node.isConstant(0)) {
    const value = node.constant(0, 'data');
    return node.result(permuted(value, order ?? value.dims.map((_, axis) => axis).reverse()));
  }
  const x = node.tensor(0);
  if (order?.every((axis, place) => axis === place)) return node.alias(0);
  if (order?.join() === '0,2,3,1' && x.order === 'chw' && !x.flattened) return node.alias(0, { order: 'hwc' });
  if (order?.join() === '0,3,1,2' && x.order === 'hwc') return node.alias(0, { order: 'chw' });
  throw new Unsupported(
    `permutes the axes by (${order?.join(', ') ?? 'reversed'}); only channels-first to channels-last and back are possible`,
  );
};

/** Zeros around an image, which the next convolution or pooling takes over. */
export const pad: Operator = (node) => {
  const x = node.image(0, { padded: true });
  const mode = node.attributes.text('mode', 'constant');
  const value = node.attributes.has('value') ? node.attributes.float('value', 0) : node.has(2) ? node.constant(2, 'a value').values[0] : 0;
  if (mode !== 'constant' || value !== 0) throw new Unsupported(`pads with ${mode === 'constant' ? value : `mode ${mode}`}; use zeros`);
  const given = node.integers('pads', 1) ?? [];
  const axes = node.has(3) ? Array.from(node.constant(3, 'axes').values, (axis) => atEnd(axis, 4)) : [0, 1, 2, 3];
  const [before, after] = [given.slice(0, axes.length), given.slice(axes.length)];
  const at = (axis: number): [number, number] => (axes.includes(axis) ? [before[axes.indexOf(axis)], after[axes.indexOf(axis)]] : [0, 0]);
  const [rows, columns, channels] = x.order === 'chw' ? [at(2), at(3), at(1)] : [at(1), at(2), at(3)];
  if ([...at(0), ...channels].some(Boolean)) throw new Unsupported('pads channels or the batch; only height and width can be padded');
  if ([...rows, ...columns].some((size) => size < 0)) throw new Unsupported('crops its image; use the image size that it keeps');
  const [top, bottom, left, right] = x.padding ?? [0, 0, 0, 0];
  node.alias(0, { padding: [top + rows[0], bottom + rows[1], left + columns[0], right + columns[1]] });
};

export const concat: Operator = (node) => {
  const axis = node.attributes.int('axis', 0);
  const places = Array.from({ length: node.inputs }, (_, index) => index);
  if (places.every((index) => node.isConstant(index))) {
    const parts = places.map((index) => node.constant(index, 'data'));
    if (parts.some(({ dims }) => dims.length > 1)) throw new Unsupported('joins constants of several dimensions');
    const values = parts.flatMap((part) => Array.from(part.values));
    return constantResult(node, [values.length], Float64Array.from(values));
  }
  const tensors = places.map((index) => node.image(index));
  const [first] = tensors;
  if (atEnd(axis, 4) !== (first.order === 'chw' ? 1 : 3)) throw new Unsupported(`joins along axis ${axis}; only channels can be joined`);
  if (tensors.some(({ order }) => order !== first.order)) throw new Unsupported('joins images of different orders');
  node.resultLike(first, node.writer.add(node.name(), tensors.map(({ layer }) => layer), { kind: 'concat' })); // prettier-ignore
};
