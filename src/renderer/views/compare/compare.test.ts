import { describe, expect, test } from 'vitest';
import type { RunView, ShelfEntry } from '../../../shared/contract/api/views.ts';
import { uniformConfiguration } from '../../../shared/domain/configuration.ts';
import { parseForm, type FormKey } from '../../../shared/domain/form.ts';
import { chainFacts, RESNET18_FACTS, RESNET18_POINTS } from '../../../shared/domain/test-networks.ts';
import type { LayerFacts } from '../../../shared/domain/layer-graph.ts';
import { recipeSchema } from '../../../shared/schema/recipe.ts';
import type { Letter } from '../../stores/compare.ts';
import { alignedLayers, alignLayers, classAccuracies, layerCostOf, sideOf, wholeCostOf, type Side } from './model.ts';
import { readCompareSettings } from './use-comparison.ts';
import { bitOpsUnit, shownDifference, shownPercent, SIZE_UNIT } from './units.ts';
import { readConfiguration, usableRuns } from './wish.ts';

const named = (names: readonly string[]): LayerFacts[] =>
  chainFacts(names.map(() => 100)).map((fact, index) => ({ ...fact, name: names[index] }));

function side(letter: Letter, names: readonly string[], bits: number, form: FormKey = 'tss', rest: Partial<ShelfEntry> = {}): Side {
  const facts = named(names);
  const run = { id: `run-${letter}`, network: { layers: facts }, candidates: [] } as unknown as RunView;
  const entry = {
    id: letter,
    run: run.id,
    name: `Name ${letter}`,
    configuration: uniformConfiguration(facts, bits, parseForm(form)),
    candidateId: null,
    predicted: null,
    measured: null,
    createdAt: '',
    ...rest,
  };
  return sideOf({ ...entry, compare: letter } as ShelfEntry & { compare: Letter }, run, null, null);
}

describe('one order for several networks', () => {
  test.each([
    [
      'equal ones',
      [
        ['a', 'b', 'c'],
        ['a', 'b', 'c'],
      ],
      ['a', 'b', 'c'],
    ],
    [
      'what is missing stands behind what it follows',
      [
        ['a', 'c'],
        ['a', 'b', 'c', 'd'],
      ],
      ['a', 'b', 'c', 'd'],
    ],
    ['at the front', [['b'], ['a', 'b']], ['a', 'b']],
    [
      'nothing in common',
      [
        ['a', 'b'],
        ['x', 'y'],
      ],
      ['x', 'y', 'a', 'b'],
    ],
    ['none', [], []],
  ])('%s', (_, lists, expected) => expect(alignLayers(lists)).toEqual(expected));
});

describe('aligned layers', () => {
  const a = side('A', ['in', 'x', 'out'], 3);
  const b = side('B', ['in', 'x', 'y', 'out'], 4);
  test('a layer that one lacks is a gap, and differs', () => {
    const layers = alignedLayers([a, b], b);
    expect(layers.map(({ name, number, differs }) => [name, number, differs])).toEqual([
      ['in', 1, false],
      ['x', 2, true],
      ['y', 3, true],
      ['out', 4, false],
    ]);
    expect(layers[2].cells.map((cell) => cell?.layer.weightBits ?? null)).toEqual([null, 4]);
  });
  test('another form of the whole network is no difference of the layers; one by layer is', () => {
    const other = side('A', ['in', 'x', 'y', 'out'], 4, 'css');
    expect(alignedLayers([other, b], b).some(({ differs }) => differs)).toBe(false);
    const layers = b.entry.configuration.layers.map((layer, index) =>
      index === 1 ? { ...layer, granularity: 'channel' as const } : layer,
    );
    const mixed = side('A', ['in', 'x', 'y', 'out'], 4, 'tss', { configuration: { layers } });
    expect(mixed.form).toBeNull();
    expect(alignedLayers([mixed, b], b).map(({ differs }) => differs)).toEqual([false, true, false, false]);
    expect(alignedLayers([mixed, other, b], b).map(({ differs }) => differs)).toEqual([false, true, false, false]);
  });
  test('one whose run was deleted has no layers and makes none differ', () => {
    const gone = sideOf(b.entry as ShelfEntry & { compare: Letter }, null, null, null);
    expect([gone.cost, gone.layers.size]).toEqual([null, 0]);
    expect(alignedLayers([gone, a], a).every(({ differs }) => !differs)).toBe(true);
  });
  test('costs are those of the layer, and nothing where they are not known', () => {
    const cell = b.layers.get('y')!;
    expect([layerCostOf(cell, 'bitOps'), layerCostOf(cell, 'size'), layerCostOf(cell, 'error'), layerCostOf(null, 'size')]).toEqual([
      cell.cost.bitOps,
      cell.cost.sizeBytes,
      null,
      null,
    ]);
    expect(wholeCostOf(b, 'bitOps')).toBe(b.cost!.total.bitOps);
    expect(wholeCostOf(b, 'error')).toBeNull();
  });
});

