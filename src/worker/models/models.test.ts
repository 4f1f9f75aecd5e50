import { describe, expect, test } from 'vitest';
import { inferShapes, layerFacts, parameterCount, quantizationPoints, type LayerGraph } from '../../shared/domain/layer-graph.ts';
import { compressionRatio } from '../../shared/domain/cost.ts';
import { averageBits, uniformConfiguration } from '../../shared/domain/configuration.ts';
import { parseRecipe } from '../../shared/schema/presets.ts';
import { TableLayout } from '../quant/table-layout.ts';
import { drawSubnet } from '../supernet/subnets.ts';
import { parseForm } from '../../shared/domain/form.ts';
import { encodingLength } from '../predictor/encoding.ts';
import { isSigned } from '../quant/signedness.ts';
import { initialParameters, parameterSpecs } from './parameters.ts';
import { modelOf } from './project-model.ts';
import { createModel, type ModelOptions } from './registry.ts';
import { resnetCifar } from './resnet-cifar.ts';
import { smallCnn } from './small-cnn.ts';

const weightsOf = (graph: LayerGraph) => layerFacts(graph).reduce((sum, { weights }) => sum + weights, 0);
const macsOf = (graph: LayerGraph) => layerFacts(graph).reduce((sum, { macs }) => sum + macs, 0);

const GRAY = createModel({ architecture: 'small-cnn' }, [28, 28, 1], 10);
const COLOUR = createModel({ architecture: 'small-cnn' }, [32, 32, 3], 10);
const RESNET20 = createModel({ architecture: 'resnet20' }, [32, 32, 3], 10);

describe('sizes', () => {
  test.each([
    // Six convolutions, BN scale and shift of their 272 channels, the classifier's bias.
    ['small CNN, gray', GRAY, 106_768, 106_768 + 2 * 272 + 10],
    ['small CNN, colour', COLOUR, 107_056, 107_056 + 2 * 272 + 10],
    // Stem, three stages (the later two with their shortcut), classifier; BN of 784 channels. He et al. give 0.27 M.
    ['ResNet32', createModel({ architecture: 'resnet32' }, [32, 32, 3], 10), 464_432, 466_906],
    ['ResNet56', createModel({ architecture: 'resnet56' }, [32, 32, 3], 10), 851_504, 855_770],
    ['ResNet20', RESNET20, 432 + 13_824 + 51_200 + 204_800 + 640, 272_474],
  ])('%s', (_, graph, weights, parameters) => {
    expect(weightsOf(graph)).toBe(weights);
    expect(parameterCount(graph)).toBe(parameters);
  });

  test('MACs of one image', () => {
    // Stem 144 x 28^2; 16 -> 32 and 32 -> 32 at 14^2; 32 -> 64 and twice 64 -> 64 at 7^2; 64 x 10.
    expect(macsOf(GRAY)).toBe(144 * 784 + (4608 + 9216) * 196 + (18432 + 2 * 36864) * 49 + 640);
    // ResNet20 is known for 41 million.
    expect(macsOf(RESNET20) / 1e6).toBeGreaterThan(40.5);
    expect(macsOf(RESNET20) / 1e6).toBeLessThan(41.5);
  });

  test.each([
    [20, 22],
    [32, 34],
    [56, 58],
  ])('ResNet%i has %i quantized layers with its two projections', (depth, layers) => {
    expect(layerFacts(resnetCifar(depth, [32, 32, 3], 10))).toHaveLength(layers);
  });

  test.each([2, 19, 21, 14.5])('a ResNet of %f layers does not exist', (depth) => {
    expect(() => resnetCifar(depth, [32, 32, 3], 10)).toThrow(`A CIFAR ResNet has 6n+2 layers; ${depth} is none of them.`);
  });
});

const sizes = (architecture: ModelOptions['architecture'], width?: number) => {
  const graph = createModel({ architecture, width }, [224, 224, 3], 1000);
  return { graph, facts: layerFacts(graph) };
};

