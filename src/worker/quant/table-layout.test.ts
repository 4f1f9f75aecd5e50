import { describe, expect, test } from 'vitest';
import { GRANULARITIES, SYMMETRIES } from '../../shared/domain/form.ts';
import { inferShapes, type LayerGraph } from '../../shared/domain/layer-graph.ts';
import { RESNET18 } from '../../shared/domain/test-networks.ts';
import { DEPTHWISE, RESIDUAL, SINGLE_CONV } from '../export/random-views.ts';
import { createModel } from '../models/registry.ts';
import { isSigned } from './signedness.ts';
import { TableLayout } from './table-layout.ts';

const BITS = [2, 3, 4, 5, 6, 7, 8];

/** Every entry of every quantizer, one after the other. */
function entriesOf(layout: TableLayout): number[] {
  const weights = layout.facts.flatMap(({ outputChannels }, layer) =>
    GRANULARITIES.flatMap((granularity) =>
      SYMMETRIES.flatMap((symmetry) =>
        BITS.flatMap((bits) => {
          const entry = layout.weightEntry(layer, granularity, symmetry, bits);
          return Array.from({ length: granularity === 'channel' ? outputChannels : 1 }, (_, c) => entry + c);
        }),
      ),
    ),
  );
  const activations = layout.points.flatMap((_, q) =>
    SYMMETRIES.flatMap((symmetry) => BITS.map((bits) => layout.activationEntry(q, symmetry, bits))),
  );
  return [...weights, ...activations];
}

describe('TableLayout', () => {
  test.each([
    ['small CNN', createModel({ architecture: 'small-cnn' }, [28, 28, 1], 10)],
    ['ResNet20', createModel({ architecture: 'resnet20' }, [32, 32, 3], 10)],
    ['ResNet18', RESNET18],
    ['residual', RESIDUAL],
    ['depthwise', DEPTHWISE],
  ] satisfies [string, LayerGraph][])('%s: quantizers do not overlap, fill the table and leave entry 0 alone', (_, graph) => {
    const layout = new TableLayout(graph);
    const entries = entriesOf(layout).sort((a, b) => a - b);
    expect(entries).toEqual(Array.from({ length: layout.size - 1 }, (_, i) => i + 1));
    expect(layout.channels).toBe(layout.facts.reduce((sum, { outputChannels }) => sum + outputChannels, 0));
  });

  test('ResNet18 has the learnable scalars of eqnet-spec 1.2', () => {
    const layout = new TableLayout(RESNET18);
    const layers = layout.facts.length;
    const channels = 64 + 4 * 64 + 5 * 128 + 5 * 256 + 5 * 512 + 1000;
    expect([layers, layout.channels, layout.points.length]).toEqual([21, channels, 29]);
    // Step sizes in both symmetries, offsets in the asymmetric half: 3 x 7 for each channel, each weight tensor and each
    // activation quantizer. The paper's code has one of the latter for each layer; here it is one for each tensor: the
    // inputs of layers that share a tensor count once, the branches of residual Adds come on top.
    const learnable = (layout.size - 1) * 1.5;
    expect(learnable).toBe(21 * (channels + layers) + 21 * 29);
    expect(learnable - 21 * 29 + 21 * layers).toBe(122_682);
  });

  test('elements of each quantized tensor for one image', () => {
    const layout = new TableLayout(SINGLE_CONV);
    expect(layout.points.map(({ tensor }, q) => [tensor, layout.pointElements[q]])).toEqual([
      ['image', 7 * 6 * 3],
      ['pool', 6],
    ]);
  });
});

describe('isSigned', () => {
  test.each([
    ['input', false],
    ['stem', true],
    ['stem.bn', true],
    ['stem.relu', false],
    ['a.add', true],
    ['a.relu', false],
    ['b.add', true],
    ['pool', false],
    ['fc', true],
  ])('%s: %s', (tensor, signed) => {
    expect(isSigned(RESIDUAL, tensor)).toBe(signed);
  });

  test('a sum of tensors without negative values has none, pooling keeps the sign', () => {
    const { layers } = RESIDUAL;
    const graph: LayerGraph = {
      ...RESIDUAL,
      layers: [
        ...layers,
        { kind: 'add', name: 'sum', inputs: ['b.relu', 'a.relu'] },
        { kind: 'globalpool', name: 'unsigned', inputs: ['sum'] },
        { kind: 'globalpool', name: 'signed', inputs: ['a.add'] },
      ],
    };
    expect([isSigned(graph, 'unsigned'), isSigned(graph, 'signed')]).toEqual([false, true]);
  });

  test.each([
    ['of the image, all of it above its mean', 'input', [0, 1], false],
    ['of the image, upside down', 'input', [1, -1], false],
    ['of a tensor without negative values', 'a.relu', [-0.5, 1], false],
    ['of one, upside down: it has no upper bound', 'a.relu', [1, -1], true],
    ['of one with negative values', 'a.add', [-0.5, 1], true],
  ] as const)('a normalization %s', (_, input, [mean, std], signed) => {
    const channels = inferShapes(RESIDUAL).get(input)!.at(-1)!;
    const layer = {
      kind: 'normalize',
      name: 'n',
      inputs: [input],
      mean: Array(channels).fill(mean),
      std: Array(channels).fill(std),
    } as const;
    expect(isSigned({ ...RESIDUAL, layers: [...RESIDUAL.layers, layer] }, 'n')).toBe(signed);
  });
});
