import { WorkbenchError } from '../contract/errors.ts';
import type { Configuration } from '../schema/configuration.ts';
import { commonForm, heldActivations, layersInOrder, PINNED_BITS } from './configuration.ts';
import { formKey, formsOf, type Form } from './form.ts';
import { layerFacts, quantizationPoints, type LayerFacts, type LayerGraph, type QuantizationPoint } from './layer-graph.ts';
import { layerForm, layerSpaces, sharingConflicts, type ElasticSpace, type LayerSpace } from './layer-space.ts';

/**
 * The genes of one axis (weights or activations). A gene holds a bit-width; its average over the axis is
 * `(heldSum + sum(mass_g * bits_g)) / total`. Masses are whole numbers, so these sums are exact.
 */
export interface GeneAxis {
  what: 'weight' | 'activation';
  /** Place of the axis' first gene in a genome. */
  offset: number;
  /** For each gene, its candidate bit-widths, ascending. */
  choices: readonly (readonly number[])[];
  /** For each gene, the quantized layers that take its bit-width. */
  layers: readonly (readonly number[])[];
  /** For each gene, its parameters (weights) or input elements of one image (activations). */
  masses: Float64Array;
  /** Mass of all free layers, those without a gene included. */
  total: number;
  /** Mass x 8 bits of the free layers that read a pinned layer's input and so have no gene. */
  heldSum: number;
  /** Average bits of the layers with a gene when every gene is at its lowest, and at its highest. */
  ends: { low: number; high: number };
}

/** What a search walks through: one gene for each free layer's weights and one for each free quantization point. */
export interface SearchSpace {
  facts: readonly LayerFacts[];
  points: readonly QuantizationPoint[];
  /** For each quantized layer, what it may choose from. */
  sets: readonly LayerSpace[];
  /** Forms of the whole network that differ in some layer. */
  forms: readonly Form[];
  weights: GeneAxis;
  activations: GeneAxis;
  /** Genes in a genome: weight genes first, then activation genes. */
  length: number;
}

function axis(
  what: GeneAxis['what'],
  offset: number,
  sets: readonly (readonly number[])[],
  layers: readonly (readonly number[])[],
  mass: (index: number) => number,
  held: readonly number[],
  network: readonly number[],
): GeneAxis {
  const masses = Float64Array.from(layers, (group) => group.reduce((sum, index) => sum + mass(index), 0));
  const heldMass = held.reduce((sum, index) => sum + mass(index), 0);
  const free = masses.reduce((sum, value) => sum + value, 0);
  const choices = sets.map((bits) => [...bits].sort((a, b) => a - b));
  const average = (end: (bits: readonly number[]) => number) =>
    free > 0 ? masses.reduce((sum, value, gene) => sum + value * end(choices[gene]), 0) / free : end(network);
  return {
    what,
    offset,
    choices,
    layers,
    masses,
    total: masses.reduce((sum, value) => sum + value, heldMass),
    heldSum: heldMass * PINNED_BITS,
    ends: { low: average((bits) => Math.min(...bits)), high: average((bits) => Math.max(...bits)) },
  };
}

/** Forms of the network without those that come to the same in every layer as an earlier one. */
function distinctForms(elastic: ElasticSpace, sets: readonly LayerSpace[]): Form[] {
  const seen = new Set<string>();
  return formsOf(elastic).filter((form) => {
    const key = sets.map((layer) => formKey(layerForm(form, layer))).join();
    return !seen.has(key) && seen.add(key);
  });
}

/**
 * Lays out the genes of a network.
 * @param points from `quantizationPoints`; layers that read one tensor share a gene, whose choices are those that all of
 * them allow; a layer that is in none has its own
 * @throws WorkbenchError `recipe-invalid` when such layers have no choice in common
 */
