import { describe, expect, it } from 'vitest';
import { WorkbenchError } from '../contract/errors.ts';
import type { Configuration } from '../schema/configuration.ts';
import {
  averageBits,
  commonForm,
  configurationKey,
  diffConfigurations,
  parseConfigurationKey,
  uniformConfiguration,
} from './configuration.ts';
import { FORM_KEYS, parseForm } from './form.ts';
import { chainFacts, FULL_SPACE, RESNET18_FACTS, RESNET18_POINTS } from './test-networks.ts';
import { validateConfiguration, type ElasticSpace } from './validate-configuration.ts';

const FACTS = chainFacts([10, 100, 300, 20]);
const TSS = parseForm('tss');

function changed(
  index: number,
  change: Partial<Configuration['layers'][number]>,
  base = uniformConfiguration(FACTS, 4, TSS),
): Configuration {
  return { layers: base.layers.map((layer, place) => (place === index ? { ...layer, ...change } : layer)) };
}

function problemsOf(configuration: Configuration, facts = FACTS, space?: ElasticSpace, points?: typeof RESNET18_POINTS): string[] {
  try {
    validateConfiguration(configuration, facts, space, points);
  } catch (error) {
    expect(error).toBeInstanceOf(WorkbenchError);
    expect((error as WorkbenchError).code).toBe('config-invalid');
    return (error as WorkbenchError).details.problems as string[];
  }
  return [];
}

describe('uniformConfiguration', () => {
  it('pins the first and last layer to 8 bits', () => {
    const { layers } = uniformConfiguration(FACTS, { weightBits: 3, activationBits: 5 }, parseForm('cas'));
    expect(layers.map((layer) => [layer.weightBits, layer.activationBits])).toEqual([
      [8, 8],
      [3, 5],
      [3, 5],
      [8, 8],
    ]);
    expect(commonForm({ layers })).toBe('cas');
  });
  it('keeps 8 activation bits where a layer reads the input of the first or last', () => {
    const { layers } = uniformConfiguration(FACTS, 3, TSS, [{ tensor: 'x', readers: [2, 3] }]);
    expect(layers.map((layer) => layer.activationBits)).toEqual([8, 3, 8, 8]);
    expect(layers.map((layer) => layer.weightBits)).toEqual([8, 3, 3, 8]);
  });
});

describe('averageBits', () => {
  it('weighs free layers by parameters and by input elements', () => {
    // weights (2*100 + 6*300) / 400 = 5; activations (3*32 + 4*32) / 64 = 3.5
    const configuration = changed(1, { weightBits: 2, activationBits: 3 }, changed(2, { weightBits: 6 }));
    expect(averageBits(configuration, FACTS)).toEqual({ weights: 5, activations: 3.5 });
  });
  it('does not depend on the order of the entries', () => {
    const configuration = changed(1, { weightBits: 2 });
    expect(averageBits({ layers: [...configuration.layers].reverse() }, FACTS)).toEqual(averageBits(configuration, FACTS));
  });
  it('is 8 when no layer is free', () => {
    const facts = chainFacts([10, 20]);
    expect(averageBits(uniformConfiguration(facts, 2, TSS), facts)).toEqual({ weights: 8, activations: 8 });
  });
});

