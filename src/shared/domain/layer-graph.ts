/**
 * The network as a small graph of layers, in execution order. Shapes, MACs, parameter counts, costs and exports are
 * all derived from it. Images are NHWC; shapes here leave out the batch: [height, width, channels] or [features].
 */
export type Padding = readonly [top: number, bottom: number, left: number, right: number];

interface LayerBase {
  /** Unique; the name of the tensor that this layer produces. */
  name: string;
  /** Names of the producing layers. */
  inputs: readonly string[];
}

export interface InputLayer extends LayerBase {
  kind: 'input';
  shape: readonly [height: number, width: number, channels: number];
}
/**
 * (x - mean) / std for each channel, of constants that no training moves: what a network from elsewhere expects of its
 * images, or one of its batch normalizations that does not follow a convolution. The image itself is then not quantized but
 * this tensor, whose zeros are what padding means.
 */
export interface NormalizeLayer extends LayerBase {
  kind: 'normalize';
  mean: readonly number[];
  /** > 0 or < 0, never 0 */
  std: readonly number[];
}
/** Convolution without bias (a BN follows and carries it), or with one. Weights are HWIO: [k, k, in / groups, out]. */
export interface ConvLayer extends LayerBase {
  kind: 'conv';
  filters: number;
  kernel: readonly [height: number, width: number];
  stride: readonly [height: number, width: number];
  padding: Padding;
  /** 1 = dense; equal to the number of input channels = depthwise. */
  groups: number;
  bias: boolean;
}
export interface BatchNormLayer extends LayerBase {
  kind: 'batchnorm';
  epsilon: number;
}
/** max(x, 0), clipped to `max` where given (6 = ReLU6). */
export interface ReluLayer extends LayerBase {
  kind: 'relu';
  max?: number;
}
/** x * sigmoid(x), also called SiLU; its least value is about -0.278. */
export interface SwishLayer extends LayerBase {
  kind: 'swish';
}
export interface SigmoidLayer extends LayerBase {
  kind: 'sigmoid';
}
export interface AddLayer extends LayerBase {
  kind: 'add';
}
/** Product with a tensor of the same shape, or of an image with one gate for each channel (squeeze-and-excitation). */
export interface MultiplyLayer extends LayerBase {
  kind: 'multiply';
}
/** Maximum or mean over windows; padding is never a maximum, and counts in a mean only with `countPadding`. */
export interface WindowPoolLayer extends LayerBase {
  kind: 'maxpool' | 'avgpool';
  kernel: readonly [height: number, width: number];
  stride: readonly [height: number, width: number];
  padding: Padding;
  countPadding?: boolean;
}
/** [height, width, channels] -> [height * width * channels], channels fastest. */
export interface FlattenLayer extends LayerBase {
  kind: 'flatten';
}
/** Two or more images of one size, side by side in their channels. */
export interface ConcatLayer extends LayerBase {
  kind: 'concat';
}
/** Mean over height and width. */
export interface GlobalPoolLayer extends LayerBase {
  kind: 'globalpool';
}
/** Fully connected, weights [in, out], with bias. */
export interface LinearLayer extends LayerBase {
  kind: 'linear';
  units: number;
  bias: boolean;
}

export type Layer =
  | InputLayer
  | NormalizeLayer
  | ConvLayer
  | BatchNormLayer
  | ReluLayer
  | SwishLayer
  | SigmoidLayer
  | AddLayer
  | MultiplyLayer
  | ConcatLayer
  | WindowPoolLayer
  | GlobalPoolLayer
  | FlattenLayer
  | LinearLayer;
export type QuantizedLayer = ConvLayer | LinearLayer;

export interface LayerGraph {
  name: string;
  classes: number;
  layers: readonly Layer[];
  /** Quantized layers that stay at 8 bits as the first and last one do. */
  pinned?: readonly string[];
}

export function isQuantized(layer: Layer): layer is QuantizedLayer {
  return layer.kind === 'conv' || layer.kind === 'linear';
}

