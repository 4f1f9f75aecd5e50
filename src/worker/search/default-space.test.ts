/** Draws of spaces without overrides, recorded before layers could have sets of their own: a seed must keep its meaning. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { configurationKey } from '../../shared/domain/configuration.ts';
import { FORMS, parseForm } from '../../shared/domain/form.ts';
import type { LayerGraph } from '../../shared/domain/layer-graph.ts';
import { buildSearchSpace, genomeKey, searchSpaceOf, type SearchSpace } from '../../shared/domain/space.ts';
import { chainFacts, FULL_SPACE, RESNET18, RESNET18_FACTS, RESNET18_POINTS } from '../../shared/domain/test-networks.ts';
import { createModel } from '../models/registry.ts';
import { encodingLength } from '../predictor/encoding.ts';
import { drawSamples } from '../predictor/split.ts';
import { predictorRecipe } from '../predictor/test-samples.ts';
import { TableLayout } from '../quant/table-layout.ts';
import { drawSubnet, stepRoles } from '../supernet/subnets.ts';
import { exactAdditiveSearch, randomSearch } from './baselines.ts';
import { GeneticSearch } from './genetic.ts';
import { sampleConfigurations } from './sampler.ts';

const hash = (items: readonly string[]) => createHash('sha256').update(items.join('\n')).digest('hex').slice(0, 16);

const NARROW = { ...FULL_SPACE, weightBits: [5, 2, 3], activationBits: [6, 4] };
/** Two layers read the last layer's input, so one of them has no activation gene. */
const HELD = buildSearchSpace(
  chainFacts([10, 91, 37, 153, 70, 10]),
  [[0], [1], [2], [3], [4, 5]].map((readers, index) => ({ tensor: `t${index}`, readers })),
  FULL_SPACE,
);
const SPACES: Record<string, SearchSpace> = {
  full: searchSpaceOf(RESNET18, FULL_SPACE),
  narrow: searchSpaceOf(RESNET18, NARROW),
  held: HELD,
};

const fewerBits = (space: SearchSpace) => {
  const width = encodingLength(space.facts.length);
  return (codes: Float32Array, count: number) =>
    Float32Array.from({ length: count }, (_, row) => {
      let sum = 0;
      for (let column = 6; column < width; column++) sum += codes[row * width + column] * Math.fround(((column * 37) % 11) + 1);
      return sum;
    });
};

describe.each([
  ['full', '7dc18627c350448c', '69cec8071a5b9a29', 'c5fb4ae4a2955af9', 'd040b44198f7e4a9'],
  ['narrow', 'f02bac3f90c4b16e', '3f8e109a70e33efa', '8e5b70c2d16b8fd3', '360bec1a9dc02329'],
  ['held', '38316fd34cafd286', '828da1c29d56081c', '4f2b079ddc2ccdb6', '5dddadfc2f2b0d6b'],
])('%s', (name, samples, genetic, random, exact) => {
  const space = SPACES[name];
  const options = {
    space,
    form: parseForm('csa'),
    target: name === 'narrow' ? { weights: 3, activations: 5 } : 4.5,
    fitness: fewerBits(space),
    seed: 5,
  };

  test('samples', () => {
    const drawn = sampleConfigurations(space, { count: 60, forms: FORMS, seed: 3, purpose: 'train' });
    expect(hash(drawn.map(({ configuration }) => configurationKey(configuration)))).toBe(samples);
  });
  test('genetic search', async () => {
    const keys: string[] = [];
    for await (const state of new GeneticSearch({ ...options, population: 30, parents: 0.25, mutation: 0.2 }).run(6)) {
      keys.push(...state.genomes.map(genomeKey), [...state.fitness].join());
    }
    expect(hash(keys)).toBe(genetic);
  });
  test('random search', async () => {
    expect(hash((await randomSearch({ ...options, evaluations: 40 })).genomes.map(genomeKey))).toBe(random);
  });
  test('exact search', () => {
    const { genes, gain } = exactAdditiveSearch(space, options.form, options.target, (gene, bits) => ((gene * 13) % 7) * -(2 ** -bits))!;
    expect(hash([genomeKey(genes), String(gain)])).toBe(exact);
  });
});

test.each([
  ['random', '882a46d9e72873ea'],
  ['bits', 'faa7acdef377f278'],
  ['forms', 'b985a0b1966a47de'],
] as const)('samples of the predictor, %s held out', (heldOut, expected) => {
  const samples = drawSamples(RESNET18_FACTS, RESNET18_POINTS, predictorRecipe({ trainSamples: 30, heldOutSamples: 20, heldOut }, 7));
  expect(hash(samples.map(({ split, form, configuration }) => `${split} ${form} ${configurationKey(configuration)}`))).toBe(expected);
});

const LAYOUTS: Record<string, LayerGraph> = { resnet20: createModel({ architecture: 'resnet20' }, [8, 8, 1], 3), resnet18: RESNET18 };

test.each([
  ['resnet20', 'layer', '07292df863ed3d9a'],
  ['resnet20', 'network', 'a2210347850fd179'],
  ['resnet18', 'layer', '35580e15a9b6c966'],
] as const)('subnets of %s, a form for each %s', (network, scope, expected) => {
  const layout = new TableLayout(LAYOUTS[network]);
  const keys = [FULL_SPACE, NARROW].flatMap((space) =>
    Array.from({ length: 20 }, (_, step) =>
      stepRoles(2).map((role, pass) => configurationKey(drawSubnet(layout, space, scope, role, 11, step, pass))),
    ).flat(),
  );
  expect(hash(keys)).toBe(expected);
});
