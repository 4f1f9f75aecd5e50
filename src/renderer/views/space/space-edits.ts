/** Changes of the space section of a recipe. Every function returns a new space and leaves the given one as it is. */
import { heldActivations } from '../../../shared/domain/configuration.ts';
import { ALL_BITS, GRANULARITIES, SYMMETRIES } from '../../../shared/domain/form.ts';
import type { LayerFacts, QuantizationPoint } from '../../../shared/domain/layer-graph.ts';
import { layerSpace, layerSpaces, type LayerOverride, type LayerSpace } from '../../../shared/domain/layer-space.ts';
import type { Recipe } from '../../../shared/schema/recipe.ts';

export type Space = Recipe['space'];
export type Axis = 'weightBits' | 'activationBits';
export const AXES: readonly Axis[] = ['weightBits', 'activationBits'];
export type FormField = 'granularities' | 'weightSymmetries' | 'activationSymmetries';
export type Field = Axis | FormField;

/** Values of each set in the order in which they are written. */
const VALUES: Readonly<Record<Field, readonly (number | string)[]>> = {
  weightBits: ALL_BITS,
  activationBits: ALL_BITS,
  granularities: GRANULARITIES,
  weightSymmetries: SYMMETRIES,
  activationSymmetries: SYMMETRIES,
};
/** Sets that belong to the tensor which a layer reads. */
const OF_TENSOR: ReadonlySet<Field> = new Set<Field>(['activationBits', 'activationSymmetries']);

/** What the edits need of the network. */
export interface SpaceNet {
  facts: readonly LayerFacts[];
  points: readonly QuantizationPoint[];
  /** by layer, whether its activations stay at 8 bits */
  held: readonly boolean[];
}

/** @param pinned layers that the space keeps at 8 bits, beside the first and the last one */
export function spaceNet(layers: readonly LayerFacts[], points: readonly QuantizationPoint[], pinned: readonly string[] = []): SpaceNet {
  const facts = layers.map((fact, index) => ({ ...fact, pinned: isEnd(layers, index) || pinned.includes(fact.name) }));
  return { facts, points, held: heldActivations(facts, points) };
}

const isEnd = (layers: readonly unknown[], index: number): boolean => index === 0 || index === layers.length - 1;

/** Whether a layer may be kept at 8 bits or not: the first and the last one always are. */
export function canPin({ facts }: SpaceNet, layer: string): boolean {
  const index = facts.findIndex(({ name }) => name === layer);
  return index >= 0 && !isEnd(facts, index);
}

/** The layers that read the same tensor as a layer, itself included, in network order. */
export function readersWith(net: SpaceNet, layer: string): string[] {
  const index = net.facts.findIndex(({ name }) => name === layer);
  const point = net.points.find(({ readers }) => readers.includes(index));
  return point ? [...point.readers].sort((a, b) => a - b).map((reader) => net.facts[reader].name) : [layer];
}

/** Whether a set of a layer can be chosen: the first and last layer keep 8 bits, and so does what shares their input. */
export function isFree(net: SpaceNet, layer: string, field: Field): boolean {
  const index = net.facts.findIndex(({ name }) => name === layer);
  if (index < 0) return false;
  if (field === 'weightBits') return !net.facts[index].pinned;
  return field === 'activationBits' ? !net.held[index] : true;
}

/** What a layer can choose from in a set; where layers that read one tensor disagree, its own wish. */
export function setOf(space: Space, net: SpaceNet, layer: string, field: Field): readonly (number | string)[] {
  const index = net.facts.findIndex(({ name }) => name === layer);
  const agreed = layerSpaces(space, net.facts, net.points)[index]?.[field] ?? [];
  return agreed.length ? agreed : layerSpace(space, layer)[field];
}

const copy = (space: Space): Space => JSON.parse(JSON.stringify(space)) as Space;
const inOrder = (field: Field, values: readonly (number | string)[]) => VALUES[field].filter((value) => values.includes(value));
const equal = (field: Field, a: readonly (number | string)[], b: readonly (number | string)[]): boolean =>
  inOrder(field, a).join() === inOrder(field, b).join();

/** Layers in network order, those that the network lacks last, without empty entries. */
function tidy(space: Space, net: SpaceNet): Space {
  const rank = new Map(net.facts.map(({ name }, index) => [name, index]));
  const place = (name: string): number => rank.get(name) ?? net.facts.length;
  const entries = Object.entries(space.layers)
    .filter(([, own]) => Object.keys(own).length > 0)
    .sort(([a], [b]) => place(a) - place(b));
  return { ...space, layers: Object.fromEntries(entries) };
}

/** Writes into `space`. */
function write(space: Space, net: SpaceNet, layer: string, field: Field, values: readonly (number | string)[]): void {
  for (const name of OF_TENSOR.has(field) ? readersWith(net, layer) : [layer]) {
    const own: Record<string, unknown> = { ...space.layers[name] };
    if (equal(field, values, space[field])) delete own[field];
    else own[field] = inOrder(field, values);
    space.layers[name] = own as LayerOverride;
  }
}

/**
 * Gives layers a set of their own; one that equals the network's is none. Sets of a tensor go to all layers that read it.
 * @param values not empty
 */