/** Convolution and linear layers in network order: the layers that a configuration lists. */
export function quantizedLayers(graph: LayerGraph): QuantizedLayer[] {
  return graph.layers.filter(isQuantized);
}

export function layerByName(graph: LayerGraph, name: string): Layer {
  const layer = graph.layers.find((candidate) => candidate.name === name);
  if (!layer) throw new Error(`Layer '${name}' is not in network '${graph.name}'.`);
  return layer;
}

/** Output shape of every layer, without the batch. @throws Error naming the layer whose inputs do not fit */
export function inferShapes(graph: LayerGraph): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  const fail = (layer: Layer, why: string): never => {
    throw new Error(`Layer '${layer.name}' (${layer.kind}) ${why}.`);
  };
  const windows = (layer: ConvLayer | WindowPoolLayer, height: number, width: number) => {
    const out = (size: number, axis: 0 | 1) =>
      Math.floor((size + layer.padding[2 * axis] + layer.padding[2 * axis + 1] - layer.kernel[axis]) / layer.stride[axis]) + 1;
    const shape = [out(height, 0), out(width, 1)];
    if (shape[0] < 1 || shape[1] < 1)
      fail(layer, `has a kernel of ${layer.kernel.join('x')} that is larger than its input of ${height}x${width}`);
    return shape;
  };
  for (const layer of graph.layers) {
    const inputs = layer.inputs.map((name) => shapes.get(name) ?? fail(layer, `reads '${name}', which no earlier layer produces`));
    if (shapes.has(layer.name)) fail(layer, 'has a name that is already taken');
    if (layer.kind !== 'input' && !inputs.length) fail(layer, 'has no input');
    switch (layer.kind) {
      case 'input':
        shapes.set(layer.name, layer.shape);
        break;
      case 'normalize': {
        const channels = inputs[0].at(-1);
        if (layer.mean.length !== channels || layer.std.length !== channels)
          fail(layer, `has ${layer.mean.length} means and ${layer.std.length} deviations for ${channels} channels`);
        shapes.set(layer.name, inputs[0]);
        break;
      }
      case 'conv': {
        if (inputs[0].length !== 3) fail(layer, `needs an image, got [${inputs[0].join('x')}]`);
        const [height, width, channels] = inputs[0];
        if (channels % layer.groups || layer.filters % layer.groups)
          fail(layer, `cannot split ${channels} input and ${layer.filters} output channels into ${layer.groups} groups`);
        shapes.set(layer.name, [...windows(layer, height, width), layer.filters]);
        break;
      }
      case 'maxpool':
      case 'avgpool': {
        if (inputs[0].length !== 3) fail(layer, `needs an image, got [${inputs[0].join('x')}]`);
        const [height, width, channels] = inputs[0];
        if (layer.padding.some((size, side) => size >= layer.kernel[side >> 1]))
          fail(layer, `has a padding of ${layer.padding.join(', ')}, which is not smaller than its window of ${layer.kernel.join('x')}`);
        shapes.set(layer.name, [...windows(layer, height, width), channels]);
        break;
      }
      case 'add':
        if (inputs.length !== 2 || inputs[0].join() !== inputs[1].join())
          fail(layer, `adds shapes [${inputs.map((s) => s.join('x')).join('] and [')}]`);
        shapes.set(layer.name, inputs[0]);
        break;
      case 'multiply': {
        const [x, gate] = inputs;
        const fits = inputs.length === 2 && (x.join() === gate.join() || (x.length === 3 && gate.join() === String(x[2])));
        if (!fits) fail(layer, `multiplies shapes [${inputs.map((s) => s.join('x')).join('] and [')}]`);
        shapes.set(layer.name, x);
        break;
      }
      case 'concat': {
        const size = (shape: readonly number[]) => shape.slice(0, -1).join();
        if (inputs.length < 2 || inputs.some((shape) => shape.length !== 3 || size(shape) !== size(inputs[0])))
          fail(layer, `joins shapes [${inputs.map((s) => s.join('x')).join('] and [')}]`);
        shapes.set(layer.name, [...inputs[0].slice(0, 2), inputs.reduce((sum, shape) => sum + shape[2], 0)]);
        break;
      }
      case 'flatten':
        shapes.set(layer.name, [product(inputs[0])]);
        break;
      case 'globalpool':
        if (inputs[0].length !== 3) fail(layer, `needs an image, got [${inputs[0].join('x')}]`);
        shapes.set(layer.name, [inputs[0][2]]);
        break;
      case 'linear':
        if (inputs[0].length !== 1) fail(layer, `needs a vector, got [${inputs[0].join('x')}]`);
        shapes.set(layer.name, [layer.units]);
        break;
      default:
        shapes.set(layer.name, inputs[0]);
    }
  }
  return shapes;
}

