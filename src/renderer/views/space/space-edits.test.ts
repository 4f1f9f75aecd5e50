import { describe, expect, test } from 'vitest';
import { resnet } from '../../../shared/domain/test-networks.ts';
import { layerFacts, quantizationPoints, type LayerFacts } from '../../../shared/domain/layer-graph.ts';
import { spaceProblems } from '../../../shared/domain/layer-space.ts';
import { recipeSchema } from '../../../shared/schema/recipe.ts';
import { columnIndex, columnOf, networkRow, rowsOf, stagesOf } from './matrix-rows.ts';
import { applyPreset, PRESETS } from './presets.ts';
import {
  isFree,
  overriddenLayers,
  paint,
  pinLayers,
  readersWith,
  resetAll,
  resetLayers,
  setLayers,
  setNetwork,
  spaceNet,
  toggled,
  type Paint,
  type Space,
} from './space-edits.ts';
import { bitsText, growthOf, spaceFacts } from './space-facts.ts';

const GRAPH = resnet(18);
const NET = spaceNet(layerFacts(GRAPH), quantizationPoints(GRAPH));
const FULL = recipeSchema.shape.space.parse({});
const PAIR = ['layer2.0.conv1', 'layer2.0.downsample'];
const of = (layers: Space['layers'], base: Partial<Space> = {}): Space => ({ ...FULL, ...base, layers });

describe('layers kept at 8 bits', () => {
  const [first, last] = [NET.facts[0].name, NET.facts.at(-1)!.name];

  test('lose bit-widths of their own, and those of an input that others read too; forms stay', () => {
    const layers = {
      [PAIR[0]]: { weightBits: [4], activationBits: [4], granularities: ['channel'] },
      [PAIR[1]]: { weightBits: [5], activationBits: [4] },
    } satisfies Space['layers'];
    const kept = pinLayers(of(layers), NET, [PAIR[0]], true);
    expect(kept).toEqual({
      ...FULL,
      pinned: [PAIR[0]],
      layers: { [PAIR[0]]: { granularities: ['channel'] }, [PAIR[1]]: { weightBits: [5] } },
    });
    const net = spaceNet(layerFacts(GRAPH), quantizationPoints(GRAPH), kept.pinned);
    expect(spaceProblems(kept, net.facts, net.points)).toEqual([]);
    expect(['weightBits', 'activationBits'].map((field) => isFree(net, PAIR[0], field as 'weightBits'))).toEqual([false, false]);
    expect(['weightBits', 'activationBits'].map((field) => isFree(net, PAIR[1], field as 'weightBits'))).toEqual([true, false]);
    expect(paint(kept, net, { target: [PAIR[0]], axis: 'weightBits', bits: [2], on: false })).toEqual({ space: kept, kept: [] });
    const row = rowsOf(kept, net, GRAPH, 'layers').find(({ title }) => title === PAIR[0]);
    expect(row).toMatchObject({ pinned: true, overridden: true, locked: { weightBits: true, activationBits: true } });
  });

  test('are listed in network order, once; the first and the last are not', () => {
    const names = [PAIR[1], 'layer1.0.conv1', last, first, 'layer1.0.conv1'];
    expect(pinLayers(pinLayers(FULL, NET, [PAIR[0]], true), NET, names, true).pinned).toEqual(['layer1.0.conv1', ...PAIR]);
  });

  test('are free again one by one, by a reset of the layer, or all at once', () => {
    const kept = pinLayers(FULL, NET, PAIR, true);
    expect(pinLayers(kept, NET, [PAIR[0]], false)).toEqual({ ...FULL, pinned: [PAIR[1]] });
    expect(pinLayers(kept, NET, PAIR, false)).toEqual(FULL);
    expect(resetLayers(kept, NET, [PAIR[0]])).toEqual({ ...FULL, pinned: [PAIR[1]] });
    expect(resetAll(kept)).toEqual(FULL);
    expect(overriddenLayers(kept)).toEqual(PAIR);
  });

  test('all of them leave nothing to choose', () => {
    const names = NET.facts.map(({ name }) => name);
    const all = pinLayers(FULL, NET, names, true);
    const net = spaceNet(layerFacts(GRAPH), quantizationPoints(GRAPH), all.pinned);
    expect(spaceProblems(all, net.facts, net.points)).toEqual([
      expect.stringMatching(/keeps every layer at 8 bits, which leaves nothing to choose/),
    ]);
  });

  test('make the space smaller than it is without them', () => {
    const kept = pinLayers(FULL, NET, PAIR, true);
    const facts = spaceFacts(kept, spaceNet(layerFacts(GRAPH), quantizationPoints(GRAPH), kept.pinned))!;
    expect(facts.sizeWithout).toBeCloseTo(spaceFacts(FULL, NET)!.size, 9);
    // two weight genes and one of their input less, 7 choices each
    expect(facts.sizeWithout - facts.size).toBeCloseTo(3 * Math.log10(7), 9);
  });
});

