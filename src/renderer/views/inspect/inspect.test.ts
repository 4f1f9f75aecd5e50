import { describe, expect, test } from 'vitest';
import type { RunView, ShelfEntry } from '../../../shared/contract/api/views.ts';
import type { SensitivityView } from '../../../shared/contract/look.ts';
import { configurationKey, uniformConfiguration } from '../../../shared/domain/configuration.ts';
import { configurationCost } from '../../../shared/domain/cost.ts';
import { ALL_BITS, parseForm } from '../../../shared/domain/form.ts';
import { RESNET18_FACTS as facts, RESNET18_POINTS as points } from '../../../shared/domain/test-networks.ts';
import { validateConfiguration } from '../../../shared/domain/validate-configuration.ts';
import { recipeSchema } from '../../../shared/schema/recipe.ts';
import { changedLayers, choicesOf, setActivationBits, setLayerForm, setNetworkForm, setWeightBits, sharersOf } from './edit.ts';
import { changeOf, effectRows } from './effect.ts';
import { readInspectSettings } from './inspect-settings.ts';
import { layerNoise, layerRows, layerSnr, meanSnr, narrowName, noiseOf, orderRows } from './layer-rows.ts';
import { findSubject, measuredOf } from './subject.ts';

const { space } = recipeSchema.parse({ name: 'test' });
const start = uniformConfiguration(facts, 4, parseForm('tss'), points);
const shared = points.find(({ readers }) => readers.length > 1 && !readers.some((index) => facts[index].pinned))!.readers;

describe('edits by hand', () => {
  test('weights change alone, activations with all that read the tensor', () => {
    const [one, other] = shared;
    expect(changedLayers(start, setWeightBits(start, one, 7))).toEqual([facts[one].name]);
    const both = setActivationBits(start, points, one, 7);
    expect(changedLayers(start, both)).toEqual([...shared].sort((a, b) => a - b).map((index) => facts[index].name));
    expect(both.layers[other].activationBits).toBe(7);
    expect(() => validateConfiguration(both, facts, space, points)).not.toThrow();
  });

  test('the form of one layer brings the symmetry of its activations to the others', () => {
    const [one, other] = shared;
    const next = setLayerForm(start, points, one, parseForm('caa'));
    expect([next.layers[one].granularity, next.layers[one].weightSymmetry]).toEqual(['channel', 'asymmetric']);
    expect([next.layers[other].granularity, next.layers[other].activationSymmetry]).toEqual(['tensor', 'asymmetric']);
    expect(() => validateConfiguration(next, facts, space, points)).not.toThrow();
  });

  test('a layer that does not allow a part of the form of the network keeps to its own', () => {
    const own = { ...space, layers: { [facts[3].name]: { granularities: ['tensor' as const] } } };
    const next = setNetworkForm(start, own, facts, points, 'csa');
    expect(next.layers[3].granularity).toBe('tensor');
    expect(next.layers[4]).toMatchObject({ granularity: 'channel', weightSymmetry: 'symmetric', activationSymmetry: 'asymmetric' });
    expect(() => validateConfiguration(next, facts, own, points)).not.toThrow();
  });

  test('choices keep to the space', () => {
    const own = { ...space, weightBits: [2, 4], layers: { [facts[shared[0]].name]: { activationBits: [3, 4] } } };
    const choices = choicesOf(own, facts, points);
    expect(choices[0]).toMatchObject({ pinned: true, weightBits: [8], activationBits: [8] });
    expect(choices[3].weightBits).toEqual([2, 4]);
    for (const index of shared) expect(choices[index].activationBits).toEqual([3, 4]);
    expect(choices[shared[0]].shares).toEqual(
      sharersOf(points, shared[0])
        .filter((each) => each !== shared[0])
        .map((each) => facts[each].name),
    );
    expect(choices[3].forms).toHaveLength(8);
  });
});

const decibels = ALL_BITS.map((bits) => bits * 6);
const view: SensitivityView = {
  layers: facts.map(({ name }) => ({
    name,
    weights: { ts: decibels, ta: decibels, cs: decibels.map((value) => value + 1), ca: decibels.map(() => null) },
    activations: { s: decibels.map((value) => value - 4), a: decibels },
  })),
};

describe('noise of the layers', () => {
  test.each([
    ['tss', { weights: 24, activations: 20 }],
    ['css', { weights: 25, activations: 20 }],
    ['tsa', { weights: 24, activations: 24 }],
    ['caa', { weights: null, activations: 24 }],
  ] as const)('%s at 4 bits', (form, expected) => {
    expect(layerSnr(view, uniformConfiguration(facts, 4, parseForm(form)).layers[3])).toEqual(expected);
  });
  test('10 dB are a tenth; unknown weights make the whole unknown, unknown activations count nothing', () => {
    expect(noiseOf(10)).toBeCloseTo(0.1, 12);
    expect(layerNoise({ weights: 10, activations: 20 })).toBeCloseTo(0.11, 12);
    expect(layerNoise({ weights: 10, activations: null })).toBeCloseTo(0.1, 12);
    expect(layerNoise({ weights: null, activations: 20 })).toBeNull();
  });
  test('the mean is that of the noise, not of the decibels', () => {
    expect(meanSnr([10, 20])).toBeCloseTo(-10 * Math.log10(0.055), 12);
    expect([meanSnr([]), meanSnr([10, null])]).toEqual([null, null]);
  });
});