describe('networks for ImageNet have the sizes of torchvision', () => {
  // Parameters and multiply-accumulates of torchvision's models for 1000 classes at 224x224.
  test.each([
    ['resnet18', undefined, 11_689_512, 1_814_073_344, 21, 300],
    ['resnet34', undefined, 21_797_672, 3_663_761_408, 37, 524],
    ['resnet50', undefined, 25_557_032, 4_089_184_256, 54, 762],
    ['mobilenetv2', undefined, 3_504_872, 300_774_272, 53, 748],
    ['mobilenetv2', 0.5, 1_968_680, 97_131_840, 53, 748],
    ['mobilenetv2', 1.4, 6_108_776, 582_195_824, 53, 748],
    ['efficientnet-b0', undefined, 5_288_548, 385_814_752, 82, 1154],
  ] as const)('%s, width %s: %i parameters, %i MACs, %i quantized layers', (architecture, width, parameters, macs, layers, columns) => {
    const { graph, facts } = sizes(architecture, width);
    expect(parameterCount(graph)).toBe(parameters);
    expect(macsOf(graph)).toBe(macs);
    expect(facts).toHaveLength(layers);
    // eqnet-spec section 5: 6 columns of the form and 14 for each layer
    expect(encodingLength(facts.length)).toBe(columns);
    expect(facts.filter(({ pinned }) => pinned).map(({ name }) => name)).toEqual(['stem', 'fc']);
  });

  // The published ratios (EQ-Net table 2): first and last layer at 8 bits, scales and biases left out.
  test.each([
    ['resnet18', 2, 14.11],
    ['resnet18', 3, 9.93],
    ['resnet50', 2, 12.88],
    ['mobilenetv2', 8, 4],
  ] as const)('%s at %i bits is compressed %f times', (architecture, bits, ratio) => {
    const { facts } = sizes(architecture);
    expect(compressionRatio(uniformConfiguration(facts, bits, parseForm('tss')), facts)).toBeCloseTo(ratio, 2);
  });

  // 128-128-256-256-512-512 and one linear layer on 4x4x512; known for 4.6 to 4.7 million parameters and 0.6 G MACs.
  test('VGG-small on 32x32 images', () => {
    const graph = createModel({ architecture: 'vgg-small' }, [32, 32, 3], 10);
    expect([weightsOf(graph), parameterCount(graph), layerFacts(graph).length]).toEqual([4_656_512, 4_660_106, 7]);
    expect(macsOf(graph)).toBe(
      9 * 1024 * (3 * 128 + 128 * 128) + 9 * 256 * (128 * 256 + 256 * 256) + 9 * 64 * (256 * 512 + 512 * 512) + 8192 * 10,
    );
  });

  test.each([[0.35, 16, 8, 112], [0.5, 16, 8, 160], [0.75, 24, 16, 240], [1.3, 40, 24, 416]])('channels at width %f', (width, stem, first, last) => {
    const shapes = inferShapes(createModel({ architecture: 'mobilenetv2', width }, [224, 224, 3], 1000));
    expect(['stem', 'stage1.block1.project', 'stage7.block1.project'].map((name) => shapes.get(name)!.at(-1))).toEqual([stem, first, last]);
  }); // prettier-ignore
});

describe('networks for ImageNet on other images', () => {
  const NAMES = ['resnet18', 'resnet50', 'mobilenetv2', 'efficientnet-b0'] as const;
  test.each(NAMES.flatMap((architecture) => ([[32, 1, 'imagenet'], [32, 4, 'small'], [96, 3, 'imagenet'], [224, 7, 'imagenet'], [1, 1, 'imagenet']] as const).map(([size, end, stem]) => ({ architecture, size, end, stem }))))(
    '$architecture on $size x $size with the $stem stem ends with $end x $end', ({ architecture, size, end, stem }) => {
      const graph = createModel({ architecture, stem }, [size, size, 1], 7);
      const shapes = inferShapes(graph);
      const pool = graph.layers.find(({ name }) => name === 'pool')!;
      expect(shapes.get(pool.inputs[0])!.slice(0, 2)).toEqual([end, end]);
      expect(shapes.get('fc')).toEqual([7]);
    },
  ); // prettier-ignore

  test('images too small for a network are refused with a way out', () => {
    expect(() => createModel({ architecture: 'vgg-small' }, [4, 4, 1], 10)).toThrow(
      "The network 'vgg-small' does not fit images of 4x4x1: Layer 'stage3.pool' (maxpool) has a kernel of 2x2 that is larger than its input of 1x1. Choose another 'model.architecture' or larger images.",
    );
  });
});

