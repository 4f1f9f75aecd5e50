import { WorkbenchError } from '../contract/errors.ts';
import type { Configuration, LayerConfiguration } from '../schema/configuration.ts';
import { heldActivations, PINNED_BITS } from './configuration.ts';
import { ALL_BITS } from './form.ts';
import type { LayerFacts, QuantizationPoint } from './layer-graph.ts';
import { layerSpaces, type ElasticSpace, type LayerSpace } from './layer-space.ts';

export type { ElasticSpace } from './layer-space.ts';

const list = (items: readonly (string | number)[]) =>
  items.length < 2 ? items.join() : `${items.slice(0, -1).join(', ')} or ${items[items.length - 1]}`;

/** Unknown, repeated and missing layers. */
function nameProblems(configuration: Configuration, facts: readonly LayerFacts[]): string[] {
  const known = facts.map(({ name }) => name);
  const names = configuration.layers.map(({ name }) => name);
  const unknown = [...new Set(names)].filter((name) => !known.includes(name));
  const repeated = known.filter((name) => names.filter((other) => other === name).length > 1);
  const missing = known.filter((name) => !names.includes(name));
  return [
    ...unknown.map((name) => `Layer '${name}' is not in this network: remove it or use one of ${known.join(', ')}.`),
    ...repeated.map((name) => `Layer '${name}' is listed more than once: keep one entry.`),
    ...missing.map((name) => `Layer '${name}' is missing: add an entry for it.`),
  ];
}

/** Bits and form of one layer against what it may choose from. */
function layerProblems(layer: LayerConfiguration, fact: LayerFacts, held: boolean, space: LayerSpace | undefined): string[] {
  const problems: string[] = [];
  const name = `Layer '${layer.name}'`;
  const outside = (what: string, value: string | number, allowed: readonly (string | number)[]) => {
    if (!allowed.includes(value)) problems.push(`${name} has ${what} ${value}, which the space does not hold: choose ${list(allowed)}.`);
  };
  if (fact.pinned) {
    if (layer.weightBits !== PINNED_BITS || layer.activationBits !== PINNED_BITS) {
      problems.push(
        `${name} is kept at 8 bits, as the first and the last one are, and asks for ${layer.weightBits} weight and ${layer.activationBits} activation bits: set both to ${PINNED_BITS}.`,
      );
    }
  } else {
    outside('weight bits', layer.weightBits, space?.weightBits ?? ALL_BITS);
    if (!held) outside('activation bits', layer.activationBits, space?.activationBits ?? ALL_BITS);
    else if (layer.activationBits !== PINNED_BITS) {
      problems.push(
        `${name} reads the input of a layer that is kept at 8 bits and asks for ${layer.activationBits} activation bits: set them to ${PINNED_BITS}.`,
      );
    }
  }
  if (space) {
    outside('granularity', layer.granularity, space.granularities);
    outside('weight symmetry', layer.weightSymmetry, space.weightSymmetries);
    outside('activation symmetry', layer.activationSymmetry, space.activationSymmetries);
  }
  return problems;
}

/** Layers that read one tensor share its quantizer, so they cannot ask for different ones. */
function sharingProblems(
  byName: ReadonlyMap<string, LayerConfiguration>,
  facts: readonly LayerFacts[],
  points: readonly QuantizationPoint[],
): string[] {
  return points.flatMap(({ tensor, readers }) => {
    const layers = readers.flatMap((index) => byName.get(facts[index].name) ?? []);
    const wanted = layers.map((layer) => `${layer.activationBits} bits ${layer.activationSymmetry}`);
    if (new Set(wanted).size < 2) return [];
    const names = layers.map(({ name }) => `'${name}'`).join(', ');
    return [`Layers ${names} all read '${tensor}' but ask for ${wanted.join(', ')}: give them the same activation bits and symmetry.`];
  });
}

/**
 * Checks a configuration against a network and, when given, a recipe's space and the network's quantization points.
 * @returns the configuration with its layers in network order
 * @throws WorkbenchError `config-invalid`; the message and `details.problems` hold one sentence for each problem
 */
export function validateConfiguration(
  configuration: Configuration,
  facts: readonly LayerFacts[],
  space?: ElasticSpace,
  points: readonly QuantizationPoint[] = [],
): Configuration {
  const byName = new Map(configuration.layers.map((layer) => [layer.name, layer]));
  const held = heldActivations(facts, points);
  const sets = space && layerSpaces(space, facts, points);
  const problems = [
    ...nameProblems(configuration, facts),
    ...facts.flatMap((fact, index) => {
      const layer = byName.get(fact.name);
      return layer ? layerProblems(layer, fact, held[index], sets?.[index]) : [];
    }),
    ...sharingProblems(byName, facts, points),
  ];
  if (problems.length) throw new WorkbenchError('config-invalid', problems.join(' '), { problems });
  return { layers: facts.map(({ name }) => byName.get(name)!) };
}
