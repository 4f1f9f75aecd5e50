import { describe, expect, test } from 'vitest';
import { inferShapes } from '../domain/layer-graph.ts';
import { checkLayerList, expandLayers, layerListSchema } from './layer-list.ts';
import { parseRecipe } from './presets.ts';

const IMAGE = [8, 9, 3] as const;
const expand = (list: unknown) => expandLayers(layerListSchema.parse(list), IMAGE, 5);
const ENDS = [{ kind: 'globalpool' }, { kind: 'linear' }];

test('entries become layers, with their normalization and activation; names stand for the whole entry', () => {
  const graph = expand([
    { kind: 'conv', filters: 4, stride: 2, norm: true, activation: 'relu' },
    { kind: 'conv', name: 'deep', filters: 4, groups: 'depthwise', norm: true },
    { kind: 'add', inputs: ['deep', 'conv1'] },
    { kind: 'conv', filters: 6, kernel: [1, 2], input: 'conv1', activation: 'relu6' },
    { kind: 'concat', inputs: ['add1', 'conv3'] },
    ...ENDS,
  ]);
  expect(graph.layers.map(({ name, kind, inputs }) => [name, kind, ...inputs].join(' '))).toEqual([
    'input input',
    'conv1 conv input',
    'conv1.bn batchnorm conv1',
    'conv1.relu relu conv1.bn',
    'deep conv conv1.relu',
    'deep.bn batchnorm deep',
    'add1 add deep.bn conv1.relu',
    'conv3 conv conv1.relu',
    'conv3.relu relu conv3',
    'concat1 concat add1 conv3.relu',
    'globalpool1 globalpool concat1',
    'linear1 linear globalpool1',
  ]);
  expect(graph.layers.filter((layer) => layer.kind === 'conv').map(({ groups, bias }) => [groups, bias])).toEqual([[1, false], [4, false], [1, true]]); // prettier-ignore
  expect(inferShapes(graph).get('concat1')).toEqual([4, 5, 10]);
});

describe('what does not fit is told at its entry', () => {
  test.each<[string, unknown, number | null, RegExp]>([
    ['a kernel larger than its image', [{ kind: 'maxpool', kernel: 3 }, { kind: 'conv', filters: 4, kernel: 9, padding: 'valid' }, ...ENDS], 1, /^Layer 'conv1' \(conv\) has a kernel of 9x9 that is larger than its input of 2x3/], // prettier-ignore
    [
      'shapes that cannot be added',
      [{ kind: 'conv', filters: 4 }, { kind: 'add', inputs: ['conv1', 'input'] }, ...ENDS],
      1,
      /adds shapes \[8x9x4\] and \[8x9x3\]/,
    ],
    [
      'a layer that is not there',
      [{ kind: 'conv', filters: 4, input: 'later' }, ...ENDS],
      0,
      /Layer 'conv1' reads 'later', which no earlier layer produces/,
    ],
    ['a name twice', [{ kind: 'conv', filters: 4, name: 'a' }, { kind: 'relu', name: 'a' }, ...ENDS], 1, /already taken/],
    ['a linear layer on an image', [{ kind: 'conv', filters: 4 }, { kind: 'linear' }], 1, /needs a vector, got \[8x9x4\]/],
    ['an unknown kind', [{ kind: 'conv', filters: 4 }, { kind: 'lstm' }], 1, /'kind'/],
    ['a field that is wrong', [{ kind: 'conv', filters: 0 }], 0, /'filters'/],
    ['no text of a list', '{', null, /not valid JSON/],
    [
      'an end that is no classifier',
      [
        { kind: 'conv', filters: 4 },
        { kind: 'conv', filters: 4 },
      ],
      null,
      /is the last and gives \[8x9x4\], where one number for each of the 5 classes belongs/,
    ],
    [
      'a loose end',
      [{ kind: 'conv', filters: 4 }, { kind: 'relu', input: 'input' }, ...ENDS],
      null,
      /Layer 'conv1' \(conv\) is read by no other layer/,
    ],
    [
      'a batch normalization of its own',
      [{ kind: 'conv', filters: 4 }, { kind: 'maxpool', kernel: 2 }, { kind: 'batchnorm' }, ...ENDS],
      null,
      /does not stand directly behind a convolution/,
    ],
    ['one layer only', ENDS, null, /fewer than two/],
  ])('%s', (_, list, entry, message) => {
    const { network, problem } = checkLayerList(typeof list === 'string' ? list : JSON.stringify(list), IMAGE, 5);
    expect(network).toBeNull();
    expect(problem).toEqual({ entry, text: expect.stringMatching(message) });
  });

  test('what fits comes with its costs', () => {
    const { network, problem } = checkLayerList(JSON.stringify([{ kind: 'conv', filters: 4 }, ...ENDS]), IMAGE, 5);
    expect(problem).toBeNull();
    expect(network).toMatchObject({ parameters: 27 * 4 + 4 + 20 + 5, macs: 72 * 27 * 4 + 20 });
  });
});

test.each([
  ['file', /'model\.file': architecture 'file' needs the name of an imported network/],
  ['layers', /'model\.layers': architecture 'layers' needs a list of layers/],
])('a recipe with architecture %s says what it lacks', (architecture, message) => {
  expect(() => parseRecipe({ name: 'a', model: { architecture } }, 'The recipe')).toThrow(message);
});
