import { describe, expect, it, test } from 'vitest';
import { averageBits, configurationKey, uniformConfiguration } from './configuration.ts';
import { FORMS, formKey, parseForm } from './form.ts';
import type { QuantizationPoint } from './layer-graph.ts';
import {
  allowsUniform,
  layerForm,
  layerSpace,
  layerSpaces,
  nearestBits,
  nearestUniform,
  requireSpace,
  spaceProblems,
  type ElasticSpace,
} from './layer-space.ts';
import { averageRange, buildSearchSpace, decodeGenome, spaceSize } from './space.ts';
import { axisAverage, chainFacts, FULL_SPACE, RESNET18_FACTS, RESNET18_POINTS } from './test-networks.ts';
import { validateConfiguration } from './validate-configuration.ts';

/** layer0 (first), layer1 and layer2 read one tensor, layer3, layer4 (last) and layer5 read one. */
const FACTS = chainFacts([10, 20, 30, 40, 50, 10]).map((fact, index) => ({ ...fact, pinned: index === 0 || index === 4 }));
const POINTS: QuantizationPoint[] = [[0], [1, 2], [3], [4, 5]].map((readers, index) => ({ tensor: `t${index}`, readers }));
const SMALL: ElasticSpace = { ...FULL_SPACE, weightBits: [4, 2], activationBits: [2, 4, 6], granularities: ['tensor'] };
const space = (layers: ElasticSpace['layers'], base = SMALL): ElasticSpace => ({ ...base, layers });

describe('layerSpace', () => {
  it.each<[string, ElasticSpace, object]>([
    ['no override', space({ layer1: { weightBits: [8] } }), {}],
    ['no field for it', SMALL, {}],
    ['weight bits alone', space({ layer2: { weightBits: [8, 3] } }), { weightBits: [8, 3] }],
    ['a set outside of the network', space({ layer2: { activationBits: [7] } }), { activationBits: [7] }],
    [
      'the form',
      space({ layer2: { granularities: ['channel'], weightSymmetries: ['symmetric'], activationSymmetries: ['asymmetric'] } }),
      { granularities: ['channel'], weightSymmetries: ['symmetric'], activationSymmetries: ['asymmetric'] },
    ],
  ])('%s', (_, elastic, own) => {
    const { layers: _layers, ...network } = SMALL;
    expect(layerSpace(elastic, 'layer2')).toEqual({ ...network, ...own });
  });
  it('takes no override from a name that every object has', () => {
    expect(layerSpace(space({}), 'constructor').weightBits).toEqual([4, 2]);
  });
});

describe('layers that read one tensor', () => {
  it('take the intersection of their activation sets, in the order of the first', () => {
    const sets = layerSpaces(
      space({ layer1: { activationBits: [6, 4, 3] }, layer2: { activationSymmetries: ['symmetric'] } }),
      FACTS,
      POINTS,
    );
    for (const index of [1, 2]) {
      expect(sets[index].activationBits).toEqual([6, 4]);
      expect(sets[index].activationSymmetries).toEqual(['symmetric']);
    }
    expect(sets[1].weightBits).toEqual([4, 2]);
    expect(sets[3]).toMatchObject({ activationBits: [2, 4, 6], activationSymmetries: ['symmetric', 'asymmetric'] });
  });
});