export function setLayers(
  space: Space,
  net: SpaceNet,
  layers: readonly string[],
  field: Field,
  values: readonly (number | string)[],
): Space {
  const next = copy(space);
  for (const layer of layers) if (isFree(net, layer, field)) write(next, net, layer, field, values);
  return tidy(next, net);
}

/** Changes a set of the network; layers with sets of their own keep them. */
export function setNetwork(space: Space, field: Field, values: readonly (number | string)[]): Space {
  return { ...copy(space), [field]: inOrder(field, values) } as Space;
}

/** `network`: the row "Every free layer"; `all`: that and every layer with a set of its own; else the named layers. */
export type Target = 'network' | 'all' | readonly string[];
export interface Paint {
  target: Target;
  axis: Axis;
  bits: readonly number[];
  on: boolean;
}
export interface Painted {
  space: Space;
  /** what would have been left without a bit-width and so stays as it was: layers, and `''` for the network */
  kept: string[];
}

/** Allows bit-widths, or takes them out. */
export function paint(space: Space, net: SpaceNet, { target, axis, bits, on }: Paint): Painted {
  const next = copy(space);
  const kept: string[] = [];
  const changed = (set: readonly (number | string)[], name: string): readonly (number | string)[] | null => {
    const values = on ? [...set, ...bits] : set.filter((value) => !bits.includes(Number(value)));
    if (values.length === 0) kept.push(name);
    return values.length ? inOrder(axis, values) : null;
  };
  if (typeof target === 'string') {
    const values = changed(space[axis], '');
    if (values) next[axis] = values as number[];
  }
  const names =
    target === 'network' ? [] : target === 'all' ? Object.keys(space.layers).filter((name) => space.layers[name][axis]) : target;
  const done = new Set<string>();
  for (const name of names) {
    if (!isFree(net, name, axis) || done.has(name)) continue;
    for (const reader of axis === 'activationBits' ? readersWith(net, name) : [name]) done.add(reader);
    const values = changed(setOf(space, net, name, axis), name);
    if (values) write(next, net, name, axis, values);
  }
  return { space: tidy(next, net), kept };
}

/** The space with these layers kept at 8 bits, in network order. */
function withPinned({ pinned: _before, ...space }: Space, net: SpaceNet, names: readonly string[]): Space {
  const rank = net.facts.map(({ name }) => name);
  const pinned = [...new Set(names)].sort((a, b) => rank.indexOf(a) - rank.indexOf(b));
  return pinned.length ? { ...space, pinned } : space;
}

export const isPinned = (space: Space, layer: string): boolean => space.pinned?.includes(layer) ?? false;

/**
 * Keeps layers at 8 bits, out of training's choices, the search and the averages, or frees them again. The first and the last
 * one stay as they are. Bit-widths of its own leave a layer that is kept, and those of its input whoever else reads that.
 */
export function pinLayers(space: Space, net: SpaceNet, layers: readonly string[], on: boolean): Space {
  const names = layers.filter((layer) => canPin(net, layer));
  const others = (space.pinned ?? []).filter((name) => !names.includes(name));
  const next = withPinned(copy(space), net, on ? [...others, ...names] : others);
  if (!on) return next;
  const drop = (name: string, axis: Axis) => {
    const { [axis]: _own, ...rest } = next.layers[name] ?? {};
    next.layers[name] = rest;
  };
  for (const name of names) {
    drop(name, 'weightBits');
    for (const reader of readersWith(net, name)) drop(reader, 'activationBits');
  }
  return tidy(next, net);
}

/** Takes the sets of layers away, so that they follow the network; those of a shared tensor in all layers that read it. */
export function resetLayers(space: Space, net: SpaceNet, layers: readonly string[]): Space {
  const next = pinLayers(space, net, layers, false);
  for (const layer of layers) {
    for (const name of readersWith(net, layer)) {
      const own: Record<string, unknown> = { ...next.layers[name] };
      for (const field of Object.keys(own)) if (name === layer || OF_TENSOR.has(field as Field)) delete own[field];
      next.layers[name] = own as LayerOverride;
    }
  }
  return tidy(next, net);
}

export function resetAll(space: Space): Space {
  const { pinned: _pinned, ...rest } = copy(space);
  return { ...rest, layers: {} };
}

/** Layers that do not follow the network. */
export const overriddenLayers = (space: Space): string[] => [...new Set([...Object.keys(space.layers), ...(space.pinned ?? [])])];

/** What a layer has of its own. */
export const ownFields = (space: Space, layer: string): Field[] =>
  (Object.hasOwn(space.layers, layer) ? Object.keys(space.layers[layer]) : []).filter((key): key is Field => key in VALUES);

/** Ticks or unticks one of two; the last one that is ticked gives way to the other. */
export function toggled(field: FormField, set: readonly (number | string)[], value: string, on: boolean): (number | string)[] {
  const rest = on ? [...set, value] : set.filter((each) => each !== value);
  return inOrder(field, rest.length ? rest : VALUES[field].filter((each) => each !== value));
}

/** The sets that a layer works with, in network order. */
export const effectiveSets = (space: Space, net: SpaceNet): LayerSpace[] => layerSpaces(space, net.facts, net.points);
