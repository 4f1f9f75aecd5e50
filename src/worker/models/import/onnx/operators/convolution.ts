import type { Padding } from '../../../../../shared/domain/layer-graph.ts';
import { Unsupported } from '../../network-writer.ts';
import type { Operation, Operator } from '../converter.ts';
import { sizeOf, type TensorValue } from '../values.ts';

export const NO_PADDING: Padding = [0, 0, 0, 0];
export const sum = (a: Padding, b: Padding): Padding => [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];

/** Kernel, stride and padding of a window over an image, `auto_pad` worked out. */
export interface Windows {
  kernel: readonly [number, number];
  stride: readonly [number, number];
  padding: Padding;
}

/** @throws Unsupported for anything but two dimensions without dilation */
export function windowsOf(node: Operation, image: TensorValue, kernel: readonly number[]): Windows {
  const { attributes } = node;
  if (kernel.length !== 2) throw new Unsupported(`works in ${kernel.length} dimensions, where images have 2`);
  const dilations = attributes.ints('dilations') ?? [1, 1];
  if (dilations.some((dilation) => dilation !== 1)) throw new Unsupported(`is dilated by ${dilations.join('x')}; use a dilation of 1`);
  const strides = attributes.ints('strides') ?? [1, 1];
  const [top, left, bottom, right] = attributes.ints('pads') ?? [0, 0, 0, 0];
  let padding: Padding = [top, bottom, left, right];
  const auto = attributes.text('auto_pad', 'NOTSET');
  if (auto === 'VALID') padding = NO_PADDING;
  else if (auto !== 'NOTSET') {
    const ends = [0, 1].map((axis) => {
      const size = image.shape[axis];
      const total = Math.max((Math.ceil(size / strides[axis]) - 1) * strides[axis] + kernel[axis] - size, 0);
      const less = Math.floor(total / 2);
      return auto === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
    });
    padding = [ends[0][0], ends[0][1], ends[1][0], ends[1][1]];
  }
  if (padding.some((value) => value < 0)) throw new Unsupported('has a negative padding');
  return { kernel: [kernel[0], kernel[1]], stride: [strides[0], strides[1]], padding };
}

/** [out, in, height, width] -> [height, width, in, out]. */
function toHwio(values: ArrayLike<number>, [outs, ins, height, width]: readonly number[]): Float32Array {
  const hwio = new Float32Array(values.length);
  let from = 0;
  for (let o = 0; o < outs; o++)
    for (let i = 0; i < ins; i++)
      for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) hwio[((y * width + x) * ins + i) * outs + o] = values[from++];
  return hwio;
}

/** Convolution; one of a single pixel (squeeze-and-excitation) becomes a linear layer. Weights OIHW -> HWIO. */
export const conv: Operator = (node) => {
  const { writer, attributes } = node;
  const x = node.tensor(0, { padded: true });
  const weights = node.constant(1, 'weights');
  const [filters, groupInputs, ...kernel] = weights.dims;
  const groups = attributes.int('group', 1);
  const name = node.name(node.proto.input[1]);
  const bias = node.has(2);
  let layer: string;
  if (x.pooled) {
    if (sizeOf(kernel) !== 1 || groups !== 1)
      throw new Unsupported(`has a kernel of ${kernel.join('x')} over a single pixel; use a 1x1 kernel`);
    layer = writer.add(name, [x.layer], { kind: 'linear', units: filters, bias });
    if (x.shape[0] !== groupInputs) throw new Unsupported(`reads ${x.shape[0]} channels with weights for ${groupInputs}`);
  } else {
    if (x.shape.length !== 3 || x.order !== 'chw') throw new Unsupported('does not read an image in the order channels, height, width');
    if (x.shape[2] !== groupInputs * groups) throw new Unsupported(`reads ${x.shape[2]} channels with weights for ${groupInputs * groups}`);
    const { padding, ...windows } = windowsOf(node, x, kernel);
    const whole = sum(padding, x.padding ?? NO_PADDING);
    layer = writer.add(name, [x.layer], { kind: 'conv', filters, ...windows, padding: whole, groups, bias });
  }
  writer.set(`${layer}/weights`, toHwio(weights.values, [filters, groupInputs, kernel[0] ?? 1, kernel[1] ?? 1]));
  if (bias) writer.set(`${layer}/bias`, Float32Array.from(node.constant(2, 'a bias').values));
  node.resultLike(x, layer);
};

/** Kept as a layer behind its convolution, whose statistics are re-estimated; elsewhere it is one map of constants. */
export const batchNormalization: Operator = (node) => {
  const { writer, attributes } = node;
  const x = node.tensor(0);
  if (attributes.int('training_mode', 0) === 1) throw new Unsupported('is in training mode; export the model after model.eval()');
  if (node.opset < 9 || attributes.int('spatial', 1) !== 1)
    throw new Unsupported('normalizes single pixels; use the usual one for each channel');
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((index) => Float32Array.from(node.constant(index, 'statistics').values));
  const epsilon = attributes.float('epsilon', 1e-5);
  const producer = writer.layer(x.layer);
  if (producer.kind === 'conv' && node.alone(0)) {
    const layer = writer.follow(x.layer, 'bn', { kind: 'batchnorm', epsilon });
    for (const [part, values] of Object.entries({ gamma, beta, mean, variance })) writer.set(`${layer}/${part}`, values);
    return node.resultLike(x, layer);
  }
  const scale = gamma.map((value, c) => value / Math.sqrt(variance[c] + epsilon));
  const shift = beta.map((value, c) => value - mean[c] * scale[c]);
  const layer = writer.scaleAndShift(x.layer, scale, shift, node.alone(0), node.name(node.proto.input[1]));
  if (producer.kind === 'linear') writer.notes.push(`The batch normalization behind '${x.layer}' is written into its weights.`);
  if (writer.layer(layer).kind === 'normalize') writer.fixedNorms.push(layer);
  node.result({ ...x, layer });
};