describe('spaceProblems', () => {
  it.each<[string, ElasticSpace['layers'], string[]]>([
    ['nothing', {}, []],
    ['layers of every kind', { layer0: { granularities: ['channel'] }, layer1: { activationBits: [4] }, layer5: { weightBits: [3] } }, []],
    [
      'an unknown layer',
      { stem: {} },
      [
        "'space.layers' names 'stem', which is no quantized layer of this network: remove it or use one of layer0, layer1, layer2, layer3, layer4, layer5.",
      ],
    ],
    [
      'bits of the first and last',
      { layer0: { weightBits: [4] }, layer4: { activationBits: [8] } },
      ["'layer0' bit-widths of its own, but the first and last layer keep 8 bits", "'layer4' bit-widths of its own"],
    ],
    [
      'activation bits held at 8',
      { layer5: { activationBits: [4] } },
      ["'layer5' activation bits of its own, but it reads the same tensor"],
    ],
    [
      'nothing in common',
      { layer1: { activationBits: [3], activationSymmetries: ['symmetric'] }, layer2: { activationSymmetries: ['asymmetric'] } },
      [
        "Layers 'layer1', 'layer2' all read 't1' and share its quantizer, but [3] and [2, 4, 6] have no activation bits in common: allow one in all of them, or take 'activationBits' out",
        '[symmetric] and [asymmetric] have no activation symmetry in common',
      ],
    ],
    [
      'symmetries of a held tensor',
      { layer4: { activationSymmetries: ['symmetric'] }, layer5: { activationSymmetries: ['asymmetric'] } },
      ["Layers 'layer4', 'layer5' all read 't3'"],
    ],
  ])('%s', (_, layers, expected) => {
    const problems = spaceProblems(space(layers), FACTS, POINTS);
    expect(problems).toHaveLength(expected.length);
    expected.forEach((text, index) => expect(problems[index]).toContain(text));
    const check = () => requireSpace(space(layers), FACTS, POINTS);
    if (expected.length) expect(check).toThrow(problems.join(' '));
    else expect(check).not.toThrow();
  });
  it.each<[string, string[], ElasticSpace['layers'], string[]]>([
    ['layers that exist', ['layer1', 'layer0'], { layer1: { granularities: ['channel'] } }, []],
    [
      'an unknown layer',
      ['stem'],
      {},
      ["'space.pinned' names 'stem', which is no quantized layer of this network: remove it or use one of layer0"],
    ],
    [
      'a layer with bits of its own',
      ['layer1'],
      { layer1: { weightBits: [4] } },
      ["'space.pinned' keeps 'layer1' at 8 bits, but 'space.layers' gives it bit-widths of its own: take it out of one of them."],
    ],
  ])('pinned: %s', (_, pinned, layers, expected) => {
    const facts = FACTS.map((fact) => (pinned.includes(fact.name) ? { ...fact, pinned: true } : fact));
    const problems = spaceProblems({ ...space(layers), pinned }, facts, POINTS);
    expect(problems).toHaveLength(expected.length);
    expected.forEach((text, index) => expect(problems[index]).toContain(text));
  });
  it('names a space of one bit assignment, also where layers differ', () => {
    const single = { ...SMALL, weightBits: [4], activationBits: [4] };
    expect(spaceProblems(space({ layer3: { weightBits: [5] } }, single), FACTS, POINTS)[0]).toContain('leaves nothing to choose');
    expect(spaceProblems(space({ layer3: { weightBits: [5, 2] } }, single), FACTS, POINTS)).toEqual([]);
  });
  it('keeps a search from being built on readers that cannot agree', () => {
    const broken = space({ layer1: { activationBits: [3] } });
    expect(() => buildSearchSpace(FACTS, POINTS, broken)).toThrow('have no activation bits in common');
  });
});

test.each([
  [[2, 4, 8], 4, 4],
  [[2, 4, 8], 3, 2],
  [[4, 2], 3, 2],
  [[6, 7], 2, 6],
  [[2, 3], 8, 3],
])('of %j the nearest to %i is %i', (allowed, wanted, nearest) => {
  expect(nearestBits(allowed, wanted)).toBe(nearest);
});

