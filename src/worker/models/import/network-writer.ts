import { inferShapes, type Layer, type LayerGraph } from '../../../shared/domain/layer-graph.ts';
import { behind, inverted, noNormalization, normalized, type Normalization } from './normalize.ts';

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
  /** batch normalizations that became layers of constants */
  readonly fixedNorms: string[] = [];
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
   * x * scale + shift for each channel: written into the layer that produces x where nothing else reads it, so that it costs
   * nothing; else a layer of constants behind it, which no training moves.
   * @param alone whether nothing else reads x
   * @param wish  name of that layer
   * @returns the layer that gives the result
   * @throws Unsupported for features that no linear layer can take it into
   */
  scaleAndShift(name: string, scale: Float32Array, shift: Float32Array, alone: boolean, wish: string): string {
    const layer = this.layer(name);
    if (alone && this.absorbs(layer, scale, shift)) return name;
    if (this.shape(name).length !== 3)
      throw new Unsupported(
        `scales the output of '${name}' (${layer.kind}) with constants, where only a linear layer that nothing else reads can take them`,
      );
    return this.add(wish, [name], { kind: 'normalize', ...inverted(scale, shift) });
  }

  /** Whether the constants could be written into the layer. */
  private absorbs(layer: Layer, scale: Float32Array, shift: Float32Array): boolean {
    const { name } = layer;
    switch (layer.kind) {
      case 'input':
        if (scale.some((value) => value === 0)) throw new Unsupported('multiplies the image with 0');
        this.affine = behind(this.affine, inverted(scale, shift));
        return true;
      case 'normalize':
        Object.assign(layer, behind(layer, inverted(scale, shift)));
        return true;
      case 'batchnorm': {
        const [gamma, beta] = ['gamma', 'beta'].map((part) => this.parameters.get(`${name}/${part}`)!);
        gamma.forEach((value, c) => (gamma[c] = value * scale[c]));
        beta.forEach((value, c) => (beta[c] = value * scale[c] + shift[c]));
        return true;
      }
      case 'conv':
      case 'linear': {
        const weights = this.parameters.get(`${name}/weights`)!;
        const channels = scale.length;
        for (let i = 0; i < weights.length; i++) weights[i] *= scale[i % channels];
        if (!layer.bias && shift.every((value) => value === 0)) return true;
        const bias = this.biasOf(layer);
        bias.forEach((value, c) => (bias[c] = value * scale[c] + shift[c]));
        return true;
      }
      default:
        return false;
    }
  }

  /** Only the layers that the output depends on, the normalization of the image among them. */
  finish(name: string, output: string): ImportedNetwork {
    const needed = new Set([output]);
    for (const layer of this.layers.toReversed()) if (needed.has(layer.name)) layer.inputs.forEach((input) => needed.add(input));
    if (!needed.has('input')) throw new Unsupported('does not depend on its input');
    const layers = this.layers.filter((layer) => needed.has(layer.name));
    const parameters = new Map([...this.parameters].filter(([key]) => needed.has(key.slice(0, key.lastIndexOf('/')))));
    const graph = normalized({ name, classes: product(this.shape(output)), layers }, this.affine);
    return { graph, parameters, notes: [...this.notes, ...this.notesOnNorms(needed)] };
  }

  private notesOnNorms(needed: ReadonlySet<string>): string[] {
    const fixed = this.fixedNorms.filter((name) => needed.has(name));
    if (!fixed.length) return [];
    const which = fixed.length === 1 ? `Batch normalization '${fixed[0]}'` : `${fixed.length} batch normalizations ('${fixed[0]}', ...)`;
    return [`${which} not directly behind a convolution: kept as a scale and a shift, which neither training nor re-calibration moves.`];
  }
}