test('pinned layers keep 8 bits and stay out of the averages', () => {
  const pinned = ['stage2.block1.depthwise'];
  const recipe = parseRecipe({ name: 'x', model: { architecture: 'mobilenetv2' }, space: { pinned } }, 'test');
  const graph = modelOf(recipe, [32, 32, 3], 10).graph;
  const [facts, points] = [layerFacts(graph), quantizationPoints(graph)];
  expect(facts.filter((fact) => fact.pinned).map(({ name }) => name)).toEqual(['stem', ...pinned, 'fc']);
  const configuration = uniformConfiguration(facts, 3, parseForm('css'), points);
  expect(configuration.layers.find(({ name }) => name === pinned[0])).toMatchObject({ weightBits: 8, activationBits: 8 });
  expect(averageBits(configuration, facts)).toEqual({ weights: 3, activations: 3 });
  const subnet = drawSubnet(new TableLayout(graph), recipe.space, 'layer', 'lowest', 1, 0, 2);
  expect(subnet.layers.filter(({ weightBits }) => weightBits === 8).map(({ name }) => name)).toEqual(['stem', ...pinned, 'fc']);
});

describe('signed and unsigned tensors', () => {
  const signed = (architecture: ModelOptions['architecture'], tensor: string) =>
    isSigned(createModel({ architecture }, [32, 32, 3], 10), tensor);
  test.each([
    ['resnet18', 'stem.pool', false],
    ['resnet50', 'stage1.block1.shortcut.bn', true],
    ['vgg-small', 'flat', false],
    ['mobilenetv2', 'stage2.block1.depthwise.relu', false],
    ['mobilenetv2', 'stage2.block2.add', true],
    ['mobilenetv2', 'pool', false],
    ['efficientnet-b0', 'stage2.block1.expand.swish', true],
    ['efficientnet-b0', 'stage2.block1.scaled', true],
    ['efficientnet-b0', 'stage2.block1.squeeze', true],
    ['efficientnet-b0', 'stage2.block1.gate', false],
  ] as const)('%s: %s is signed: %s', (architecture, tensor, expected) => expect(signed(architecture, tensor)).toBe(expected));

  test('a product runs in float: only what a layer with weights reads has a quantizer', () => {
    const points = quantizationPoints(createModel({ architecture: 'efficientnet-b0' }, [32, 32, 3], 10)).map(({ tensor }) => tensor);
    expect(points.filter((tensor) => tensor.startsWith('stage3.block2.'))).toEqual([
      'stage3.block2.expand.swish',
      'stage3.block2.squeeze',
      'stage3.block2.reduce.swish',
      'stage3.block2.scaled',
      'stage3.block2.project.bn',
      'stage3.block2.add',
    ]);
  });
});

describe('shapes', () => {
  test('small CNN', () => {
    const shapes = inferShapes(GRAY);
    expect([1, 2, 3, 4, 5, 6].map((i) => shapes.get(`conv${i}.relu`)?.join('x'))).toEqual([
      '28x28x16',
      '14x14x32',
      '14x14x32',
      '7x7x64',
      '7x7x64',
      '7x7x64',
    ]);
    expect([shapes.get('pool'), shapes.get('fc')]).toEqual([[64], [10]]);
  });

  test('ResNet20', () => {
    const shapes = inferShapes(RESNET20);
    expect(
      ['stage1.block3.relu', 'stage2.block1.relu', 'stage3.block1.shortcut', 'stage3.block3.relu'].map((name) =>
        shapes.get(name)?.join('x'),
      ),
    ).toEqual(['32x32x16', '16x16x32', '8x8x64', '8x8x64']);
  });

  test.each([1, 2, 100])('the classifier has as many outputs as there are classes: %i', (classes) => {
    for (const graph of [smallCnn([8, 8, 1], classes), resnetCifar(20, [8, 8, 1], classes)]) {
      expect(graph.classes).toBe(classes);
      expect(inferShapes(graph).get(graph.layers.at(-1)!.name)).toEqual([classes]);
    }
  });
});