test('classes in percent; one without images has no value', () => {
  const measured = {
    accuracy: 0.5,
    images: 4,
    interval: [0, 1] as [number, number],
    classes: [
      { correct: 1, images: 4 },
      { correct: 0, images: 0 },
    ],
  };
  expect(classAccuracies(side('A', ['a', 'b', 'c'], 4, 'tss', { measured }))).toEqual([25, null]);
  expect(classAccuracies(side('A', ['a', 'b', 'c'], 4))).toBeNull();
});

describe('differences are those of the numbers shown', () => {
  test.each([
    [97_540, 140_410, -31],
    [140_410, 140_410, 0],
    [5, 0, null],
  ])('%d to %d: %s %%', (after, before, expected) => expect(shownPercent(after, before, SIZE_UNIT)).toBe(expected));
  test('in the unit', () => expect(shownDifference(97_549, 97_451, SIZE_UNIT)).toBe(0));
  test('BitOps in G or M', () => expect([bitOpsUnit([2e8, 3]).unit, bitOpsUnit([9e7]).unit, bitOpsUnit([]).unit]).toEqual(['G', 'M', 'M']));
});

describe('a configuration as text', () => {
  const { space } = recipeSchema.parse({ name: 'test' });
  const good = uniformConfiguration(RESNET18_FACTS, 4, parseForm('tss'), RESNET18_POINTS);
  const read = (text: string) => readConfiguration(text, RESNET18_FACTS, space, RESNET18_POINTS);
  test('is read in network order', () => {
    expect(read(`\ufeff${JSON.stringify({ layers: [...good.layers].reverse() })}`)).toEqual({ configuration: good });
  });
  test.each([
    ['no JSON', '{', /JSON/],
    ['another shape', '{"layers":[{"name":"a"}]}', /layers\[0\]\.weightBits/],
    ['too many bits', JSON.stringify({ layers: [{ ...good.layers[1], weightBits: 9 }] }), /layers\[0\]\.weightBits/],
    ['another network', JSON.stringify({ layers: [{ ...good.layers[1], name: 'nowhere' }] }), /'nowhere' is not in this network/],
    [
      'the first layer below 8 bits',
      JSON.stringify({ layers: good.layers.map((layer) => ({ ...layer, weightBits: 4 })) }),
      /is kept at 8 bits, as the first and the last one are/,
    ],
  ])('%s', (_, text, expected) => {
    const result = read(text);
    expect('problems' in result && result.problems.join('\n')).toMatch(expected);
  });
});

test('only trained runs can be added from, newest first', () => {
  const run = (id: string, state: string) => ({ id, network: {}, phases: { supernet: { state } } }) as unknown as RunView;
  expect(usableRuns([run('a', 'done'), run('b', 'failed'), run('c', 'done')]).map(({ id }) => id)).toEqual(['c', 'a']);
});

test.each([
  [undefined, 'bitOps', null],
  [{ cost: 'size', chosen: 'B' }, 'size', 'B'],
  [{ cost: 'x', chosen: 'E' }, 'bitOps', null],
])('settings from %j', (stored, cost, chosen) => expect(readCompareSettings(stored)).toEqual({ cost, chosen }));