/** What costs, averages and the CQAP need to know of one quantized layer. */
export interface LayerFacts {
  name: string;
  kind: 'conv' | 'linear';
  /** First and last quantized layers, and those that the network pins, stay at 8 bits and out of the averages. */
  pinned: boolean;
  inputShape: readonly number[];
  outputShape: readonly number[];
  outputChannels: number;
  /** Number of weights, without bias. */
  weights: number;
  /** Weights + bias, the P_l of the average weight bits (eqnet-spec section 6); a BN is not counted. */
  parameters: number;
  /** Multiply-accumulates of one image. */
  macs: number;
  /** Elements of the input feature map of one image, the F_l of the average activation bits. */
  inputElements: number;
}

export function weightShape(layer: QuantizedLayer, inputShape: readonly number[]): number[] {
  return layer.kind === 'conv' ? [...layer.kernel, inputShape[2] / layer.groups, layer.filters] : [inputShape[0], layer.units];
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

export function layerFacts(graph: LayerGraph): LayerFacts[] {
  const shapes = inferShapes(graph);
  const layers = quantizedLayers(graph);
  return layers.map((layer, index) => {
    const inputShape = shapes.get(layer.inputs[0])!;
    const outputShape = shapes.get(layer.name)!;
    const weights = product(weightShape(layer, inputShape));
    const outputChannels = outputShape[outputShape.length - 1];
    return {
      name: layer.name,
      kind: layer.kind,
      pinned: index === 0 || index === layers.length - 1 || (graph.pinned?.includes(layer.name) ?? false),
      inputShape,
      outputShape,
      outputChannels,
      weights,
      parameters: weights + (layer.bias ? outputChannels : 0),
      macs: (product(outputShape) * weights) / outputChannels,
      inputElements: product(inputShape),
    };
  });
}

/** Trainable float parameters of the network: weights, biases, BN scale and shift. */
export function parameterCount(graph: LayerGraph): number {
  const shapes = inferShapes(graph);
  let count = layerFacts(graph).reduce((sum, layer) => sum + layer.parameters, 0);
  for (const layer of graph.layers) if (layer.kind === 'batchnorm') count += 2 * shapes.get(layer.name)!.at(-1)!;
  return count;
}

/**
 * Where activations are quantized: one quantizer per tensor.
 *  - the input of every conv and linear layer (layers that read one tensor share its quantizer);
 *  - every input of a residual Add that no conv reads, so that the Add runs on integers (always 8 bits).
 * Products, pools and activation functions compute with real numbers, and so do tensors that only they read.
 */
export interface QuantizationPoint {
  /** The layer whose output is quantized. */
  tensor: string;
  /** Indices (into quantizedLayers) of the layers that read it; empty for a branch that only feeds an Add. */
  readers: readonly number[];
}

export function quantizationPoints(graph: LayerGraph): QuantizationPoint[] {
  const layers = quantizedLayers(graph);
  const addInputs = new Set(graph.layers.flatMap((layer) => (layer.kind === 'add' ? layer.inputs : [])));
  return graph.layers.flatMap((layer) => {
    const readers = layers.flatMap((reader, index) => (reader.inputs[0] === layer.name ? [index] : []));
    return readers.length || addInputs.has(layer.name) ? [{ tensor: layer.name, readers }] : [];
  });
}
