import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { WorkbenchError } from '../../../../shared/contract/errors.ts';
import type { Padding } from '../../../../shared/domain/layer-graph.ts';
import { NetworkWriter, Unsupported, type Ending, type ImportedNetwork } from '../network-writer.ts';
import { readLayersModel, type LayersFile } from './read.ts';
import { layersOf, type KerasLayer } from './topology.ts';

const NONE: Padding = [0, 0, 0, 0];
const pair = z
  .union([z.number().int(), z.tuple([z.number().int(), z.number().int()])])
  .transform((value): [number, number] => (typeof value === 'number' ? [value, value] : value));

/** What a layer reads: a layer of ours, with zeros around it that the next one takes over. */
interface Tensor {
  layer: string;
  padding: Padding;
}

/** Turns the layers of one file; images are in our order already. */
class LayersConversion {
  readonly writer: NetworkWriter;
  ending: Ending = 'none';
  private readonly tensors = new Map<string, Tensor>();
  private readonly readers = new Map<string, number>();

  constructor(
    private readonly layers: readonly KerasLayer[],
    private readonly output: string,
    private readonly weights: ReadonlyMap<string, Float32Array>,
  ) {
    const shape = z
      .tuple([z.unknown(), z.number().int(), z.number().int(), z.number().int()])
      .safeParse(layers[0].config.batch_input_shape);
    if (!shape.success)
      throw new Unsupported(
        `has an input of shape ${JSON.stringify(layers[0].config.batch_input_shape)}, where height, width and channels must be fixed`,
      );
    const [, height, width, channels] = shape.data;
    this.writer = new NetworkWriter([height, width, channels]);
    for (const { inputs } of layers) for (const name of inputs) this.readers.set(name, (this.readers.get(name) ?? 0) + 1);
    this.readers.set(output, (this.readers.get(output) ?? 0) + 1);
  }

  /** @returns what cannot be turned, one phrase for each layer */
  run(): string[] {
    const problems: string[] = [];
    for (const layer of this.layers) {
      if (layer.kind !== 'InputLayer' && layer.inputs.some((name) => !this.tensors.has(name)) && layer.kind in this.kinds) continue;
      try {
        const turn = this.kinds[layer.kind];
        if (!turn) throw new Unsupported('is not read; use layers of the list in docs/import.md');
        this.tensors.set(layer.name, turn(layer));
      } catch (error) {
        if (!(error instanceof Unsupported)) throw error;
        problems.push(`${layer.kind} '${layer.name}' ${error.message}`);
      }
    }
    return problems;
  }

  result(): string {
    const { layer, padding } = this.tensors.get(this.output)!;
    if (padding.some(Boolean)) throw new Unsupported('ends with zeros around its output');
    return layer;
  }

  private setting<T>({ config }: KerasLayer, name: string, schema: z.ZodType<T>, otherwise: T): T {
    const value = config[name];
    if (value === undefined || value === null) return otherwise;
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw new Unsupported(`has a ${name} of ${JSON.stringify(value)}`);
    return parsed.data;
  }

  private input(layer: KerasLayer, index = 0, padded = false): Tensor {
    const found = this.tensors.get(layer.inputs[index]);
    if (!found) throw new Unsupported('reads nothing');
    if (!padded && found.padding.some(Boolean)) throw new Unsupported('reads a ZeroPadding2D, which only a convolution or pooling can');
    return found;
  }

  private alone(layer: KerasLayer): boolean {
    return this.readers.get(layer.inputs[0]) === 1;
  }

  private weight({ name }: KerasLayer, part: string): Float32Array | undefined {
    const wanted = `${name}/${part}`;
    for (const [known, values] of this.weights)
      if (known.replace(/:0$/, '') === wanted || known.replace(/:0$/, '').endsWith(`/${wanted}`)) return values;
    return undefined;
  }
  private need(layer: KerasLayer, part: string): Float32Array {
    const values = this.weight(layer, part);
    if (!values) throw new Unsupported(`lacks its weights '${layer.name}/${part}'`);
    return values.slice();
  }