export function buildSearchSpace(facts: readonly LayerFacts[], points: readonly QuantizationPoint[], elastic: ElasticSpace): SearchSpace {
  const conflicts = sharingConflicts(elastic, facts, points);
  if (conflicts.length) throw new WorkbenchError('recipe-invalid', conflicts.join(' '), { problems: conflicts });
  const sets = layerSpaces(elastic, facts, points);
  const indices = facts.map((_, index) => index);
  const free = indices.filter((index) => !facts[index].pinned);
  const held = heldActivations(facts, points);
  const shared = points.map(({ readers }) => readers.filter((index) => !held[index]));
  const alone = free.filter((index) => !held[index] && !points.some(({ readers }) => readers.includes(index))).map((index) => [index]);
  const groups = [...shared, ...alone].filter((group) => group.length > 0);
  const weights = axis(
    'weight',
    0,
    free.map((index) => sets[index].weightBits),
    free.map((index) => [index]),
    (index) => facts[index].parameters,
    [],
    elastic.weightBits,
  );
  const activations = axis(
    'activation',
    weights.layers.length,
    groups.map(([index]) => sets[index].activationBits),
    groups,
    (index) => facts[index].inputElements,
    free.filter((index) => held[index]),
    elastic.activationBits,
  );
  return { facts, points, sets, forms: distinctForms(elastic, sets), weights, activations, length: free.length + groups.length };
}

/** The search space of a network under a recipe's space. */
export function searchSpaceOf(graph: LayerGraph, elastic: ElasticSpace): SearchSpace {
  return buildSearchSpace(layerFacts(graph), quantizationPoints(graph), elastic);
}

/** Number of configurations as powers of ten. */
export interface SpaceSize {
  /** Bit assignments under one form of the whole network, as in evaluation and search. */
  perForm: number;
  /** All bit assignments under all forms of the whole network. */
  globalForm: number;
  /**
   * Every layer with its own form, as in training. The first and last layer are counted: their form varies too. (The
   * 10^49 often quoted for ResNet18 leaves them out and lets layers that read one tensor differ.)
   */
  layerForms: number;
}

export function spaceSize(space: SearchSpace, elastic: ElasticSpace): SpaceSize {
  const { facts, points } = space;
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + Math.log10(count), 0);
  const perForm = sum([...space.weights.choices, ...space.activations.choices].map((choices) => choices.length));
  const sets = layerSpaces(elastic, facts, points);
  // Each tensor once: a layer that is not the first reader of its tensor adds nothing.
  const later = new Set(points.flatMap(({ readers }) => readers.slice(1)));
  const weightForms = sum(sets.map(({ granularities, weightSymmetries }) => granularities.length * weightSymmetries.length));
  const activationForms = sum(sets.filter((_, index) => !later.has(index)).map(({ activationSymmetries }) => activationSymmetries.length));
  return { perForm, globalForm: perForm + Math.log10(space.forms.length), layerForms: perForm + weightForms + activationForms };
}

/** Lowest and highest average bits that an axis reaches, layers held at 8 bits included; NaN where no layer is free. */
export function averageRange(axis: GeneAxis): { low: number; high: number } {
  const average = (end: (choices: readonly number[]) => number) =>
    axis.choices.reduce((sum, choices, gene) => sum + axis.masses[gene] * end(choices), axis.heldSum) / axis.total;
  return { low: average((choices) => choices[0]), high: average((choices) => choices[choices.length - 1]) };
}

/** The candidate bit-width in the middle of every gene of an axis, written into a genome. */
export function fillMiddle({ choices, offset }: GeneAxis, genes: Uint8Array): Uint8Array {
  choices.forEach((bits, gene) => (genes[offset + gene] = bits[bits.length >> 1]));
  return genes;
}

/** Sum of mass x bits of one axis; divide by `axis.total` for the average bits. */
export function axisSum(axis: GeneAxis, genes: Uint8Array): number {
  let sum = axis.heldSum;
  for (let gene = 0; gene < axis.masses.length; gene++) sum += axis.masses[gene] * genes[axis.offset + gene];
  return sum;
}

/**
 * The configuration that a genome (bit-widths, `space.length` long) stands for under a form of the whole network; a layer
 * that does not allow a part of that form has the other value of that part.
 */
