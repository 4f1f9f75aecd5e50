import { expect, test } from 'vitest';
import type { StepProfile } from '../../../shared/contract/profile.ts';
import { setLanguage } from '../../i18n.ts';
import { arrange } from '../../ui/table-rows.ts';
import { kindBars, layerColumns, OTHER_COLOR, QUANTIZATION_COLOR } from './profile-rows.ts';

test('kinds as bars: the longest first, quantization in a colour of its own', () => {
  setLanguage('en');
  const kinds: StepProfile['kinds'] = [
    { kind: 'convolution', milliseconds: 1027.64, share: 0.653, ops: 9 },
    { kind: 'normalization', milliseconds: 12.5, share: 0.008, ops: 9 },
    { kind: 'weight-quantization', milliseconds: 42.071, share: 0.027, ops: 9 },
  ];
  expect(kindBars({ kinds } as StepProfile).map(({ id, text, color }) => [id, text, color])).toEqual([
    ['convolution', '1,027.6\u00a0ms · 65.3\u00a0%', OTHER_COLOR],
    ['weight-quantization', '42.07\u00a0ms · 2.7\u00a0%', QUANTIZATION_COLOR],
    ['normalization', '12.50\u00a0ms · 0.8\u00a0%', OTHER_COLOR],
  ]);
});

test('layers sort by time, and by their place in the network', () => {
  const layer = (name: string, forward: number) => ({
    name,
    kind: 'conv',
    forward,
    backward: 1,
    quantization: 0,
    milliseconds: forward + 1,
    share: 0.1,
  });
  const layers = [layer('stem', 3), layer('b10', 5), layer('b2', 4)];
  const columns = layerColumns((row) => layers.indexOf(row));
  const order = (key: string, descending: boolean) =>
    arrange(layers, columns, { key, descending }, ({ name }) => name, new Set()).map(({ name }) => name);
  expect(order('milliseconds', true)).toEqual(['b10', 'b2', 'stem']);
  expect(order('name', false)).toEqual(['stem', 'b10', 'b2']);
});
