/** The layer list that a person writes, and the layer graph that it means. */
import { z } from 'zod';
import { viewNetwork, type NetworkView } from '../domain/network-view.ts';
import { inferShapes, type Layer, type LayerGraph, type Padding } from '../domain/layer-graph.ts';

const size = z.number().int().min(1).max(65536);
const pair = z.union([size, z.tuple([size, size])]);
const edge = z.number().int().min(0).max(65536);
const padding = z.union([z.enum(['same', 'valid']), edge, z.tuple([edge, edge, edge, edge])]);
const reference = z.string().min(1).max(200);
const called = {
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'may hold only letters, digits and . _ -')
    .max(200)
    .optional()
    .describe('the kind and a number when left out'),
};
const single = { ...called, input: reference.optional().describe('the layer before when left out; `input` is the image') };
const activation = z.enum(['none', 'relu', 'relu6', 'swish']).default('none').describe('what follows');

const conv = z
  .strictObject({
    ...single,
    kind: z.literal('conv'),
    filters: size.describe('output channels'),
    kernel: pair.default(3).describe('height and width'),
    stride: pair.default(1).describe('down and to the right, pixels'),
    padding: padding
      .default('same')
      .describe('same: the size stays at stride 1; valid: none; pixels on every side; or above, below, left and right'),
    groups: z.union([size, z.literal('depthwise')]).default(1).describe('groups of channels; depthwise: every channel by itself'), // prettier-ignore
    bias: z.boolean().optional().describe('a bias for each channel; only without norm when left out'),
    norm: z.boolean().default(false).describe('batch normalization behind it'),
    activation,
  })
  .describe('convolution');
const linear = z
  .strictObject({
    ...single,
    kind: z.literal('linear'),
    units: size.optional().describe('outputs; the classes of the data set when left out'),
    bias: z.boolean().default(true).describe('a bias for each unit'),
    activation,
  })
  .describe('fully connected layer on a vector');
const pool = z
  .strictObject({
    ...single,
    kind: z.enum(['maxpool', 'avgpool']),
    kernel: pair.describe('height and width'),
    stride: pair.optional().describe('down and to the right, pixels; the kernel when left out'),
    padding: padding.default('valid').describe('as of a convolution; never a maximum, and not counted in a mean'),
  })
  .describe('maximum or mean over windows');
const relu = z
  .strictObject({ ...single, kind: z.literal('relu'), max: z.number().positive().optional().describe('upper bound; none when left out') })
  .describe('what is negative becomes 0');
const plain = z
  .strictObject({ ...single, kind: z.enum(['batchnorm', 'swish', 'sigmoid', 'globalpool', 'flatten']) })
  .describe('layers without settings');
const joint = z
  .strictObject({
    ...called,
    kind: z.enum(['add', 'multiply', 'concat']),
    inputs: z.array(reference).min(2).max(64).describe('names of the layers that are brought together'),
  })
  .describe('sum, product (of an image and one gate for each channel, too), or channels side by side');

const listedLayer = z.discriminatedUnion('kind', [conv, linear, pool, relu, plain, joint]);
export const layerListSchema = z.array(listedLayer).min(1).max(2000);
export type ListedLayer = z.infer<typeof listedLayer>;

const BN_EPSILON = 1e-5;

const asPair = (value: number | [number, number]): [number, number] => (typeof value === 'number' ? [value, value] : value);

/** `same` keeps the size at stride 1; an even kernel gets the odd row or column below and to the right. */
function paddingOf(wish: z.infer<typeof padding>, kernel: readonly [number, number]): Padding {
  if (typeof wish === 'object') return wish;
  if (wish === 'valid') return [0, 0, 0, 0];
  if (typeof wish === 'number') return [wish, wish, wish, wish];
  const [vertical, horizontal] = kernel.map((length) => length - 1);
  return [Math.floor(vertical / 2), Math.ceil(vertical / 2), Math.floor(horizontal / 2), Math.ceil(horizontal / 2)];
}

/** Layers under construction: every list entry is one layer, then its normalization and activation. */
class Expansion {
  readonly layers: Layer[];
  /** what readers of a list entry read: the last of its layers */
  private readonly ends = new Map([['input', 'input']]);
  private readonly counts = new Map<string, number>();
  private last = 'input';

  constructor(image: readonly [number, number, number]) {
    this.layers = [{ kind: 'input', name: 'input', inputs: [], shape: image }];
  }

