import { describe, expect, it } from 'vitest';
import { averageBits, configurationKey, uniformConfiguration } from './configuration.ts';
import { FORMS, parseForm } from './form.ts';
import { RandomStream } from './random.ts';
import { buildSearchSpace, decodeGenome, encodeGenome, genomeNamer, layerGenes, searchSpaceOf, spaceSize } from './space.ts';
import { axisAverage, chainFacts, FULL_SPACE, RESNET18, RESNET18_FACTS, RESNET18_POINTS } from './test-networks.ts';
import { validateConfiguration } from './validate-configuration.ts';

const SPACE = searchSpaceOf(RESNET18, FULL_SPACE);

describe('search space of ResNet18', () => {
  it('has 19 weight genes and 16 activation genes: three downsamples share their input', () => {
    expect(SPACE.weights.layers).toHaveLength(19);
    expect(SPACE.activations.layers).toHaveLength(16);
    expect(SPACE.activations.layers.filter((group) => group.length === 2)).toHaveLength(3);
    expect(SPACE.length).toBe(35);
    expect(SPACE.forms).toHaveLength(8);
  });
  it('decodes to valid configurations whose averages it knows, and back', () => {
    const stream = new RandomStream(1, 'test/space');
    for (const form of FORMS) {
      const genes = Uint8Array.from({ length: SPACE.length }, () => 2 + stream.integer(7));
      const configuration = decodeGenome(SPACE, genes, form);
      validateConfiguration(configuration, RESNET18_FACTS, FULL_SPACE, RESNET18_POINTS);
      expect(encodeGenome(SPACE, configuration)).toEqual(genes);
      const average = averageBits(configuration, RESNET18_FACTS);
      expect(axisAverage(SPACE.weights, genes)).toBeCloseTo(average.weights, 12);
      expect(axisAverage(SPACE.activations, genes)).toBeCloseTo(average.activations, 12);
    }
  });
  it('says which gene holds the bits of a layer', () => {
    const genes = Uint8Array.from({ length: SPACE.length }, (_, gene) => 2 + (gene % 7));
    const { weight, activation } = layerGenes(SPACE);
    decodeGenome(SPACE, genes, FORMS[0]).layers.forEach(({ weightBits, activationBits }, layer) => {
      expect(weight[layer] < 0 ? 8 : genes[weight[layer]]).toBe(weightBits);
      expect(activation[layer] < 0 ? 8 : genes[activation[layer]]).toBe(activationBits);
    });
    expect([weight[0], activation[0], weight[20], activation[20]]).toEqual([-1, -1, -1, -1]);
  });
  it.each([
    ['one form', FULL_SPACE],
    ['layers with a form of their own', { ...FULL_SPACE, layers: { conv1: { granularities: ['channel' as const] } } }],
  ])('names genomes as their configurations are named: %s', (_, elastic) => {
    const space = searchSpaceOf(RESNET18, elastic);
    const stream = new RandomStream(2, 'test/names');
    for (const form of FORMS) {
      const genes = Uint8Array.from({ length: space.length }, () => 2 + stream.integer(7));
      expect(genomeNamer(space, form)(genes)).toBe(configurationKey(decodeGenome(space, genes, form)));
    }
  });
  it('refuses to encode layers that share a gene but not its bits', () => {
    const configuration = uniformConfiguration(RESNET18_FACTS, 4, parseForm('tss'));
    configuration.layers.find(({ name }) => name === 'layer3.0.downsample')!.activationBits = 5;
    expect(() => encodeGenome(SPACE, configuration)).toThrow("'layer3.0.conv1', 'layer3.0.downsample'");
  });
});

describe('spaceSize', () => {
  it('is 7^38 for ResNet18 when no tensor is shared (eqnet-spec section 1: about 10^32)', () => {
    const size = spaceSize(buildSearchSpace(RESNET18_FACTS, [], FULL_SPACE), FULL_SPACE);
    expect(size.perForm).toBeCloseTo(38 * Math.log10(7), 9);
    expect(size.globalForm).toBeCloseTo(size.perForm + Math.log10(8), 9);
    expect(size.layerForms).toBeCloseTo(size.perForm + 21 * Math.log10(8), 9);
  });
  it('counts shared tensors once', () => {
    const size = spaceSize(SPACE, FULL_SPACE);
    expect(size.perForm).toBeCloseTo(35 * Math.log10(7), 9);
    expect(size.layerForms).toBeCloseTo(size.perForm + 21 * Math.log10(4) + 18 * Math.log10(2), 9);
  });
});

describe('layers that share the input of a pinned layer', () => {
  it('have no activation gene and count at 8 bits', () => {
    const facts = chainFacts([10, 20, 30, 40, 10]);
    const points = [[0], [1], [2], [3, 4]].map((readers, index) => ({ tensor: `t${index}`, readers }));
    const space = buildSearchSpace(facts, points, { ...FULL_SPACE, weightBits: [8, 2], granularities: ['tensor'] });
    expect(space.activations.layers).toEqual([[1], [2]]);
    expect(space.weights.choices).toEqual([
      [2, 8],
      [2, 8],
      [2, 8],
    ]);
    expect(space.forms).toHaveLength(4);
    const genes = Uint8Array.of(2, 8, 2, 3, 4);
    const configuration = decodeGenome(space, genes, FORMS[0]);
    expect(configuration.layers.map((layer) => layer.activationBits)).toEqual([8, 3, 4, 8, 8]);
    expect(axisAverage(space.activations, genes)).toBe(5);
    expect(averageBits(configuration, facts).activations).toBe(5);
  });
});
