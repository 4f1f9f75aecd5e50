import { WorkbenchError } from '../contract/errors.ts';
import type { Configuration } from '../schema/configuration.ts';
import type { Recipe } from '../schema/recipe.ts';
import { heldActivations, PINNED_BITS, uniformConfiguration, type UniformBits } from './configuration.ts';
import type { Form, Granularity, Symmetry } from './form.ts';
import type { LayerFacts, QuantizationPoint } from './layer-graph.ts';

/** The sets of one layer that replace those of the network. */
export type LayerOverride = Recipe['space']['layers'][string];

/** The `space` section of a recipe. Recipes stored before layers could have sets of their own lack `layers`. */
export type ElasticSpace = Omit<Recipe['space'], 'layers'> & { layers?: Readonly<Record<string, LayerOverride>> };

/** What one layer may choose from. */
export interface LayerSpace {
  weightBits: readonly number[];
  activationBits: readonly number[];
  granularities: readonly Granularity[];
  weightSymmetries: readonly Symmetry[];
  activationSymmetries: readonly Symmetry[];
}

/** The sets of a layer: its own where `space.layers` has them, else those of the network, each in the order of the recipe. */
export function layerSpace(space: ElasticSpace, layerName: string): LayerSpace {
  const { layers = {}, ...network } = space;
  const own = Object.hasOwn(layers, layerName) ? layers[layerName] : {};
  return {
    weightBits: own.weightBits ?? network.weightBits,
    activationBits: own.activationBits ?? network.activationBits,
    granularities: own.granularities ?? network.granularities,
    weightSymmetries: own.weightSymmetries ?? network.weightSymmetries,
    activationSymmetries: own.activationSymmetries ?? network.activationSymmetries,
  };
}

const common = <T>(sets: readonly (readonly T[])[]): readonly T[] => sets[0].filter((value) => sets.every((set) => set.includes(value)));

/**
 * The sets of every layer in network order, with what layers that read one tensor can agree on: its activations have one
 * quantizer, so all readers take the intersection of their sets (empty where they have nothing in common, see
 * `spaceProblems`). That the first and last layer, and what shares their input, keep 8 bits is not part of it.
 * @param points from `quantizationPoints`
 */
export function layerSpaces(space: ElasticSpace, facts: readonly LayerFacts[], points: readonly QuantizationPoint[]): LayerSpace[] {
  const sets = facts.map(({ name }) => layerSpace(space, name));
  for (const { readers } of points) {
    if (readers.length < 2) continue;
    const activationBits = common(readers.map((index) => sets[index].activationBits));
    const activationSymmetries = common(readers.map((index) => sets[index].activationSymmetries));
    for (const index of readers) sets[index] = { ...sets[index], activationBits, activationSymmetries };
  }
  return sets;
}

/** The allowed bit-width nearest to a wanted one, the lower of two that are equally near. */
export function nearestBits(allowed: readonly number[], wanted: number): number {
  return allowed.reduce((best, bits) => {
    const closer = Math.abs(bits - wanted) - Math.abs(best - wanted);
    return closer < 0 || (closer === 0 && bits < best) ? bits : best;
  });
}

/** A form of the network in one layer: where the layer does not allow a part of it, the other value of that part. */
export function layerForm(form: Form, sets: LayerSpace): Form {
  const allowed = <T>(value: T, values: readonly T[]): T => (values.includes(value) ? value : values[0]);
  return {
    granularity: allowed(form.granularity, sets.granularities),
    weightSymmetry: allowed(form.weightSymmetry, sets.weightSymmetries),
    activationSymmetry: allowed(form.activationSymmetry, sets.activationSymmetries),
  };
}

/**
 * The configuration of a space that is nearest to a uniform one: every layer has the wanted bits and form or, where it does
 * not allow them, its nearest allowed ones; the first and last layer (and what shares their input) have 8 bits.
 */
export function nearestUniform(
  space: ElasticSpace,
  facts: readonly LayerFacts[],
  points: readonly QuantizationPoint[],
  bits: UniformBits,
  form: Form,
): Configuration {
  const sets = layerSpaces(space, facts, points);
  const held = heldActivations(facts, points);
  const { layers } = uniformConfiguration(facts, bits, form, points);
  return {
    layers: layers.map((layer, index) => ({
      name: layer.name,
      weightBits: facts[index].pinned ? PINNED_BITS : nearestBits(sets[index].weightBits, layer.weightBits),
      activationBits: held[index] ? PINNED_BITS : nearestBits(sets[index].activationBits, layer.activationBits),
      ...layerForm(layer, sets[index]),
    })),
  };
}