describe('quantization points', () => {
  test('small CNN: the input of every layer', () => {
    expect(quantizationPoints(GRAY).map(({ tensor, readers }) => [tensor, ...readers])).toEqual([
      ['input', 0],
      ['conv1.relu', 1],
      ['conv2.relu', 2],
      ['conv3.relu', 3],
      ['conv4.relu', 4],
      ['conv5.relu', 5],
      ['pool', 6],
    ]);
  });

  test('ResNet20: block inputs are shared by convolution and shortcut, every branch of an Add has a quantizer', () => {
    const points = new Map(quantizationPoints(RESNET20).map(({ tensor, readers }) => [tensor, readers.length]));
    expect(points.get('stem.relu')).toBe(1);
    expect(points.get('stage1.block3.relu')).toBe(2);
    expect(points.get('stage2.block1.conv2.bn')).toBe(0);
    expect(points.get('stage2.block1.shortcut.bn')).toBe(0);
    for (const layer of RESNET20.layers)
      if (layer.kind === 'add') for (const input of layer.inputs) expect(points.has(input), input).toBe(true);
    // Input, stem, nine blocks with an inner tensor, a branch and an output (the last output is only pooled), two shortcuts, pool.
    expect(points.size).toBe(2 + 9 * 3 - 1 + 2 + 1);
  });
});

describe('parameters', () => {
  test('every variable once, in network order, trainable but for the running statistics', () => {
    const specs = parameterSpecs(GRAY);
    expect(specs.slice(0, 5)).toEqual([
      { name: 'conv1/weights', shape: [3, 3, 1, 16], trainable: true },
      { name: 'conv1.bn/gamma', shape: [16], trainable: true },
      { name: 'conv1.bn/beta', shape: [16], trainable: true },
      { name: 'conv1.bn/mean', shape: [16], trainable: false },
      { name: 'conv1.bn/variance', shape: [16], trainable: false },
    ]);
    expect(specs.slice(-2)).toEqual([
      { name: 'fc/weights', shape: [64, 10], trainable: true },
      { name: 'fc/bias', shape: [10], trainable: true },
    ]);
    const trainable = specs.filter((spec) => spec.trainable).reduce((sum, { shape }) => sum + shape.reduce((a, n) => a * n, 1), 0);
    expect(trainable).toBe(parameterCount(GRAY));
  });

  test('first values depend on the seed and the name alone', () => {
    const [one, again, other] = [initialParameters(GRAY, 1), initialParameters(GRAY, 1), initialParameters(GRAY, 2)];
    expect(again).toEqual(one);
    expect(other.get('conv2/weights')).not.toEqual(one.get('conv2/weights'));
    expect(initialParameters(COLOUR, 1).get('conv2/weights')).toEqual(one.get('conv2/weights'));
    expect(one.get('conv5/weights')).not.toEqual(one.get('conv6/weights'));
    for (const { name, shape } of parameterSpecs(GRAY)) {
      const values = one.get(name)!;
      expect(values).toHaveLength(shape.reduce((a, n) => a * n, 1));
      if (/gamma|variance/.test(name)) expect(values.every((v) => v === 1)).toBe(true);
      else if (/beta|mean|bias/.test(name)) expect(values.every((v) => v === 0)).toBe(true);
      else {
        const bound = 1 / Math.sqrt(values.length / shape.at(-1)!);
        const deviation = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
        expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound);
        // The deviation of a uniform distribution; at least 144 values.
        expect(Math.abs(deviation / (bound / Math.sqrt(3)) - 1), name).toBeLessThan(0.15);
      }
    }
  });
});
