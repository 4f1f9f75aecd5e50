/** What is drawn and searched stays in the sets of every layer. */
import { describe, expect, test } from 'vitest';
import { configurationKey } from '../../shared/domain/configuration.ts';
import { FORMS, parseForm } from '../../shared/domain/form.ts';
import { layerSpaces, type ElasticSpace } from '../../shared/domain/layer-space.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { buildSearchSpace, decodeGenome, encodeGenome } from '../../shared/domain/space.ts';
import { axisAverage, FULL_SPACE, RESNET18, RESNET18_FACTS, RESNET18_POINTS } from '../../shared/domain/test-networks.ts';
import { validateConfiguration } from '../../shared/domain/validate-configuration.ts';
import { encodeConfiguration, encodingLength, genomeEncoder } from '../predictor/encoding.ts';
import { drawSamples } from '../predictor/split.ts';
import { predictorRecipe } from '../predictor/test-samples.ts';
import { TableLayout } from '../quant/table-layout.ts';
import { drawSubnet } from '../supernet/subnets.ts';
import { exactAdditiveSearch, randomSearch } from './baselines.ts';
import { GeneticSearch } from './genetic.ts';
import { fitWindow, repairGreedily } from './repair.ts';
import { sampleConfigurations } from './sampler.ts';
import { requireFeasible, sumWindow, targetWindows } from './window.ts';

const ELASTIC: ElasticSpace = {
  ...FULL_SPACE,
  activationBits: [2, 3, 4, 6],
  layers: {
    conv1: { granularities: ['channel'], activationSymmetries: ['asymmetric'] },
    'layer1.0.conv1': { weightBits: [4], activationBits: [3, 8] },
    'layer2.0.conv1': { weightBits: [6, 3], weightSymmetries: ['symmetric'] },
    // reads the tensor of layer2.0.conv1
    'layer2.0.downsample': { activationBits: [6, 5, 4], activationSymmetries: ['symmetric'] },
    'layer4.1.conv2': { weightBits: [2, 3], granularities: ['tensor'] },
  },
};
const SPACE = buildSearchSpace(RESNET18_FACTS, RESNET18_POINTS, ELASTIC);
const check = (genes: Uint8Array, form = FORMS[0]) =>
  validateConfiguration(decodeGenome(SPACE, genes, form), RESNET18_FACTS, ELASTIC, RESNET18_POINTS);
const WIDTH = encodingLength(SPACE.facts.length);
const bitsWanted = (codes: Float32Array, count: number) =>
  Float32Array.from({ length: count }, (_, row) =>
    codes.subarray(row * WIDTH + 6, (row + 1) * WIDTH).reduce((sum, value, column) => sum + value * (((column * 37) % 11) + 1), 0),
  );

test('samples', () => {
  const drawn = sampleConfigurations(SPACE, { count: 200, forms: FORMS, seed: 1, purpose: 'train' });
  expect(new Set(drawn.map(({ configuration }) => configurationKey(configuration))).size).toBe(200);
  for (const { configuration } of drawn) validateConfiguration(configuration, RESNET18_FACTS, ELASTIC, RESNET18_POINTS);
});

describe.each([2.6, 3, 4.4, 5.5])('target %d', (target) => {
  const options = { space: SPACE, form: parseForm('tas'), target, fitness: bitsWanted, seed: 2 };
  const inside = (genes: Uint8Array) => {
    check(genes, options.form);
    for (const axis of [SPACE.weights, SPACE.activations]) {
      expect(axisAverage(axis, genes)).toBeGreaterThan(target - 0.5);
      expect(axisAverage(axis, genes)).toBeLessThanOrEqual(target + 1e-9);
    }
  };
  test('genetic search', async () => {
    for await (const state of new GeneticSearch({ ...options, population: 30, parents: 0.25, mutation: 0.3 }).run(8)) {
      expect(state.genomes.length).toBeGreaterThan(20);
      state.genomes.forEach(inside);
    }
  });
  test('random and exact search', async () => {
    (await randomSearch({ ...options, evaluations: 30 })).genomes.forEach(inside);
    inside(exactAdditiveSearch(SPACE, options.form, target, (gene, bits) => ((gene * 13) % 7) - bits)!.genes);
  });
  test('repair', () => {
    const stream = new RandomStream(3, 'test/repair');
    for (let i = 0; i < 20; i++) {
      const genes = Uint8Array.from([...SPACE.weights.choices, ...SPACE.activations.choices], (choices) => stream.pick(choices));
      const exact = genes.slice();
      for (const axis of [SPACE.weights, SPACE.activations]) {
        const bounds = sumWindow(axis, { low: target - 0.5, high: target });
        expect(repairGreedily(axis, bounds, genes)).toBe(true);
        expect(fitWindow(axis, bounds, exact)).toBe(true);
      }
      inside(genes);
      inside(exact);
    }
  });
});

