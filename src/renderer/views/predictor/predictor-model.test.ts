import { describe, expect, test } from 'vitest';
import type { SampleLabel } from '../../../shared/contract/api/views.ts';
import type { PredictorResult } from '../../../shared/contract/job-protocol.ts';
import { FORM_KEYS } from '../../../shared/domain/form.ts';
import { binLabels, formLook, scatterGroups, warningsOf } from './predictor-model.ts';

const score = { pearson: 0.9, kendall: 0.8, rmse: 0.003, samples: 100 };
const result = (change: Partial<PredictorResult> = {}): PredictorResult => ({
  ...score,
  heldOutKind: 'random',
  trainSamples: 200,
  labelDeviation: 0.008,
  noiseCeiling: { ...score, samples: 40 },
  repeatScore: null,
  pearsonLimit: null,
  ridge: score,
  perForm: [],
  heldOut: [
    { index: 4, form: 'tss', predicted: 0.9, measured: 0.91 },
    { index: 5, form: 'caa', predicted: 0.8, measured: 0.79 },
  ],
  warnings: [],
  ...change,
});

describe('warnings', () => {
  test.each<[string, Partial<PredictorResult>, string[]]>([
    ['a good fit has none', {}, []],
    ['a weak order', { kendall: 0.65 }, ['kendallRepeat']],
    ['a weak order without second measurements', { kendall: 0.65, noiseCeiling: null }, ['kendall']],
    ['a constant prediction', { kendall: null, pearson: null }, ['constant']],
    ['equal labels', { labelDeviation: 0, kendall: null, rmse: 1 }, ['equal']],
    ['noisy labels', { noiseCeiling: { ...score, pearson: 0.3 } }, ['noise']],
    ['noisy labels and a weak order', { kendall: 0.2, noiseCeiling: { ...score, pearson: null } }, ['noise', 'kendallRepeat']],
    ['labels that differ less than their sampling error', { noiseCeiling: null, labelDeviation: 0.001 }, ['spread']],
    ['worse than ridge regression', { rmse: 0.004 }, ['ridge']],
  ])('%s', (_, change, expected) => expect(warningsOf(result(change), 2500).map(({ kind }) => kind)).toEqual(expected));
});

test('every form has a look of its own', () => {
  expect(new Set(FORM_KEYS.map((form) => JSON.stringify(formLook(form)))).size).toBe(FORM_KEYS.length);
});

test('held-out configurations are grouped by form, in percent', () => {
  expect(scatterGroups(result().heldOut).map(({ id, name, points }) => [id, name, points[0].x, points[0].y])).toEqual([
    ['tss', 'Tss', 90, 91],
    ['caa', 'Caa', 80, 79],
  ]);
});

describe('labels', () => {
  const label = (accuracy: number, split: SampleLabel['split'], repeat: 0 | 1 = 0): SampleLabel => ({
    index: 0,
    repeat,
    split,
    form: 'tss',
    accuracy,
    images: 10,
  });
  test('first measurements are binned, held-out ones again apart', () => {
    const bins = binLabels([label(0.8, 'train'), label(0.9, 'heldOut'), label(0.1, 'heldOut', 1)], 10)!;
    const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
    expect([sum(bins.counts), sum(bins.heldOut), bins.minimum < 80, bins.maximum > 90]).toEqual([2, 1, true, true]);
  });
  test('one value has a bin, and none has no bins', () => {
    expect(binLabels([label(1, 'train')], 4)?.counts.filter(Boolean)).toEqual([1]);
    expect(binLabels([])).toBeNull();
  });
});
