import { describe, expect, test } from 'vitest';
import { FORM_KEYS, formKey } from '../../shared/domain/form.ts';
import type { LayerGraph } from '../../shared/domain/layer-graph.ts';
import { FULL_SPACE } from '../../shared/domain/test-networks.ts';
import { validateConfiguration } from '../../shared/domain/validate-configuration.ts';
import { RESIDUAL } from '../export/random-views.ts';
import { createModel } from '../models/registry.ts';
import { TableLayout } from '../quant/table-layout.ts';
import { drawSubnet, stepRoles, type SubnetRole } from './subnets.ts';

/** The classifier's input is read by another layer too: with one quantizer for each tensor it must keep 8 bits. */
const SHARED_LAST: LayerGraph = {
  name: 'shared-last',
  classes: 3,
  layers: [
    { kind: 'input', name: 'image', inputs: [], shape: [4, 4, 2] },
    { kind: 'conv', name: 'stem', inputs: ['image'], filters: 4, kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], groups: 1, bias: true },
    { kind: 'globalpool', name: 'pool', inputs: ['stem'] },
    { kind: 'linear', name: 'side', inputs: ['pool'], units: 4, bias: true },
    { kind: 'linear', name: 'fc', inputs: ['pool'], units: 3, bias: true },
  ],
}; // prettier-ignore

const LAYOUTS = Object.entries({
  residual: RESIDUAL,
  'small CNN': createModel({ architecture: 'small-cnn' }, [8, 8, 1], 3),
  ResNet20: createModel({ architecture: 'resnet20' }, [8, 8, 1], 3),
  'two layers that read the input of the last': SHARED_LAST,
}).map(([name, graph]) => ({ name, layout: new TableLayout(graph) }));

const ROLES: readonly SubnetRole[] = ['highest', 'random', 'lowest'];
const SPACE = { ...FULL_SPACE, weightBits: [3, 2, 5], activationBits: [6, 4] };

test.each([
  [0, ['highest', 'lowest']],
  [1, ['highest', 'random', 'lowest']],
  [3, ['highest', 'random', 'random', 'random', 'lowest']],
])('roles with %i random subnets', (count, roles) => {
  expect(stepRoles(count)).toEqual(roles);
});

describe.each(LAYOUTS)('$name', ({ layout }) => {
  const { facts, points } = layout;

  describe.each(['layer', 'network'] as const)('a form for each %s', (scope) => {
    test.each(ROLES)('%s: inside the space, pinned layers at 8 bits, one choice for each tensor', (role) => {
      for (let step = 0; step < 40; step++) {
        const configuration = drawSubnet(layout, SPACE, scope, role, 1, step, 1);
        expect(validateConfiguration(configuration, facts, SPACE, points)).toEqual(configuration);
        if (scope === 'network') expect(new Set(configuration.layers.map(formKey)).size).toBe(1);
        const free = configuration.layers.filter((_, i) => !facts[i].pinned);
        const bits = role === 'highest' ? 5 : 2;
        if (role !== 'random') expect(free.every(({ weightBits }) => weightBits === bits)).toBe(true);
        const held = new Set(points.filter(({ readers }) => readers.some((i) => facts[i].pinned)).flatMap(({ readers }) => readers));
        const activationBits = configuration.layers.filter((_, i) => !held.has(i)).map((layer) => layer.activationBits);
        if (role !== 'random') expect(activationBits.every((value) => value === (role === 'highest' ? 6 : 4))).toBe(true);
      }
    });
  });

  test('is a function of seed, step and pass', () => {
    const draw = (seed: number, step: number, pass: number) =>
      JSON.stringify(drawSubnet(layout, FULL_SPACE, 'layer', 'random', seed, step, pass));
    expect(draw(1, 2, 3)).toBe(draw(1, 2, 3));
    expect(new Set([draw(1, 2, 3), draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4)]).size).toBe(4);
  });
});

test('forms and bits are drawn evenly and independently for every layer', () => {
  const { layout } = LAYOUTS[1];
  const counts = new Map<string, number>();
  const draws = 700;
  for (let step = 0; step < draws; step++) {
    const { layers } = drawSubnet(layout, FULL_SPACE, 'layer', 'random', 4, step, 1);
    for (const key of [
      formKey(layers[2]),
      `w${layers[2].weightBits}`,
      `a${layers[2].activationBits}`,
      `same ${layers[2].weightBits === layers[3].weightBits}`,
    ])
      counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  // Six standard deviations of a binomial count with probability 1/8 or 1/7.
  for (const key of FORM_KEYS) expect(Math.abs(counts.get(key)! - draws / 8), key).toBeLessThan(6 * Math.sqrt(draws / 8));
  for (const bits of FULL_SPACE.weightBits)
    for (const key of [`w${bits}`, `a${bits}`]) expect(Math.abs(counts.get(key)! - draws / 7), key).toBeLessThan(6 * Math.sqrt(draws / 7));
  expect(Math.abs(counts.get('same true')! - draws / 7)).toBeLessThan(6 * Math.sqrt(draws / 7));
});