export function decodeGenome(space: SearchSpace, genes: Uint8Array, form: Form): Configuration {
  const layers = space.facts.map(({ name }, index) => ({
    name,
    weightBits: PINNED_BITS,
    activationBits: PINNED_BITS,
    ...layerForm(form, space.sets[index]),
  }));
  space.weights.layers.forEach((group, gene) => {
    for (const index of group) layers[index].weightBits = genes[gene];
  });
  space.activations.layers.forEach((group, gene) => {
    for (const index of group) layers[index].activationBits = genes[space.activations.offset + gene];
  });
  return { layers };
}

/** For each quantized layer the gene that holds its bits, or -1 where it is held at 8. */
export function layerGenes(space: SearchSpace): Record<GeneAxis['what'], Int32Array> {
  const of = ({ offset, layers }: GeneAxis) => {
    const genes = new Int32Array(space.facts.length).fill(-1);
    layers.forEach((group, gene) => group.forEach((layer) => (genes[layer] = offset + gene)));
    return genes;
  };
  return { weight: of(space.weights), activation: of(space.activations) };
}

const DIGIT_0 = 48;

/** A function that gives the `configurationKey` of genomes under one form without building the configurations. */
export function genomeNamer(space: SearchSpace, form: Form): (genes: Uint8Array) => string {
  const { weight, activation } = layerGenes(space);
  const example = decodeGenome(space, new Uint8Array(space.length), form);
  const common = commonForm(example);
  // Keys of one form differ in single digits: those of the weights and activations of each layer.
  let key = `${common ?? 'mixed'}:`;
  const genesAt: [place: number, gene: number][] = [];
  example.layers.forEach((layer, index) => {
    if (index) key += '-';
    for (const gene of [weight[index], activation[index]]) {
      if (gene >= 0) genesAt.push([key.length, gene]);
      key += PINNED_BITS;
    }
    if (!common) key += formKey(layer);
  });
  const codes = Uint8Array.from(key, (letter) => letter.charCodeAt(0));
  const places = Uint32Array.from(genesAt, ([place]) => place);
  const genesOf = Uint32Array.from(genesAt, ([, gene]) => gene);
  return (genes) => {
    for (let i = 0; i < places.length; i++) codes[places[i]] = DIGIT_0 + genes[genesOf[i]];
    return Reflect.apply(String.fromCharCode, null, codes);
  };
}

/**
 * The genome of a configuration; forms are not part of it.
 * @throws WorkbenchError `config-invalid` when layers that share a gene have different bits
 */
export function encodeGenome(space: SearchSpace, configuration: Configuration): Uint8Array {
  const layers = layersInOrder(configuration, space.facts);
  const genes = new Uint8Array(space.length);
  for (const { what, offset, layers: groups } of [space.weights, space.activations]) {
    groups.forEach((group, gene) => {
      const bits = group.map((index) => (what === 'weight' ? layers[index].weightBits : layers[index].activationBits));
      if (bits.some((value) => value !== bits[0])) {
        const names = group.map((index) => `'${layers[index].name}'`).join(', ');
        throw new WorkbenchError(
          'config-invalid',
          `Layers ${names} read one tensor but have ${bits.join(', ')} activation bits: give them the same.`,
        );
      }
      genes[offset + gene] = bits[0];
    });
  }
  return genes;
}

/** Width of the window below an average-bit target: target - 0.5 < average <= target (eqnet-spec section 6). */
export const WINDOW_BITS = 0.5;

let digits = new Uint8Array(0);

/** A string that identifies a genome, for sets and maps: its bit-widths, a digit each. */
export function genomeKey(genes: Uint8Array): string {
  if (digits.length !== genes.length) digits = new Uint8Array(genes.length);
  for (let gene = 0; gene < genes.length; gene++) digits[gene] = DIGIT_0 + genes[gene];
  return Reflect.apply(String.fromCharCode, null, digits);
}