describe('search space with layers of their own sets', () => {
  const elastic = space({
    layer1: { weightBits: [8, 3, 5], activationBits: [6, 2] },
    layer2: { weightBits: [7], granularities: ['channel', 'tensor'] },
    layer3: { activationBits: [3, 8], activationSymmetries: ['symmetric'] },
  });
  const search = buildSearchSpace(FACTS, POINTS, elastic);

  it('gives every gene its own choices, ascending', () => {
    expect(search.weights.choices).toEqual([[3, 5, 8], [7], [2, 4], [2, 4]]);
    expect(search.activations.choices).toEqual([
      [2, 6],
      [3, 8],
    ]);
  });

  /** Every combination of one of each. */
  const product = <T>(sets: readonly (readonly T[])[]): T[][] =>
    sets.reduce<T[][]>((all, set) => all.flatMap((head) => set.map((value) => [...head, value])), [[]]);

  it('is as large as a count of all valid configurations', () => {
    const keys = new Set<string>();
    for (const genes of product([...search.weights.choices, ...search.activations.choices])) {
      for (const form of search.forms) {
        const configuration = decodeGenome(search, Uint8Array.from(genes), form);
        validateConfiguration(configuration, FACTS, elastic, POINTS);
        keys.add(configurationKey(configuration));
      }
    }
    const size = spaceSize(search, elastic);
    expect(keys.size).toBe(3 * 2 * 2 * 2 * 2 * 4);
    expect(10 ** size.globalForm).toBeCloseTo(keys.size, 6);
    expect(10 ** size.perForm).toBeCloseTo(keys.size / 4, 6);
    // Forms by layer: weights 2 each, 4 where the granularity is free; tensors t0, t1, t3 free, t2 symmetric.
    expect(10 ** (size.layerForms - size.perForm)).toBeCloseTo(2 ** 5 * 4 * 2 ** 3, 6);
  });

  it('reaches what its lowest and highest genes give', () => {
    const lowest = Uint8Array.from([...search.weights.choices, ...search.activations.choices], (choices) => choices[0]);
    const { weights, activations } = averageBits(decodeGenome(search, lowest, FORMS[0]), FACTS);
    expect(averageRange(search.weights).low).toBeCloseTo(weights, 12);
    expect(averageRange(search.activations).low).toBeCloseTo(activations, 12);
    expect(averageRange(search.weights).high).toBeCloseTo((20 * 8 + 30 * 7 + 40 * 4 + 10 * 4) / 100, 12);
    expect(axisAverage(search.weights, lowest)).toBe(search.weights.ends.low);
    // layer5 reads the last layer's tensor: its 8 bits are in the range but not among the ends of the genes.
    expect(search.activations.ends).toEqual({ low: (2 * 2 + 3) / 3, high: (2 * 6 + 8) / 3 });
  });

  it('counts forms of the network once that come to the same in every layer', () => {
    const channel = Object.fromEntries(FACTS.map(({ name }) => [name, { granularities: ['channel' as const] }]));
    expect(buildSearchSpace(FACTS, POINTS, space(channel, FULL_SPACE)).forms.map(formKey)).toEqual(['tss', 'tsa', 'tas', 'taa']);
  });
});

describe('nearestUniform', () => {
  const elastic = space({
    layer1: { activationBits: [6, 2] },
    layer2: { weightBits: [7, 8], granularities: ['channel'] },
    layer3: { weightBits: [2, 5], weightSymmetries: ['asymmetric'] },
  });
  it('takes the nearest that each layer allows', () => {
    const configuration = nearestUniform(elastic, FACTS, POINTS, 4, parseForm('tss'));
    expect(configurationKey(configuration)).toBe('mixed:88tss-42tss-72css-54tas-88tss-48tss');
    validateConfiguration(configuration, FACTS, elastic, POINTS);
  });
  it.each([
    [4, false],
    [2, false],
  ])('%i bits everywhere: %s', (bits, expected) => expect(allowsUniform(elastic, FACTS, POINTS, bits)).toBe(expected));
  it('is the uniform configuration where all layers allow it', () => {
    expect(allowsUniform(FULL_SPACE, RESNET18_FACTS, RESNET18_POINTS, 3)).toBe(true);
    for (const form of FORMS) {
      const uniform = uniformConfiguration(RESNET18_FACTS, 3, form, RESNET18_POINTS);
      expect(nearestUniform(FULL_SPACE, RESNET18_FACTS, RESNET18_POINTS, 3, form)).toEqual(uniform);
      expect(layerForm(form, layerSpace(FULL_SPACE, 'conv1'))).toEqual(form);
    }
  });
});

describe('validateConfiguration by layer', () => {
  const elastic = space({ layer3: { weightBits: [3], granularities: ['channel'] }, layer1: { activationBits: [2, 8] } });
  const base = nearestUniform(elastic, FACTS, POINTS, 2, parseForm('tss'));
  it.each([
    ['layer3', { weightBits: 2 }, "Layer 'layer3' has weight bits 2, which the space does not hold: choose 3."],
    ['layer3', { granularity: 'tensor' as const }, "Layer 'layer3' has granularity tensor"],
    ['layer2', { weightBits: 3 }, "Layer 'layer2' has weight bits 3, which the space does not hold: choose 4 or 2."],
    ['layer2', { activationBits: 8 }, "Layer 'layer2' has activation bits 8, which the space does not hold: choose 2."],
  ])('%s %j', (name, change, message) => {
    const changed = { layers: base.layers.map((layer) => (layer.name === name ? { ...layer, ...change } : layer)) };
    expect(validateConfiguration(base, FACTS, elastic, POINTS)).toEqual(base);
    expect(() => validateConfiguration(changed, FACTS, elastic, POINTS)).toThrow(message);
  });
});