  private plain = (layer: string): Tensor => ({ layer, padding: NONE });

  private activated(layer: KerasLayer, tensor: string): Tensor {
    return this.plain(this.activation(layer, tensor, this.setting(layer, 'activation', z.string(), 'linear')));
  }

  private activation(layer: KerasLayer, tensor: string, name: string): string {
    const { writer } = this;
    if (name === 'linear') return tensor;
    if (name === 'relu') return writer.follow(tensor, 'relu', { kind: 'relu' });
    if (name === 'relu6') return writer.follow(tensor, 'relu', { kind: 'relu', max: 6 });
    if (name === 'sigmoid') return writer.follow(tensor, 'sigmoid', { kind: 'sigmoid' });
    if (name === 'swish' || name === 'silu') return writer.follow(tensor, 'swish', { kind: 'swish' });
    if (name !== 'softmax') throw new Unsupported(`has activation ${name}; use relu, relu6, sigmoid or swish`);
    if (layer.name !== this.output) throw new Unsupported('has a softmax inside the network, where only logits are computed');
    this.ending = 'softmax';
    writer.notes.push('The softmax at the end is left out: the network gives logits.');
    return tensor;
  }

  private requireChannelsLast(layer: KerasLayer): void {
    const order = this.setting(layer, 'data_format', z.string(), 'channels_last');
    if (order !== 'channels_last') throw new Unsupported(`is in the order ${order}; use channels_last`);
  }

  private window(layer: KerasLayer, { layer: x, padding: around }: Tensor, size: string) {
    this.requireChannelsLast(layer);
    const kernel = this.setting<[number, number]>(layer, size, pair, [2, 2]);
    const stride = this.setting<[number, number]>(layer, 'strides', pair, size === 'pool_size' ? kernel : [1, 1]);
    const mode = this.setting(layer, 'padding', z.enum(['same', 'valid']), 'valid');
    const shape = this.writer.shape(x);
    if (mode === 'valid') return { kernel, stride, padding: around };
    if (around.some(Boolean)) throw new Unsupported('pads an image that ZeroPadding2D has padded already; use padding valid');
    const [rows, columns] = [0, 1].map((axis) => {
      const total = Math.max((Math.ceil(shape[axis] / stride[axis]) - 1) * stride[axis] + kernel[axis] - shape[axis], 0);
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    });
    return { kernel, stride, padding: [rows[0], rows[1], columns[0], columns[1]] as Padding };
  }

  private convolution(layer: KerasLayer, depthwise: boolean): Tensor {
    const { writer } = this;
    const x = this.input(layer, 0, true);
    const channels = writer.shape(x.layer).at(-1)!;
    const dilation = this.setting(layer, 'dilation_rate', pair, [1, 1]);
    if (dilation.some((value) => value !== 1)) throw new Unsupported(`is dilated by ${dilation.join('x')}; use a dilation of 1`);
    const filters = depthwise
      ? channels * this.setting(layer, 'depth_multiplier', z.number().int(), 1)
      : this.setting(layer, 'filters', z.number().int(), 0);
    const bias = this.setting(layer, 'use_bias', z.boolean(), true);
    const weights = this.need(layer, depthwise ? 'depthwise_kernel' : 'kernel');
    let name: string;
    // a vector that a Reshape has made an image of one pixel
    if (writer.shape(x.layer).length === 1) {
      if (weights.length !== channels * filters) throw new Unsupported('has a kernel over a single pixel; use 1x1');
      name = writer.add(layer.name, [x.layer], { kind: 'linear', units: filters, bias });
    } else {
      const groups = depthwise ? channels : this.setting(layer, 'groups', z.number().int(), 1);
      name = writer.add(layer.name, [x.layer], { kind: 'conv', filters, ...this.window(layer, x, 'kernel_size'), groups, bias });
    }
    writer.set(`${name}/weights`, weights);
    if (bias) writer.set(`${name}/bias`, this.need(layer, 'bias'));
    return this.activated(layer, name);
  }

