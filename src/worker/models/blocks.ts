import type { Layer, LayerGraph, Padding } from '../../shared/domain/layer-graph.ts';

/** Symmetric padding of a k x k kernel, as PyTorch writes it; same output size at stride 1. */
function symmetric(kernel: number): Padding {
  const pad = (kernel - 1) / 2;
  return [pad, pad, pad, pad];
}

export type Activation = 'relu' | 'relu6' | 'swish';

export interface ConvOptions {
  filters: number;
  kernel?: number;
  stride?: number;
  groups?: number;
  /** `relu` when left out; null = none */
  activation?: Activation | null;
}

/** Appends an activation function, called like its input with `.relu` or `.swish` behind. Returns its name. */
export function activate(layers: Layer[], name: string, input: string, activation: Activation): string {
  if (activation === 'swish') layers.push({ kind: 'swish', name: `${name}.swish`, inputs: [input] });
  else layers.push({ kind: 'relu', name: `${name}.relu`, inputs: [input], ...(activation === 'relu6' ? { max: 6 } : {}) });
  return layers.at(-1)!.name;
}

/**
 * Conv (no bias) - BN [- activation]; the layers are called `name`, `name.bn`, `name.relu` or `name.swish`. Returns the last
 * one's name.
 */
export function convBlock(
  layers: Layer[],
  name: string,
  input: string,
  { filters, kernel = 3, stride = 1, groups = 1, activation = 'relu' }: ConvOptions,
): string {
  layers.push({
    kind: 'conv',
    name,
    inputs: [input],
    filters,
    kernel: [kernel, kernel],
    stride: [stride, stride],
    padding: symmetric(kernel),
    groups,
    bias: false,
  });
  layers.push({ kind: 'batchnorm', name: `${name}.bn`, inputs: [name], epsilon: 1e-5 });
  return activation ? activate(layers, name, `${name}.bn`, activation) : `${name}.bn`;
}

/** Sum of a branch and its shortcut. Returns its name, `name.add`. */
export function residual(layers: Layer[], name: string, branch: string, shortcut: string): string {
  layers.push({ kind: 'add', name: `${name}.add`, inputs: [branch, shortcut] });
  return `${name}.add`;
}

/** Max pool of a k x k window. Returns `name`. */
export function maxPool(layers: Layer[], name: string, input: string, kernel: number, stride: number, pad = 0): string {
  const padding: Padding = [pad, pad, pad, pad];
  layers.push({ kind: 'maxpool', name, inputs: [input], kernel: [kernel, kernel], stride: [stride, stride], padding });
  return name;
}

/** Global average pooling and the classifier. */
export function classifier(layers: Layer[], input: string, classes: number): void {
  layers.push({ kind: 'globalpool', name: 'pool', inputs: [input] });
  layers.push({ kind: 'linear', name: 'fc', inputs: ['pool'], units: classes, bias: true });
}

export type InputShape = readonly [height: number, width: number, channels: number];

/** A network from the image on; `body` appends the layers and returns the last one's name. */
export function network(name: string, input: InputShape, classes: number, body: (layers: Layer[]) => string): LayerGraph {
  const layers: Layer[] = [{ kind: 'input', name: 'input', inputs: [], shape: input }];
  classifier(layers, body(layers), classes);
  return { name, classes, layers };
}

/**
 * Where a network for 224x224 images halves them. `imagenet` as published; `small`, for images of about 32x32: neither in
 * the stem nor in the stage behind it, so that three halvings are left.
 */
export type Stem = 'imagenet' | 'small';
