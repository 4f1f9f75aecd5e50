import { describe, expect, test } from 'vitest';
import type { Configuration } from '../schema/configuration.ts';
import { commonForm } from './configuration.ts';
import { formKey } from './form.ts';
import { layerFacts, quantizationPoints } from './layer-graph.ts';
import type { ElasticSpace } from './layer-space.ts';
import { randomConfiguration, type RandomConfigurationOptions } from './random-configuration.ts';
import { FULL_SPACE, resnet } from './test-networks.ts';
import { validateConfiguration } from './validate-configuration.ts';

const graph = resnet(18);
const [facts, points] = [layerFacts(graph), quantizationPoints(graph)];
const seeds = Array.from({ length: 60 }, (_, seed) => seed);
const draw = (options: Partial<RandomConfigurationOptions> = {}, space: ElasticSpace = FULL_SPACE): Configuration =>
  validateConfiguration(randomConfiguration(facts, points, space, { seed: 1, forms: 'network', ...options }), facts, space, points);

test('the network has layers that share a tensor', () => expect(points.some(({ readers }) => readers.length > 1)).toBe(true));

describe.each(['network', 'layer'] as const)('forms for each %s', (forms) => {
  test('a seed means one configuration, which its space holds', () => {
    const drawn = seeds.map((seed) => JSON.stringify(draw({ seed, forms })));
    expect(new Set(drawn).size).toBe(seeds.length);
    expect(seeds.map((seed) => JSON.stringify(draw({ seed, forms })))).toEqual(drawn);
  });

  test('every bit-width comes, about equally often', () => {
    const counts = new Map<number, number>();
    const free = facts.flatMap(({ pinned }, index) => (pinned ? [] : [index]));
    for (const seed of seeds) {
      const { layers } = draw({ seed, forms });
      for (const index of free) counts.set(layers[index].weightBits, (counts.get(layers[index].weightBits) ?? 0) + 1);
    }
    const expected = (seeds.length * free.length) / 7;
    expect([...counts.keys()].sort()).toEqual([2, 3, 4, 5, 6, 7, 8]);
    // five standard deviations
    for (const count of counts.values()) expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
  });

  test('a part of the form can be given', () => {
    const fixed = { granularity: 'tensor', activationSymmetry: 'asymmetric' } as const;
    const keys = new Set(seeds.flatMap((seed) => draw({ seed, forms, fixed }).layers.map(formKey)));
    expect([...keys].sort()).toEqual(['taa', 'tsa']);
  });

  test('layers with sets of their own keep to them', () => {
    const [, second, third] = facts.map(({ name }) => name);
    const space: ElasticSpace = {
      ...FULL_SPACE,
      layers: { [second]: { weightBits: [3], granularities: ['channel'] }, [third]: { weightBits: [5, 6] } },
    };
    for (const seed of seeds) {
      const { layers } = draw({ seed, forms }, space);
      expect(layers[1]).toMatchObject({ weightBits: 3, granularity: 'channel' });
      expect([5, 6]).toContain(layers[2].weightBits);
    }
  });
});

test('one form for the network, or different ones; the bits are the same', () => {
  const [network, layer] = (['network', 'layer'] as const).map((forms) => draw({ forms }));
  expect([commonForm(network) === null, commonForm(layer) === null]).toEqual([false, true]);
  const bits = ({ layers }: Configuration) => layers.map(({ weightBits, activationBits }) => [weightBits, activationBits]);
  expect(bits(network)).toEqual(bits(layer));
  expect(new Set(seeds.map((seed) => commonForm(draw({ seed })))).size).toBe(8);
});

test('a form that the space does not hold is refused', () => {
  const space: ElasticSpace = { ...FULL_SPACE, granularities: ['channel'] };
  expect(() => draw({ fixed: { granularity: 'tensor' } }, space)).toThrow(
    /has granularity tensor, which the space does not hold: choose channel\./,
  );
});