describe('validateConfiguration', () => {
  it.each(FORM_KEYS)('accepts a uniform configuration of form %s', (key) => {
    const configuration = uniformConfiguration(RESNET18_FACTS, 2, parseForm(key), RESNET18_POINTS);
    expect(validateConfiguration(configuration, RESNET18_FACTS, FULL_SPACE, RESNET18_POINTS)).toEqual(configuration);
  });
  it('returns the layers in network order', () => {
    const configuration = changed(1, { weightBits: 3 });
    expect(validateConfiguration({ layers: [...configuration.layers].reverse() }, FACTS)).toEqual(configuration);
  });
  const narrow: ElasticSpace = { ...FULL_SPACE, weightBits: [2, 4, 8], granularities: ['channel'], activationSymmetries: ['symmetric'] };
  const base = uniformConfiguration(FACTS, 4, TSS);
  it.each<[string, Configuration, string[], ElasticSpace | undefined]>([
    ['unknown', { layers: [...base.layers, { ...base.layers[1], name: 'conv9' }] }, ["'conv9' is not in this network"], undefined],
    ['missing', { layers: base.layers.slice(0, 3) }, ["'layer3' is missing"], undefined],
    ['repeated', { layers: [...base.layers, base.layers[1]] }, ["'layer1' is listed more than once"], undefined],
    [
      'pinned',
      changed(0, { weightBits: 4 }),
      ["'layer0' is kept at 8 bits, as the first and the last one are, and asks for 4 weight and 8 activation bits"],
      undefined,
    ],
    ['bits', changed(1, { weightBits: 9 }), ["'layer1' has weight bits 9"], undefined],
    [
      'space bits',
      changed(1, { weightBits: 3, granularity: 'channel' }, uniformConfiguration(FACTS, 4, parseForm('css'))),
      ['choose 2, 4 or 8'],
      narrow,
    ],
    [
      'space form',
      changed(1, { granularity: 'tensor', activationSymmetry: 'asymmetric' }, uniformConfiguration(FACTS, 4, parseForm('css'))),
      ['granularity tensor', 'activation symmetry asymmetric'],
      narrow,
    ],
    [
      'several',
      changed(0, { weightBits: 4 }, { layers: base.layers.slice(0, 3) }),
      ["'layer3' is missing", "'layer0' is kept at 8 bits"],
      undefined,
    ],
  ])('names the problem: %s', (_, configuration, expected, space) => {
    const problems = problemsOf(configuration, FACTS, space);
    expect(problems).toHaveLength(expected.length);
    expected.forEach((text, index) => expect(problems[index]).toContain(text));
  });
  it('refuses different activation bits or symmetry on one tensor', () => {
    const uniform = uniformConfiguration(RESNET18_FACTS, 4, TSS);
    const index = RESNET18_FACTS.findIndex(({ name }) => name === 'layer2.0.downsample');
    for (const change of [{ activationBits: 3 }, { activationSymmetry: 'asymmetric' as const }]) {
      const problems = problemsOf(changed(index, change, uniform), RESNET18_FACTS, FULL_SPACE, RESNET18_POINTS);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain("'layer2.0.conv1', 'layer2.0.downsample' all read 'layer1.1.add.relu'");
    }
    expect(
      problemsOf(changed(index, { weightBits: 3, granularity: 'channel' }, uniform), RESNET18_FACTS, FULL_SPACE, RESNET18_POINTS),
    ).toEqual([]);
  });
});

describe('configurationKey', () => {
  it('tells configurations apart and can be read back', () => {
    const mixed = changed(2, { granularity: 'channel', activationBits: 3 });
    for (const configuration of [changed(1, { weightBits: 2 }), changed(1, { activationBits: 2 }), mixed]) {
      expect(parseConfigurationKey(configurationKey(configuration), FACTS)).toEqual(configuration);
    }
    expect(configurationKey(changed(1, { weightBits: 2 }))).toBe('tss:88-24-44-88');
    expect(configurationKey(mixed)).toBe('mixed:88tss-44tss-43css-88tss');
  });
  it.each(['', 'tss', 'tss:88-24-44', 'xyz:88-24-44-88', 'tss:88-29-44-88', 'mixed:88-24-44-88', 'tss:88-24caa-44-88'])(
    'refuses %j',
    (key) => {
      expect(() => parseConfigurationKey(key, FACTS)).toThrow("expected a key such as 'tss:88-44-44-88'");
    },
  );
});

describe('diffConfigurations', () => {
  it('lists each field that differs', () => {
    const to = changed(1, { weightBits: 2, granularity: 'channel' });
    expect(diffConfigurations(uniformConfiguration(FACTS, 4, TSS), to)).toEqual([
      { name: 'layer1', field: 'weightBits', from: 4, to: 2 },
      { name: 'layer1', field: 'granularity', from: 'tensor', to: 'channel' },
    ]);
    expect(diffConfigurations(to, to)).toEqual([]);
  });
  it('refuses two networks', () => {
    expect(() => diffConfigurations(changed(0, {}), { layers: changed(0, {}).layers.slice(1) })).toThrow('different networks');
  });
});