/** Whether every layer that is free to choose allows these weight and activation bits. */
export function allowsUniform(
  space: ElasticSpace,
  facts: readonly LayerFacts[],
  points: readonly QuantizationPoint[],
  bits: number,
): boolean {
  const held = heldActivations(facts, points);
  return layerSpaces(space, facts, points).every(
    ({ weightBits, activationBits }, index) =>
      (facts[index].pinned || weightBits.includes(bits)) && (held[index] || activationBits.includes(bits)),
  );
}

const quoted = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ');

/** Layers that read one tensor and have nothing in common to choose from. */
export function sharingConflicts(space: ElasticSpace, facts: readonly LayerFacts[], points: readonly QuantizationPoint[]): string[] {
  const held = heldActivations(facts, points);
  return points.flatMap(({ tensor, readers }) => {
    if (readers.length < 2) return [];
    const names = readers.map((index) => facts[index].name);
    const conflict = (what: string, field: 'activationBits' | 'activationSymmetries') => {
      const sets = names.map((name) => layerSpace(space, name)[field]);
      if (common<number | string>(sets).length) return [];
      const shown = sets.map((set) => `[${set.join(', ')}]`).join(' and ');
      return [
        `Layers ${quoted(names)} all read '${tensor}' and share its quantizer, but ${shown} have no ${what} in common: allow one in all of them, or take '${field}' out of their 'space.layers'.`,
      ];
    };
    return [
      ...(held[readers[0]] ? [] : conflict('activation bits', 'activationBits')),
      ...conflict('activation symmetry', 'activationSymmetries'),
    ];
  });
}

/** Pinned layers that do not exist, or that have bit-widths of their own. */
function pinProblems(space: ElasticSpace, facts: readonly LayerFacts[]): string[] {
  return (space.pinned ?? []).flatMap((name) => {
    if (!facts.some((fact) => fact.name === name)) return [unknownLayer('space.pinned', name, facts)];
    const { weightBits, activationBits } = space.layers?.[name] ?? {};
    return weightBits || activationBits
      ? [
          `'space.pinned' keeps '${name}' at ${PINNED_BITS} bits, but 'space.layers' gives it bit-widths of its own: take it out of one of them.`,
        ]
      : [];
  });
}

function unknownLayer(field: string, name: string, facts: readonly LayerFacts[]): string {
  const known = facts.map((fact) => fact.name).join(', ');
  return `'${field}' names '${name}', which is no quantized layer of this network: remove it or use one of ${known}.`;
}

/** Overrides of layers that do not exist, or of bits that are not free. */
function overrideProblems(space: ElasticSpace, facts: readonly LayerFacts[], held: readonly boolean[]): string[] {
  return Object.entries(space.layers ?? {}).flatMap(([name, { weightBits, activationBits }]) => {
    const index = facts.findIndex((fact) => fact.name === name);
    if (index < 0) return [unknownLayer('space.layers', name, facts)];
    if (space.pinned?.includes(name)) return [];
    const { pinned } = facts[index];
    if (pinned && (weightBits || activationBits)) {
      return [
        `'space.layers' gives '${name}' bit-widths of its own, but the first and last layer keep ${PINNED_BITS} bits: take its weightBits and activationBits out.`,
      ];
    }
    if (!held[index] || !activationBits) return [];
    return [
      `'space.layers' gives '${name}' activation bits of its own, but it reads the same tensor as a layer that is kept at 8 bits and keeps ${PINNED_BITS} bits: take its activationBits out.`,
    ];
  });
}

/**
 * What is wrong with a space on a network, a sentence each; empty = nothing.
 * @param points from `quantizationPoints`
 */
export function spaceProblems(space: ElasticSpace, facts: readonly LayerFacts[], points: readonly QuantizationPoint[]): string[] {
  const held = heldActivations(facts, points);
  const problems = [...pinProblems(space, facts), ...overrideProblems(space, facts, held), ...sharingConflicts(space, facts, points)];
  if (problems.length) return problems;
  const sets = layerSpaces(space, facts, points);
  const free = facts.some(({ pinned }) => !pinned);
  if (!free && space.pinned?.length)
    return [`'space.pinned' keeps every layer at ${PINNED_BITS} bits, which leaves nothing to choose: take a layer out of it.`];
  const choice = facts.some(
    ({ pinned }, index) => (!pinned && sets[index].weightBits.length > 1) || (!held[index] && sets[index].activationBits.length > 1),
  );
  return free && !choice ? ['The space leaves nothing to choose: allow some layer a second weight or activation bit-width.'] : [];
}

/**
 * Refuses a space that does not fit the network, before anything is computed.
 * @throws WorkbenchError `recipe-invalid`; the message and `details.problems` hold one sentence for each problem
 */
export function requireSpace(space: ElasticSpace, facts: readonly LayerFacts[], points: readonly QuantizationPoint[]): void {
  const problems = spaceProblems(space, facts, points);
  if (problems.length) throw new WorkbenchError('recipe-invalid', problems.join(' '), { problems });
}