  private batchNormalization(layer: KerasLayer): Tensor {
    const { writer } = this;
    const { layer: x } = this.input(layer);
    const [mean, variance] = [this.need(layer, 'moving_mean'), this.need(layer, 'moving_variance')];
    const gamma = this.weight(layer, 'gamma')?.slice() ?? new Float32Array(mean.length).fill(1);
    const beta = this.weight(layer, 'beta')?.slice() ?? new Float32Array(mean.length);
    const epsilon = this.setting(layer, 'epsilon', z.number(), 1e-3);
    if (writer.layer(x).kind === 'conv' && this.alone(layer)) {
      const name = writer.follow(x, 'bn', { kind: 'batchnorm', epsilon });
      for (const [part, values] of Object.entries({ gamma, beta, mean, variance })) writer.set(`${name}/${part}`, values);
      return this.plain(name);
    }
    const scale = gamma.map((value, c) => value / Math.sqrt(variance[c] + epsilon));
    const result = writer.scaleAndShift(x, scale, beta.map((value, c) => value - mean[c] * scale[c]), this.alone(layer), layer.name); // prettier-ignore
    if (writer.layer(result).kind === 'normalize') writer.fixedNorms.push(result);
    return this.plain(result);
  }

  private several(layer: KerasLayer, kind: 'add' | 'concat' | 'multiply'): Tensor {
    const inputs = layer.inputs.map((_, index) => this.input(layer, index).layer);
    if (kind === 'concat') {
      const axis = this.setting(layer, 'axis', z.number().int(), -1);
      if (axis !== -1 && axis !== 3) throw new Unsupported(`joins along axis ${axis}; only channels can be joined`);
      return this.plain(this.writer.add(layer.name, inputs, { kind }));
    }
    // an image comes before its gate
    if (kind === 'multiply') inputs.sort((a, b) => this.writer.shape(b).length - this.writer.shape(a).length);
    return this.plain(inputs.slice(1).reduce((total, next) => this.writer.add(layer.name, [total, next], { kind }), inputs[0]));
  }