  private nameOf({ kind, name }: ListedLayer): string {
    const count = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, count);
    const chosen = name ?? `${kind}${count}`;
    if (this.ends.has(chosen)) throw new Error(`Layer '${chosen}' (${kind}) has a name that is already taken.`);
    return chosen;
  }

  private read(reader: string, wish: string): string {
    const found = this.ends.get(wish);
    if (found === undefined) throw new Error(`Layer '${reader}' reads '${wish}', which no earlier layer produces.`);
    return found;
  }

  private channels(tensor: string): number {
    return inferShapes({ name: '', classes: 1, layers: this.layers }).get(tensor)!.at(-1)!;
  }

  add(entry: ListedLayer, classes: number): void {
    const name = this.nameOf(entry);
    const inputs =
      'inputs' in entry
        ? entry.inputs.map((wish) => this.read(name, wish))
        : [entry.input === undefined ? this.last : this.read(name, entry.input)];
    let end = name;
    const then = (suffix: string, layer: { kind: 'batchnorm'; epsilon: number } | { kind: 'relu'; max?: number } | { kind: 'swish' }) => {
      this.layers.push({ ...layer, name: `${name}.${suffix}`, inputs: [end] });
      end = `${name}.${suffix}`;
    };
    const activate = (wish: z.infer<typeof activation>) => {
      if (wish === 'swish') then('swish', { kind: 'swish' });
      else if (wish !== 'none') then('relu', { kind: 'relu', ...(wish === 'relu6' && { max: 6 }) });
    };
    switch (entry.kind) {
      case 'conv': {
        const kernel = asPair(entry.kernel);
        const groups = entry.groups === 'depthwise' ? this.channels(inputs[0]) : entry.groups;
        const { filters, norm, bias = !norm } = entry;
        this.layers.push({ kind: 'conv', name, inputs, filters, kernel, stride: asPair(entry.stride), padding: paddingOf(entry.padding, kernel), groups, bias }); // prettier-ignore
        if (norm) then('bn', { kind: 'batchnorm', epsilon: BN_EPSILON });
        activate(entry.activation);
        break;
      }
      case 'linear':
        this.layers.push({ kind: 'linear', name, inputs, units: entry.units ?? classes, bias: entry.bias });
        activate(entry.activation);
        break;
      case 'maxpool':
      case 'avgpool': {
        const kernel = asPair(entry.kernel);
        const stride = entry.stride === undefined ? kernel : asPair(entry.stride);
        this.layers.push({ kind: entry.kind, name, inputs, kernel, stride, padding: paddingOf(entry.padding, kernel) });
        break;
      }
      case 'relu':
        this.layers.push({ kind: 'relu', name, inputs, ...(entry.max !== undefined && { max: entry.max }) });
        break;
      case 'batchnorm':
        this.layers.push({ kind: 'batchnorm', name, inputs, epsilon: BN_EPSILON });
        break;
      default:
        this.layers.push({ kind: entry.kind, name, inputs });
    }
    this.ends.set(name, end);
    this.last = end;
  }
}

/**
 * The network of a layer list.
 * @param image size of the images
 * @throws Error with a sentence that names the layer whose name, input or shape does not fit
 */
export function expandLayers(list: readonly ListedLayer[], image: readonly [number, number, number], classes: number): LayerGraph {
  const expansion = new Expansion(image);
  for (const entry of list) expansion.add(entry, classes);
  const graph: LayerGraph = { name: 'layers', classes, layers: expansion.layers };
  requireClassifier(graph);
  return graph;
}

/** What a layer graph must be beyond fitting shapes. @throws Error naming the layer */
export function requireClassifier(graph: LayerGraph): void {
  const shapes = inferShapes(graph);
  const last = graph.layers.at(-1)!;
  const shape = shapes.get(last.name)!;
  if (shape.length !== 1 || shape[0] !== graph.classes)
    throw new Error(
      `Layer '${last.name}' (${last.kind}) is the last and gives [${shape.join('x')}], where one number for each of the ${graph.classes} classes belongs.`,
    );
  const read = new Set(graph.layers.flatMap(({ inputs }) => inputs));
  const loose = graph.layers.find(({ name }) => name !== last.name && !read.has(name));
  if (loose) throw new Error(`Layer '${loose.name}' (${loose.kind}) is read by no other layer: leave it out, or name it as an input.`);
  for (const layer of graph.layers) {
    if (layer.kind !== 'batchnorm') continue;
    const producer = graph.layers.find(({ name }) => name === layer.inputs[0])!;
    const readers = graph.layers.filter(({ inputs }) => inputs.includes(producer.name)).length;
    if (producer.kind !== 'conv' || readers > 1)
      throw new Error(
        `Layer '${layer.name}' (batchnorm) does not stand directly behind a convolution that nothing else reads, which it is folded into.`,
      );
  }
  if (graph.layers.filter(({ kind }) => kind === 'conv' || kind === 'linear').length < 2)
    throw new Error(`The network has fewer than two convolution or linear layers, and the first and the last keep 8 bits: add one.`);
}

/** A layer list as a network, or what is wrong with it. */
export interface LayerListView {
  network: NetworkView | null;
  /** the first problem, and the entry of the list that it belongs to (null where it is the list as a whole) */
  problem: { entry: number | null; text: string } | null;
}

/** Reads a layer list that somebody typed. @param text JSON of the list */
export function checkLayerList(text: string, image: readonly [number, number, number], classes: number): LayerListView {
  const wrong = (entry: number | null, problem: string): LayerListView => ({ network: null, problem: { entry, text: problem } });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return wrong(null, `The list is not valid JSON (${(error as Error).message}): correct it.`);
  }
  const parsed = layerListSchema.safeParse(json);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    const [entry, ...field] = path;
    return wrong(typeof entry === 'number' ? entry : null, field.length ? `'${field.join('.')}': ${message}` : message);
  }
  const expansion = new Expansion(image);
  for (const [index, entry] of parsed.data.entries()) {
    try {
      expansion.add(entry, classes);
      inferShapes({ name: '', classes, layers: expansion.layers });
    } catch (error) {
      return wrong(index, (error as Error).message);
    }
  }
  try {
    return { network: viewNetwork(expandLayers(parsed.data, image, classes)), problem: null };
  } catch (error) {
    return wrong(null, (error as Error).message);
  }
}