describe('rows', () => {
  const edited = setWeightBits(start, 5, 2);
  const rows = layerRows(edited, start, facts, view);
  test('shares of the whole are one together', () => {
    for (const share of ['sizeShare', 'bitOpsShare', 'noiseShare'] as const)
      expect(rows.reduce((sum, row) => sum + row[share]!, 0)).toBeCloseTo(1, 9);
  });
  test('only edited layers tell what they were', () => {
    expect(rows.filter(({ was }) => was !== null).map(({ name, was }) => [name, was!.weightBits])).toEqual([[facts[5].name, 4]]);
  });
  test('by error and by size the largest comes first', () => {
    expect(orderRows(rows, 'error')[0].number).toBe(6);
    const sizes = orderRows(rows, 'size').map(({ cost }) => cost.sizeBytes);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(orderRows(rows, 'network').map(({ number }) => number)).toEqual(facts.map((_, index) => index + 1));
  });
});

test('the effect counts from the values as shown', () => {
  const edited = setWeightBits(start, 5, 2);
  const rows = effectRows(
    { configuration: edited, predicted: 0.91234, measured: null },
    { configuration: start, predicted: 0.91116, measured: 0.9 },
    facts,
    view,
  );
  const by = Object.fromEntries(rows.map((row) => [row.effect, row]));
  expect(by.predicted.before).toBeCloseTo(91.116, 9);
  expect(changeOf(by.predicted)).toBe(0.11);
  expect([by.measured.before, by.measured.after, changeOf(by.measured)]).toEqual([90, null, null]);
  expect(by.size.after).toBeCloseTo(configurationCost(edited, facts).total.sizeBytes / 1000, 9);
  expect(changeOf(by.size)).toBeLessThan(0);
  expect(effectRows({ configuration: start, predicted: null, measured: null }, null, facts, null)[0]).toMatchObject({
    before: null,
    after: null,
  });
});

describe('what is shown', () => {
  const key = configurationKey(start);
  const candidate = {
    id: 'a',
    configuration: start,
    measured: 0.9,
    measuredImages: 100,
    interval: null,
  } as unknown as RunView['candidates'][number];
  const run = { id: 'r-1', network: { layers: facts }, candidates: [candidate] } as unknown as RunView;
  const entry = {
    id: 'e',
    run: 'r-1',
    name: 'Knee',
    configuration: start,
    candidateId: null,
    measured: null,
    compare: null,
  } as unknown as ShelfEntry;

  test.each([
    ['an entry', { shelf: 'e' }, 'Knee'],
    ['a key whose configuration is on the shelf', { run: 'r-1', key }, 'Knee'],
    ['a deleted entry that came with its key', { shelf: 'x', run: 'r-1', key }, 'Knee'],
    ['a deleted entry', { shelf: 'x' }, 'noEntry'],
    ['a deleted run', { run: 'r-2', key }, 'noRun'],
    ['a key of another network', { run: 'r-1', key: 'tss:44-44' }, 'badKey'],
    ['no key', { run: 'r-1' }, 'badKey'],
  ])('%s', (_, place, expected) => {
    const found = findSubject(place, [run], [entry]);
    expect(typeof found === 'string' ? found : found.name).toBe(expected);
  });
  test('a run before its start has no layers', () => {
    expect(findSubject({ run: 'r-1', key }, [{ ...run, network: null }], [])).toBe('noNetwork');
  });
  test('what the run measured counts until it is measured on demand', () => {
    const found = findSubject({ shelf: 'e' }, [run], [entry]);
    if (typeof found === 'string') throw new Error(found);
    expect(measuredOf(found)).toEqual({ accuracy: 0.9, images: 100, interval: [0.9, 0.9] });
    const measured = { accuracy: 0.8, images: 50, interval: [0.7, 0.9] as [number, number], classes: null };
    expect(measuredOf({ ...found, entry: { ...entry, measured } })).toEqual(measured);
  });
});

test.each([
  ['nothing', undefined, 'network', {}],
  ['rubbish', { order: 'x', origins: { a: 1, b: { key: 'k', name: 'n' } } }, 'network', { b: { key: 'k', name: 'n', shelf: null } }],
  ['what was stored', { order: 'size', origins: {} }, 'size', {}],
])('settings from %s', (_, stored, order, origins) => {
  expect(readInspectSettings(stored)).toMatchObject({ order, origins });
});

test.each([
  ['conv1', 'conv1'],
  ['stage1.block2.conv1', 's1.b2.conv1'],
  ['stage3.block1.shortcut', 's3.b1.shortcut'],
  ['a-very-long-single-name', 'a-very-long-single-name'],
])('%s in a narrow column', (name, expected) => expect(narrowName(name)).toBe(expected));