  private readonly kinds: Readonly<Record<string, (layer: KerasLayer) => Tensor>> = {
    InputLayer: () => this.plain('input'),
    Conv2D: (layer) => this.convolution(layer, false),
    DepthwiseConv2D: (layer) => this.convolution(layer, true),
    BatchNormalization: (layer) => this.batchNormalization(layer),
    Activation: (layer) => this.activated(layer, this.input(layer).layer),
    Softmax: (layer) => this.plain(this.activation(layer, this.input(layer).layer, 'softmax')),
    ReLU: (layer) => {
      const [most, slope, threshold] = ['max_value', 'negative_slope', 'threshold'].map((name) => this.setting(layer, name, z.number(), 0));
      if (slope || threshold) throw new Unsupported('has a slope or threshold; use a plain ReLU');
      return this.plain(this.writer.follow(this.input(layer).layer, 'relu', { kind: 'relu', ...(most > 0 && { max: most }) }));
    },
    Dense: (layer) => {
      const bias = this.setting(layer, 'use_bias', z.boolean(), true);
      const name = this.writer.add(layer.name, [this.input(layer).layer], {
        kind: 'linear',
        units: this.setting(layer, 'units', z.number().int(), 0),
        bias,
      });
      this.writer.set(`${name}/weights`, this.need(layer, 'kernel'));
      if (bias) this.writer.set(`${name}/bias`, this.need(layer, 'bias'));
      return this.activated(layer, name);
    },
    MaxPooling2D: (layer) => {
      const x = this.input(layer, 0, true);
      if (x.padding.some(Boolean) && this.writer.layer(x.layer).kind !== 'relu')
        throw new Unsupported('reads a ZeroPadding2D of values that can be negative');
      return this.plain(this.writer.add(layer.name, [x.layer], { kind: 'maxpool', ...this.window(layer, x, 'pool_size') }));
    },
    AveragePooling2D: (layer) => {
      const x = this.input(layer, 0, true);
      const countPadding = x.padding.some(Boolean);
      return this.plain(this.writer.add(layer.name, [x.layer], { kind: 'avgpool', ...this.window(layer, x, 'pool_size'), ...(countPadding && { countPadding }) })); // prettier-ignore
    },
    GlobalAveragePooling2D: (layer) => {
      this.requireChannelsLast(layer);
      return this.plain(this.writer.add(layer.name, [this.input(layer).layer], { kind: 'globalpool' }));
    },
    Flatten: (layer) => {
      const { layer: x } = this.input(layer);
      return this.plain(this.writer.shape(x).length === 1 ? x : this.writer.add(layer.name, [x], { kind: 'flatten' }));
    },
    Reshape: (layer) => {
      const { layer: x } = this.input(layer);
      const target = this.setting(layer, 'target_shape', z.array(z.number().int()), []);
      const size = this.writer.shape(x).reduce((a, b) => a * b, 1);
      if (target.length === 1 && [size, -1].includes(target[0]))
        return this.plain(this.writer.shape(x).length === 1 ? x : this.writer.add(layer.name, [x], { kind: 'flatten' }));
      if (target.join() === this.writer.shape(x).join() || (this.writer.shape(x).length === 1 && target.join() === `1,1,${size}`))
        return this.plain(x);
      throw new Unsupported(`reshapes to [${target.join(', ')}]; only flattening is possible`);
    },
    Add: (layer) => this.several(layer, 'add'),
    Multiply: (layer) => this.several(layer, 'multiply'),
    Concatenate: (layer) => this.several(layer, 'concat'),
    Dropout: (layer) => this.input(layer, 0, true),
    ZeroPadding2D: (layer) => {
      this.requireChannelsLast(layer);
      const edge = z.tuple([z.number().int().min(0), z.number().int().min(0)]);
      const [rows, columns] = this.setting(layer, 'padding', z.tuple([edge, edge]), [[1, 1], [1, 1]]); // prettier-ignore
      const { layer: x, padding } = this.input(layer, 0, true);
      return { layer: x, padding: [padding[0] + rows[0], padding[1] + rows[1], padding[2] + columns[0], padding[3] + columns[1]] };
    },
    Rescaling: (layer) => {
      const { layer: x } = this.input(layer);
      const channels = this.writer.shape(x).at(-1)!;
      const constants = (name: string, otherwise: number) =>
        new Float32Array(channels).fill(this.setting(layer, name, z.number(), otherwise));
      return this.plain(this.writer.scaleAndShift(x, constants('scale', 1), constants('offset', 0), this.alone(layer), layer.name));
    },
  };
}

export interface LayersNetwork extends ImportedNetwork {
  ending: Ending;
  file: LayersFile;
}

/**
 * Reads a TensorFlow.js layers model as a layer graph with its weights.
 * @param file path of its model.json
 * @throws WorkbenchError `model-invalid` with one sentence; all layers that cannot be read at once
 */
export function convertLayersModel(file: string): LayersNetwork {
  const read = readLayersModel(file);
  try {
    const { layers, output } = layersOf(read.topology);
    const conversion = new LayersConversion(layers, output, read.weights);
    const problems = conversion.run();
    if (problems.length)
      throw new WorkbenchError(
        'model-invalid',
        `${file} holds what cannot be read: ${problems.join('; ')} (docs/import.md lists what can).`,
        { problems },
      );
    return { ...conversion.writer.finish(basename(dirname(file)), conversion.result()), ending: conversion.ending, file: read };
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    throw new WorkbenchError('model-invalid', `${file} ${error.message}.`);
  }
}