describe('painting', () => {
  test.each<[string, Space, Paint, Space['layers'], Partial<Space>]>([
    [
      'one layer',
      FULL,
      { target: ['layer1.0.conv2'], axis: 'weightBits', bits: [2, 3], on: false },
      { 'layer1.0.conv2': { weightBits: [4, 5, 6, 7, 8] } },
      {},
    ],
    [
      'back to the set of the network',
      of({ 'layer1.0.conv2': { weightBits: [4, 5, 6, 7, 8] } }),
      { target: ['layer1.0.conv2'], axis: 'weightBits', bits: [2, 3], on: true },
      {},
      {},
    ],
    [
      'activations of layers that read one tensor',
      FULL,
      { target: [PAIR[1]], axis: 'activationBits', bits: [2], on: false },
      Object.fromEntries(PAIR.map((name) => [name, { activationBits: [3, 4, 5, 6, 7, 8] }])),
      {},
    ],
    [
      'weights of layers that read one tensor',
      FULL,
      { target: [PAIR[1]], axis: 'weightBits', bits: [2], on: false },
      { [PAIR[1]]: { weightBits: [3, 4, 5, 6, 7, 8] } },
      {},
    ],
    ['the first layer', FULL, { target: ['conv1'], axis: 'weightBits', bits: [2], on: false }, {}, {}],
    [
      'the network',
      of({ 'layer1.0.conv2': { weightBits: [2] } }),
      { target: 'network', axis: 'weightBits', bits: [2], on: false },
      { 'layer1.0.conv2': { weightBits: [2] } },
      { weightBits: [3, 4, 5, 6, 7, 8] },
    ],
    [
      'a column in all layers',
      of({ 'layer1.0.conv2': { weightBits: [2, 4], activationBits: [4] } }),
      { target: 'all', axis: 'weightBits', bits: [2], on: false },
      { 'layer1.0.conv2': { weightBits: [4], activationBits: [4] } },
      { weightBits: [3, 4, 5, 6, 7, 8] },
    ],
  ])('%s', (_, space, what, layers, rest) => {
    const before = JSON.stringify(space);
    expect(paint(space, NET, what)).toEqual({ space: { ...space, ...rest, layers }, kept: [] });
    expect(JSON.stringify(space)).toBe(before);
  });

  test('what would be left without a bit-width keeps what it has', () => {
    const space = of({ 'layer1.0.conv2': { weightBits: [4] } });
    const all = paint(space, NET, { target: 'all', axis: 'weightBits', bits: [4], on: false });
    expect([all.kept, all.space.layers, all.space.weightBits]).toEqual([['layer1.0.conv2'], space.layers, [2, 3, 5, 6, 7, 8]]);
    expect(paint({ ...FULL, weightBits: [2] }, NET, { target: 'network', axis: 'weightBits', bits: [2], on: false }).kept).toEqual(['']);
  });

  test('readers that cannot agree get what was wished for, together', () => {
    const broken = of({ [PAIR[0]]: { activationBits: [2] }, [PAIR[1]]: { activationBits: [8] } });
    const mended = paint(broken, NET, { target: [PAIR[0]], axis: 'activationBits', bits: [4], on: true });
    expect(PAIR.map((name) => mended.space.layers[name].activationBits)).toEqual([
      [2, 4],
      [2, 4],
    ]);
    expect(spaceProblems(mended.space, NET.facts, NET.points)).toEqual([]);
  });
});

