/** Changes of a configuration by hand, within the space of its run: what shares a tensor changes together. */
import { heldActivations, PINNED_BITS } from '../../../shared/domain/configuration.ts';
import { formKey, GRANULARITIES, parseForm, SYMMETRIES, type Form, type FormKey } from '../../../shared/domain/form.ts';
import type { LayerFacts, QuantizationPoint } from '../../../shared/domain/layer-graph.ts';
import { layerForm, layerSpaces, type ElasticSpace, type LayerSpace } from '../../../shared/domain/layer-space.ts';
import type { Configuration, LayerConfiguration } from '../../../shared/schema/configuration.ts';

/** What a person may choose for one layer. */
export interface LayerChoices {
  weightBits: readonly number[];
  activationBits: readonly number[];
  /** forms of this layer alone */
  forms: readonly FormKey[];
  /** the first or last layer: both bit-widths stay at 8 */
  pinned: boolean;
  /** its activations stay at 8 bits, because it reads what the first or last layer reads */
  held: boolean;
  /** names of the other layers that read the same tensor */
  shares: readonly string[];
}

/** Indices of the layers that read the same tensor as one layer, that layer included. */
export function sharersOf(points: readonly QuantizationPoint[], index: number): readonly number[] {
  return points.find(({ readers }) => readers.includes(index))?.readers ?? [index];
}

const formsOfLayer = (sets: LayerSpace): FormKey[] =>
  GRANULARITIES.filter((each) => sets.granularities.includes(each)).flatMap((granularity) =>
    SYMMETRIES.filter((each) => sets.weightSymmetries.includes(each)).flatMap((weightSymmetry) =>
      SYMMETRIES.filter((each) => sets.activationSymmetries.includes(each)).map((activationSymmetry) =>
        formKey({ granularity, weightSymmetry, activationSymmetry }),
      ),
    ),
  );

/** The choices of every layer, in network order. */
export function choicesOf(space: ElasticSpace, facts: readonly LayerFacts[], points: readonly QuantizationPoint[]): LayerChoices[] {
  const held = heldActivations(facts, points);
  return layerSpaces(space, facts, points).map((sets, index) => ({
    weightBits: facts[index].pinned ? [PINNED_BITS] : sets.weightBits,
    activationBits: held[index] ? [PINNED_BITS] : sets.activationBits,
    forms: formsOfLayer(sets),
    pinned: facts[index].pinned,
    held: held[index],
    shares: sharersOf(points, index)
      .filter((other) => other !== index)
      .map((other) => facts[other].name),
  }));
}

function changed(
  configuration: Configuration,
  change: (layer: LayerConfiguration, index: number) => Partial<LayerConfiguration>,
): Configuration {
  return { layers: configuration.layers.map((layer, index) => ({ ...layer, ...change(layer, index) })) };
}

/** @param configuration layers in network order, as in all functions here */
export function setWeightBits(configuration: Configuration, index: number, bits: number): Configuration {
  return changed(configuration, (_, at) => (at === index ? { weightBits: bits } : {}));
}

/** Sets the activation bits of a layer and of all that read the same tensor. */
export function setActivationBits(
  configuration: Configuration,
  points: readonly QuantizationPoint[],
  index: number,
  bits: number,
): Configuration {
  const readers = sharersOf(points, index);
  return changed(configuration, (_, at) => (readers.includes(at) ? { activationBits: bits } : {}));
}

/** Sets the form of one layer; the symmetry of its activations goes to all that read the same tensor. */
export function setLayerForm(configuration: Configuration, points: readonly QuantizationPoint[], index: number, form: Form): Configuration {
  const readers = sharersOf(points, index);
  const { granularity, weightSymmetry, activationSymmetry } = form;
  return changed(configuration, (_, at) => ({
    ...(readers.includes(at) && { activationSymmetry }),
    ...(at === index && { granularity, weightSymmetry }),
  }));
}

/** Sets the form of the whole network; a layer that does not allow a part of it keeps to its own other value. */
export function setNetworkForm(
  configuration: Configuration,
  space: ElasticSpace,
  facts: readonly LayerFacts[],
  points: readonly QuantizationPoint[],
  key: FormKey,
): Configuration {
  const sets = layerSpaces(space, facts, points);
  return changed(configuration, (_, at) => layerForm(parseForm(key), sets[at]));
}

/** Names of the layers in which two configurations of one network differ. */
export function changedLayers(from: Configuration, to: Configuration): string[] {
  return to.layers.flatMap((layer, index) => {
    const other = from.layers[index];
    const same =
      other.weightBits === layer.weightBits && other.activationBits === layer.activationBits && formKey(other) === formKey(layer);
    return same ? [] : [layer.name];
  });
}
