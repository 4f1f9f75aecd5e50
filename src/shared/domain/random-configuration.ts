import type { Configuration } from '../schema/configuration.ts';
import type { Form } from './form.ts';
import type { LayerFacts, QuantizationPoint } from './layer-graph.ts';
import type { ElasticSpace } from './layer-space.ts';
import { RandomStream } from './random.ts';
import { buildSearchSpace, decodeGenome, type GeneAxis } from './space.ts';

export interface RandomConfigurationOptions {
  /** any whole number; the same seed gives the same configuration */
  seed: number;
  /** one form for the whole network, or one for each layer */
  forms: 'network' | 'layer';
  /** parts of the form that are not drawn */
  fixed?: Partial<Form>;
}

/** The space with some parts of the form taken as given. */
function narrowed(space: ElasticSpace, { granularity, weightSymmetry, activationSymmetry }: Partial<Form>): ElasticSpace {
  return {
    ...space,
    ...(granularity && { granularities: [granularity] }),
    ...(weightSymmetry && { weightSymmetries: [weightSymmetry] }),
    ...(activationSymmetry && { activationSymmetries: [activationSymmetry] }),
  };
}

/**
 * A configuration drawn uniformly from a space: every bit-width of a layer with the same probability, layers that read one
 * tensor with the same activation bits and symmetry, the first and last layer at 8 bits. Bits and forms have streams of
 * their own, so the bits do not depend on how forms are drawn.
 * @param points from `quantizationPoints`
 * @throws WorkbenchError `recipe-invalid` when layers that share a tensor have nothing in common to choose from
 */
export function randomConfiguration(
  facts: readonly LayerFacts[],
  points: readonly QuantizationPoint[],
  elastic: ElasticSpace,
  { seed, forms, fixed = {} }: RandomConfigurationOptions,
): Configuration {
  const space = buildSearchSpace(facts, points, narrowed(elastic, fixed));
  const [bits, kinds] = ['bits', 'forms'].map((name) => new RandomStream(seed, `configuration/${name}`));
  const genes = new Uint8Array(space.length);
  const draw = ({ choices, offset }: GeneAxis) => choices.forEach((allowed, gene) => (genes[offset + gene] = bits.pick(allowed)));
  draw(space.weights);
  draw(space.activations);
  if (forms === 'network') return decodeGenome(space, genes, kinds.pick(space.forms));
  const { layers } = decodeGenome(space, genes, space.forms[0]);
  layers.forEach((layer, index) => {
    layer.granularity = kinds.pick(space.sets[index].granularities);
    layer.weightSymmetry = kinds.pick(space.sets[index].weightSymmetries);
    layer.activationSymmetry = kinds.pick(space.sets[index].activationSymmetries);
  });
  for (const { readers } of points) for (const index of readers) layers[index].activationSymmetry = layers[readers[0]].activationSymmetry;
  return { layers };
}
