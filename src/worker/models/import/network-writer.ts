import { inferShapes, type Layer, type LayerGraph } from '../../../shared/domain/layer-graph.ts';
import { noNormalization, normalized, type Normalization } from './normalize.ts';

/** A network of another program as a layer graph, with its weights. */
export interface ImportedNetwork {
  graph: LayerGraph;
  /** by name, as `parameterSpecs` lists them; HWIO, [in, out], one value for each channel */
  parameters: Map<string, Float32Array>;
  /** what was left out or written another way, one sentence each */
  notes: string[];
}

/** A last step of the original that the imported network leaves out. */
export type Ending = 'none' | 'softmax' | 'log-softmax';

/** A part of another program's network that has no counterpart here. */
export class Unsupported extends Error {}

const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
/** BN belongs to its convolution, an activation to what it follows. */
const SUFFIX = /\.(bn|add|relu|swish)(-\d+)?$/;

type NewLayer = Layer extends infer L ? (L extends Layer ? Omit<L, 'name' | 'inputs'> : never) : never;

/** Collects layers and parameters while a file is read; names are made unique, shapes are checked at each layer. */
export class NetworkWriter {
  readonly layers: Layer[] = [];
  readonly parameters = new Map<string, Float32Array>();
  readonly notes: string[] = [];
  private readonly shapes = new Map<string, readonly number[]>();
  private readonly names = new Set<string>();
  private affine: Normalization;

  constructor(image: readonly [height: number, width: number, channels: number]) {
    this.affine = noNormalization(image[2]);
    this.layers.push({ kind: 'input', name: 'input', inputs: [], shape: image });
    this.names.add('input').add('normalize');
    this.shapes.set('input', image);
  }

  shape(layer: string): readonly number[] {
    return this.shapes.get(layer)!;
  }

  layer(name: string): Layer {
    return this.layers.find((layer) => layer.name === name)!;
  }

  /** A name like the wish, of letters, digits and . _ - only, that no layer has. */
  private unique(wish: string): string {
    const plain = wish.replaceAll(/[^A-Za-z0-9._-]+/g, '_').replaceAll(/^[_.-]+|[_.-]+$/g, '') || 'layer';
    let name = plain;
    for (let count = 2; this.names.has(name); count++) name = `${plain}-${count}`;
    this.names.add(name);
    return name;
  }

  /**
   * Appends a layer. @returns its name. @throws Unsupported where its inputs do not fit it
   */
  add(wish: string, inputs: readonly string[], layer: NewLayer): string {
    const name = this.unique(wish);
    const added = { ...layer, name, inputs } as Layer;
    try {
      // the layers that it reads have been checked before: images and vectors of known shape
      const shapes = inferShapes({ name: '', classes: 1, layers: [...this.layers, added] });
      this.shapes.set(name, shapes.get(name)!);
    } catch (error) {
      this.names.delete(name);
      throw new Unsupported((error as Error).message.replace(/\.$/, ''));
    }
    this.layers.push(added);
    return name;
  }

  /** An activation, called after what it follows. */
  follow(input: string, suffix: string, layer: NewLayer): string {
    return this.add(`${input.replace(SUFFIX, '')}.${suffix}`, [input], layer);
  }

  /** The last layer, which nothing reads yet, is taken back. */
  takeBack(name: string): void {
    const last = this.layers.pop();
    if (last?.name !== name) throw new Error(`Layer '${name}' is not the last one.`);
    this.names.delete(name);
    this.shapes.delete(name);
  }

  set(name: string, values: Float32Array): void {
    this.parameters.set(name, values);
  }

  /** Gives a convolution or linear layer without bias one of zeros. */
  private biasOf(layer: Extract<Layer, { kind: 'conv' | 'linear' }>): Float32Array {
    const known = this.parameters.get(`${layer.name}/bias`);
    if (known) return known;
    layer.bias = true;
    const bias = new Float32Array(this.shape(layer.name).at(-1)!);
    this.set(`${layer.name}/bias`, bias);
    return bias;
  }

  /**
   * x * scale + shift for each channel, written into the layer that produces x: exact, no layer of its own.
   * @param alone whether nothing else reads x
   * @throws Unsupported where the producer cannot take it
   */
  scaleAndShift(name: string, scale: Float32Array, shift: Float32Array, alone: boolean): void {
    if (!alone) throw new Unsupported('scales a tensor that is also read elsewhere');
    const layer = this.layer(name);
    if (layer.kind === 'input') {
      if (scale.some((value) => value === 0)) throw new Unsupported('multiplies the image with 0');
      // ((x - mean) / std) * scale + shift = (x - (mean - shift * std / scale)) / (std / scale)
      const { mean, std } = this.affine;
      this.affine = {
        mean: mean.map((value, c) => value - (shift[c] * std[c]) / scale[c]),
        std: std.map((value, c) => value / scale[c]),
      };
      return;
    }
    if (layer.kind === 'batchnorm') {
      const [gamma, beta] = ['gamma', 'beta'].map((part) => this.parameters.get(`${name}/${part}`)!);
      gamma.forEach((value, c) => (gamma[c] = value * scale[c]));
      beta.forEach((value, c) => (beta[c] = value * scale[c] + shift[c]));
      return;
    }
    if (layer.kind !== 'conv' && layer.kind !== 'linear')
      throw new Unsupported(
        `scales the output of '${name}' (${layer.kind}) with constants, where only a convolution or linear layer can take them`,
      );
    const weights = this.parameters.get(`${name}/weights`)!;
    const channels = scale.length;
    weights.forEach((value, i) => (weights[i] = value * scale[i % channels]));
    if (!layer.bias && shift.every((value) => value === 0)) return;
    const bias = this.biasOf(layer);
    bias.forEach((value, c) => (bias[c] = value * scale[c] + shift[c]));
  }

  /** Only the layers that the output depends on, the normalization of the image among them. */
  finish(name: string, output: string): ImportedNetwork {
    const needed = new Set([output]);
    for (const layer of this.layers.toReversed()) if (needed.has(layer.name)) layer.inputs.forEach((input) => needed.add(input));
    if (!needed.has('input')) throw new Unsupported('does not depend on its input');
    const layers = this.layers.filter((layer) => needed.has(layer.name));
    const parameters = new Map([...this.parameters].filter(([key]) => needed.has(key.slice(0, key.lastIndexOf('/')))));
    const graph = normalized({ name, classes: product(this.shape(output)), layers }, this.affine);
    return { graph, parameters, notes: this.notes };
  }
}
