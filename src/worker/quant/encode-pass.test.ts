import { describe, expect, test } from 'vitest';
import { uniformConfiguration } from '../../shared/domain/configuration.ts';
import { FORMS, formKey, parseForm } from '../../shared/domain/form.ts';
import { RESIDUAL } from '../export/random-views.ts';
import { activationChoices, encodePass } from './encode-pass.ts';
import { TableLayout } from './table-layout.ts';

const layout = new TableLayout(RESIDUAL);
const { facts, points, channels } = layout;

describe.each(FORMS.map((form) => ({ key: formKey(form), form })))('form $key', ({ form }) => {
  test.each([2, 3, 4, 5, 6, 7, 8])('%i bits: which entries, which codes, which gradient scales', (bits) => {
    const configuration = uniformConfiguration(facts, bits, form, points);
    const batch = 6;
    const feeds = encodePass(layout, configuration, batch);
    let at = 0;
    facts.forEach(({ outputChannels, weights, pinned }, i) => {
      const own = pinned ? 8 : bits;
      const entry = layout.weightEntry(i, form.granularity, form.weightSymmetry, own);
      const expected = Array.from({ length: outputChannels }, (_, c) => (form.granularity === 'channel' ? entry + c : entry));
      expect([...feeds.stepIndex.subarray(at, at + outputChannels)]).toEqual(expected);
      expect([...feeds.offsetIndex.subarray(at, at + outputChannels)]).toEqual(
        form.weightSymmetry === 'asymmetric' ? expected : expected.map(() => 0),
      );
      expect([feeds.weightLow[i], feeds.weightHigh[i]]).toEqual([-(2 ** (own - 1)), 2 ** (own - 1) - 1]);
      const elements = form.granularity === 'channel' ? weights / outputChannels : weights;
      expect(feeds.weightScale[i]).toBe(Math.fround(1 / Math.sqrt((2 ** (own - 1) - 1) * elements)));
      at += outputChannels;
    });
    points.forEach(({ tensor, readers }, q) => {
      // Tensors that only a residual Add reads, the network's input and the input of the classifier keep 8 bits.
      const own = readers.length && tensor !== 'input' && tensor !== 'pool' ? bits : 8;
      const entry = layout.activationEntry(q, form.activationSymmetry, own);
      const signed = tensor.endsWith('.bn');
      expect(feeds.stepIndex[channels + q]).toBe(entry);
      expect(feeds.offsetIndex[channels + q]).toBe(form.activationSymmetry === 'asymmetric' ? entry : 0);
      const high = signed ? 2 ** (own - 1) - 1 : 2 ** own - 1;
      expect([feeds.activationLow[q], feeds.activationHigh[q]]).toEqual([signed ? -(2 ** (own - 1)) : 0, high]);
      expect(feeds.activationScale[q]).toBe(Math.fround(1 / Math.sqrt(high * batch * layout.pointElements[q])));
    });
    expect([...feeds.stepIndex, ...feeds.offsetIndex].every((index) => index >= 0 && index < layout.size)).toBe(true);
  });
});

test('a branch of a residual Add has the symmetry of the convolution that makes it', () => {
  const base = uniformConfiguration(facts, 3, parseForm('tss'), points);
  const asymmetric = new Set(['short', 'b1']);
  const configuration = {
    layers: base.layers.map((layer) => (asymmetric.has(layer.name) ? { ...layer, activationSymmetry: 'asymmetric' as const } : layer)),
  };
  // 'a1' and 'short' read one tensor; the choice of the first one counts (`drawSubnet` and validation make them agree).
  const choices = activationChoices(layout, configuration);
  expect(Object.fromEntries(points.map(({ tensor }, q) => [tensor, `${choices[q].bits} ${choices[q].symmetry}`]))).toEqual({
    input: '8 symmetric',
    'stem.relu': '3 symmetric',
    'a1.relu': '3 symmetric',
    'a2.bn': '8 symmetric',
    'short.bn': '8 asymmetric',
    'a.relu': '3 asymmetric',
    'b1.bn': '8 asymmetric',
    pool: '8 symmetric',
  });
});