test('who reads a tensor, and what is free', () => {
  expect(readersWith(NET, PAIR[0])).toEqual(PAIR);
  expect(readersWith(NET, 'layer1.0.conv2')).toEqual(['layer1.0.conv2']);
  expect(['conv1', 'fc', PAIR[0], 'nowhere'].map((name) => isFree(NET, name, 'activationBits'))).toEqual([false, false, true, false]);
  expect(isFree(NET, 'conv1', 'granularities')).toBe(true);
});

test('forms of layers: own, as the network, and of a shared tensor', () => {
  const own = setLayers(FULL, NET, ['fc', 'conv1'], 'granularities', ['channel']);
  expect(Object.entries(own.layers)).toEqual([
    ['conv1', { granularities: ['channel'] }],
    ['fc', { granularities: ['channel'] }],
  ]);
  const both = setLayers(own, NET, [PAIR[0]], 'activationSymmetries', ['symmetric']);
  expect(Object.keys(both.layers)).toEqual(['conv1', ...PAIR, 'fc']);
  expect(resetLayers(both, NET, [PAIR[1]]).layers).toEqual(own.layers);
  expect(setLayers(own, NET, ['fc'], 'granularities', ['channel', 'tensor']).layers).toEqual({ conv1: { granularities: ['channel'] } });
  expect([resetAll(both).layers, setNetwork(FULL, 'granularities', ['channel']).granularities]).toEqual([{}, ['channel']]);
});

test.each([
  [['tensor', 'channel'], 'channel', false, ['tensor']],
  [['tensor'], 'channel', true, ['tensor', 'channel']],
  [['tensor'], 'tensor', false, ['channel']],
])('%j with %s ticked %j', (set, value, on, expected) => expect(toggled('granularities', set, value, on)).toEqual(expected));

describe('rows', () => {
  const text = (states: readonly string[]): string =>
    states.map((state) => ({ on: '#', some: '?', off: '.', locked: ' ' })[state]).join('');

  test('of layers', () => {
    const rows = rowsOf(of({ 'layer1.0.conv2': { weightBits: [4, 8] } }, { activationBits: [8, 2] }), NET, GRAPH, 'layers');
    const row = rows.find(({ key }) => key === 'layer1.0.conv2');
    expect(row).toMatchObject({
      number: 3,
      shape: '3×3·64→64',
      overridden: true,
      locked: { weightBits: false, activationBits: false },
      shares: [],
    });
    expect([text(row!.cells.weightBits), text(row!.cells.activationBits)]).toEqual(['..#...#', '#.....#']);
    expect(rows[0]).toMatchObject({ shape: '7×7·3→64', locked: { weightBits: true, activationBits: true } });
    expect([text(rows[0].cells.weightBits), rows.at(-1)?.shape]).toEqual(['      #', '512→1000']);
    expect(rows.find(({ key }) => key === PAIR[0])?.shares).toEqual([PAIR[1]]);
    expect(text(networkRow(FULL, NET).cells.weightBits)).toBe('#######');
  });

  test('of layers that wish for different activations of one tensor', () => {
    const rows = rowsOf(of({ [PAIR[0]]: { activationBits: [2, 3, 4] }, [PAIR[1]]: { activationBits: [4, 5] } }), NET, GRAPH, 'layers');
    expect(PAIR.map((name) => text(rows.find(({ key }) => key === name)!.cells.activationBits))).toEqual(['??#....', '..#?...']);
  });

  test('of stages', () => {
    const rows = rowsOf(of({ 'layer1.0.conv2': { weightBits: [4, 8] } }), NET, GRAPH, 'stages');
    expect(rows.map(({ key }) => key)).toEqual(['conv1', 'layer1', 'layer2', 'layer3', 'layer4', 'fc']);
    expect(rows[1]).toMatchObject({ number: null, overridden: true, shape: '64→64' });
    expect(text(rows[1].cells.weightBits)).toBe('??#???#');
  });

  test('stages of plain names are layers of one output size', () => {
    const facts = [28, 14, 14, 7, 7].map((size, index) => ({
      name: `c${index + 1}`,
      pinned: index === 0,
      outputShape: [size, size, 8],
    })) as unknown as LayerFacts[];
    expect(stagesOf(facts)).toEqual([
      { title: 'c1', layers: ['c1'] },
      { title: 'c2–c3', layers: ['c2', 'c3'] },
      { title: 'c4–c5', layers: ['c4', 'c5'] },
    ]);
  });

  test('columns', () => {
    expect([columnOf(0), columnOf(15)]).toEqual([null, null]);
    expect(columnOf(columnIndex('activationBits', 3))).toEqual({ axis: 'activationBits', bits: 3 });
  });
});