test('the exact search equals brute force', () => {
  const small: ElasticSpace = {
    ...FULL_SPACE,
    activationBits: [4],
    layers: { layer1: { weightBits: [8, 3] }, layer3: { weightBits: [5] } },
  };
  const facts = RESNET18_FACTS.slice(0, 6).map((fact, index) => ({
    ...fact,
    name: `layer${index}`,
    pinned: index === 0 || index === 5,
    parameters: [9, 91, 37, 153, 70, 9][index],
  }));
  const space = buildSearchSpace(facts, [], small);
  const stream = new RandomStream(0, 'test/brute');
  const table = Array.from({ length: 4 }, () => Array.from({ length: 9 }, () => stream.normal()));
  const worth = (gene: number, bits: number) => (gene < 4 ? table[gene][bits] : 0);
  let best = -Infinity;
  for (const a of [3, 8])
    for (let b = 2; b <= 8; b++)
      for (let d = 2; d <= 8; d++) {
        const genes = Uint8Array.of(a, b, 5, d, 4, 4, 4, 4);
        const average = axisAverage(space.weights, genes);
        if (average > 4.5 && average <= 5)
          best = Math.max(
            best,
            genes.reduce((sum, bits, gene) => sum + worth(gene, bits), 0),
          );
      }
  const found = exactAdditiveSearch(space, FORMS[0], { weights: 5, activations: 4 }, worth)!;
  expect(found.exact).toBe(true);
  expect(found.gain).toBeCloseTo(best, 12);
});

test('a target out of reach names the range that the layers leave', () => {
  expect(() => requireFeasible(SPACE, targetWindows({ weights: 7.5, activations: 4 }), FORMS[0])).toThrow(
    /the space reaches 2\.\d\d to 6\.\d\d/,
  );
});

test.each(FORMS.map((form) => [form]))('codes of genomes are those of their configurations: %j', (form) => {
  const stream = new RandomStream(4, 'test/codes');
  const genes = Uint8Array.from([...SPACE.weights.choices, ...SPACE.activations.choices], (choices) => stream.pick(choices));
  const [fast, slow] = [new Float32Array(WIDTH), new Float32Array(WIDTH)];
  genomeEncoder(SPACE, form)(genes, fast, 0);
  encodeConfiguration(check(genes, form), RESNET18_FACTS, slow);
  expect(fast).toEqual(slow);
  expect(encodeGenome(SPACE, check(genes, form))).toEqual(genes);
});

describe('subnets of a training step', () => {
  const layout = new TableLayout(RESNET18);
  const sets = layerSpaces(ELASTIC, layout.facts, layout.points);
  test.each([
    ['highest', Math.max],
    ['lowest', Math.min],
  ] as const)('%s: of each layer', (role, extreme) => {
    const { layers } = validateConfiguration(drawSubnet(layout, ELASTIC, 'layer', role, 1, 0, 0), layout.facts, ELASTIC, layout.points);
    layers.forEach(({ weightBits, activationBits }, index) => {
      if (layout.facts[index].pinned) return;
      expect(weightBits).toBe(extreme(...sets[index].weightBits));
      expect(activationBits).toBe(extreme(...sets[index].activationBits));
    });
  });
  test.each(['layer', 'network'] as const)('random: inside every set, which it covers; a form for each %s', (scope) => {
    const seen = sets.map(() => new Set<string>());
    for (let step = 0; step < 150; step++) {
      const configuration = drawSubnet(layout, ELASTIC, scope, 'random', 1, step, 1);
      validateConfiguration(configuration, layout.facts, ELASTIC, layout.points);
      configuration.layers.forEach((layer, index) => seen[index].add(`w${layer.weightBits}`).add(`a${layer.activationBits}`));
    }
    sets.forEach(({ weightBits, activationBits }, index) => {
      if (!layout.facts[index].pinned) expect(seen[index].size).toBe(weightBits.length + activationBits.length);
    });
  });
});

describe('samples of the predictor', () => {
  const recipeWith = (predictor: Parameters<typeof predictorRecipe>[0], layers: ElasticSpace['layers'] = ELASTIC.layers) => {
    const recipe = predictorRecipe({ trainSamples: 24, heldOutSamples: 16, ...predictor }, 3);
    return { ...recipe, space: { ...recipe.space, layers: { ...layers } } };
  };
  test.each(['random', 'bits', 'forms'] as const)('%s held out: inside every set, forms as planned', (heldOut) => {
    const recipe = recipeWith({ heldOut });
    const samples = drawSamples(RESNET18_FACTS, RESNET18_POINTS, recipe);
    expect(samples).toHaveLength(40);
    for (const { configuration, split, form } of samples) {
      validateConfiguration(configuration, RESNET18_FACTS, recipe.space, RESNET18_POINTS);
      const free = configuration.layers.slice(1, -1).flatMap((layer) => [layer.weightBits, layer.activationBits]);
      if (heldOut === 'bits') expect(free.some((bits) => bits === 3 || bits === 5)).toBe(split === 'heldOut');
      if (heldOut === 'forms') expect(['csa', 'tas'].includes(form)).toBe(split === 'heldOut');
    }
  });
  test.each([
    [[3, 5], { 'layer1.0.conv1': { weightBits: [3, 5] } }, "leaves layer 'layer1.0.conv1' no weight bits to train on"],
    [
      [3, 5],
      { 'layer2.0.conv1': { activationBits: [3, 4] }, 'layer2.0.downsample': { activationBits: [3, 2] } },
      "leaves layer 'layer2.0.conv1' no activation bits to train on",
    ],
    [
      [7],
      Object.fromEntries(RESNET18_FACTS.slice(1, -1).map(({ name }) => [name, { weightBits: [2, 4], activationBits: [2, 4] }])),
      'no layer can choose any of these bit-widths',
    ],
  ])('holding out %j is refused where it leaves nothing', (heldOutBits, layers, message) => {
    expect(() => drawSamples(RESNET18_FACTS, RESNET18_POINTS, recipeWith({ heldOut: 'bits', heldOutBits }, layers))).toThrow(message);
  });
});
