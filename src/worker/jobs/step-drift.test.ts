import { describe, expect, test } from 'vitest';
import { FULL_SPACE } from '../../shared/domain/test-networks.ts';
import { createModel } from '../models/registry.ts';
import { TableLayout } from '../quant/table-layout.ts';
import { stepDrift } from './step-drift.ts';

const LAYOUT = new TableLayout(createModel({ architecture: 'small-cnn' }, [28, 28, 1], 10));
const ZEROS = new Float32Array(LAYOUT.size);
const free = LAYOUT.facts.findIndex(({ pinned }) => !pinned);
const last = LAYOUT.facts.length - 1;

/** Log step sizes after training, with some entries moved by octaves. */
function moved(entries: readonly (readonly [entry: number, octaves: number])[]): Float32Array {
  const after = Float32Array.from(ZEROS);
  for (const [entry, octaves] of entries) after[entry] = octaves * Math.LN2;
  return after;
}

describe('stepDrift', () => {
  test('has every granularity and the activations at each bit-width, all still', () => {
    const drift = stepDrift(LAYOUT, FULL_SPACE, ZEROS, ZEROS);
    expect(drift).toHaveLength(3 * 7);
    for (const entry of drift) expect(entry).toMatchObject({ ratio: 1, medianOctaves: 0, upperOctaves: 0 });
  });

  test.each([
    [4, 1],
    [8, 1],
  ])('at %i bits, of layers pinned to 8 bits only those 8 count', (bits) => {
    const pinned = LAYOUT.facts.flatMap((facts, layer) =>
      facts.pinned
        ? (['symmetric', 'asymmetric'] as const).map((symmetry) => [LAYOUT.weightEntry(layer, 'tensor', symmetry, bits), 5] as const)
        : [],
    );
    const drift = stepDrift(LAYOUT, FULL_SPACE, ZEROS, moved(pinned));
    const found = drift.find((entry) => entry.granularity === 'tensor' && entry.bits === bits)!;
    // Tolerance 1e-6: log step sizes are float32.
    expect(found.upperOctaves).toBeCloseTo(bits === 8 ? 5 : 0, 6);
  });

  test('steps that move both ways have a median ratio of 1 and a drift that is not 0', () => {
    const space = { ...FULL_SPACE, granularities: ['tensor' as const] };
    const entries = LAYOUT.facts.flatMap(({ pinned }, layer) =>
      pinned
        ? []
        : [
            [LAYOUT.weightEntry(layer, 'tensor', 'symmetric', 3), 2] as const,
            [LAYOUT.weightEntry(layer, 'tensor', 'asymmetric', 3), -2] as const,
          ],
    );
    const found = stepDrift(LAYOUT, space, ZEROS, moved(entries)).filter(({ medianOctaves }) => medianOctaves > 0);
    expect(found).toEqual([
      {
        granularity: 'tensor',
        bits: 3,
        ratio: expect.closeTo(1, 6),
        medianOctaves: expect.closeTo(2, 6),
        upperOctaves: expect.closeTo(2, 6),
      },
    ]);
  });

  test('activations held at 8 bits, and what the space leaves out, do not count', () => {
    const inner = LAYOUT.points.findIndex(({ readers }) => readers.includes(free));
    const outer = LAYOUT.points.findIndex(({ readers }) => readers.includes(last));
    const space = { ...FULL_SPACE, activationBits: [4], activationSymmetries: ['symmetric' as const] };
    const after = moved([
      ...LAYOUT.points.map((_, point) => [LAYOUT.activationEntry(point, 'asymmetric', 4), 7] as const),
      ...LAYOUT.points.map((_, point) => [LAYOUT.activationEntry(point, 'symmetric', 2), 7] as const),
      [LAYOUT.activationEntry(inner, 'symmetric', 8), 7],
      [LAYOUT.activationEntry(outer, 'symmetric', 4), 7],
      [LAYOUT.activationEntry(outer, 'symmetric', 8), 1],
    ]);
    const found = stepDrift(LAYOUT, space, ZEROS, after).filter(({ granularity }) => granularity === 'activation');
    expect(found.map(({ bits, upperOctaves }) => [bits, upperOctaves > 0])).toEqual([
      [4, false],
      [8, true],
    ]);
    expect(found[1].upperOctaves).toBeLessThanOrEqual(1);
  });

  test('a layer with sets of its own counts with those', () => {
    const layers = { [LAYOUT.facts[free].name]: { weightBits: [5], granularities: ['channel' as const] } };
    const space = { ...FULL_SPACE, weightBits: [3], granularities: ['tensor' as const], layers };
    const after = moved([
      [LAYOUT.weightEntry(free, 'tensor', 'symmetric', 3), 7],
      [LAYOUT.weightEntry(free, 'channel', 'symmetric', 3), 7],
      [LAYOUT.weightEntry(free, 'channel', 'symmetric', 5), 2],
    ]);
    const found = stepDrift(LAYOUT, space, ZEROS, after).filter(({ granularity }) => granularity !== 'activation');
    expect(found.map(({ granularity, bits }) => `${granularity} ${bits}`)).toEqual(['tensor 3', 'tensor 8', 'channel 5']);
    expect(found.map(({ medianOctaves, upperOctaves }) => medianOctaves + upperOctaves)).toEqual([0, 0, expect.any(Number)]);
  });
});