describe('numbers of a space', () => {
  test('an override halves the choices of one layer', () => {
    const whole = spaceFacts(FULL, NET)!;
    const part = spaceFacts(of({ 'layer1.0.conv2': { weightBits: [8] } }), NET)!;
    expect(part.size).toBeCloseTo(whole.size - Math.log10(7), 9);
    expect([part.sizeWithout, part.float]).toEqual([whole.size, whole.float]);
    expect(part.smallest).toBeGreaterThan(whole.smallest);
    expect(whole.largest).toBeLessThan(whole.float);
    expect([whole.weights.low, whole.weights.high]).toEqual([2, 8]);
  });
  test('a space without a common choice has none', () => {
    expect(spaceFacts(of({ [PAIR[0]]: { activationBits: [2] }, [PAIR[1]]: { activationBits: [3] } }), NET)).toBeNull();
  });
  test.each([
    [2, 2, 'same', null],
    [2, 2 + Math.log10(1.2), 'grew', 0.2],
    [2, 3.5, 'grew', null],
    [2, 2 + Math.log10(0.27), 'shrank', 0.73],
    [9, 2, 'shrank', null],
  ])('from 10^%f to 10^%f', (before, after, direction, share) => {
    const growth = growthOf(before, after);
    expect(growth.direction).toBe(direction);
    if (share === null) expect(growth.share).toBeNull();
    else expect(growth.share).toBeCloseTo(share, 9);
  });
  test.each([
    [[2, 3, 4, 5, 6, 7, 8], '2–8'],
    [[8, 2, 4], '2, 4, 8'],
    [[2, 3, 8], '2, 3, 8'],
    [[2, 4, 5, 6], '2, 4–6'],
  ])('%j', (bits, text) => expect(bitsText(bits)).toBe(text));
});

test.each(PRESETS)('preset %s is a valid space that keeps what it does not state', (preset) => {
  const space = of({ 'layer1.0.conv2': { weightBits: [5], granularities: ['tensor'] } }, { weightBits: [3, 5] });
  const next = applyPreset(space, preset);
  expect(recipeSchema.shape.space.parse(next)).toEqual(next);
  expect(spaceProblems(next, NET.facts, NET.points)).toEqual([]);
  expect(next.layers['layer1.0.conv2']?.weightBits).toEqual(
    ['paper', 'small', 'high', 'powers', 'weightsOnly'].includes(preset) ? undefined : [5],
  );
  expect(applyPreset(next, preset)).toEqual(next);
});
