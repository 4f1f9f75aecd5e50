import { describe, expect, test } from 'vitest';
import { SYMMETRIES, type Symmetry } from '../../shared/domain/form.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { smallCnn } from '../models/small-cnn.ts';
import { calibrateActivation, calibrateWeights, emptyTables, searchStep, subsample } from './calibrate.ts';
import { codeRange } from './code-range.ts';
import { powerTable, roundingError } from './power-table.ts';
import { TableLayout } from './table-layout.ts';

const OPTIONS = { shrinkSteps: 80, norm: 2.4 };

const DISTRIBUTIONS: Readonly<Record<string, (random: RandomStream) => number>> = {
  normal: (random) => 0.1 * random.normal(),
  uniform: (random) => random.between(-1, 1),
  'half-normal': (random) => Math.abs(random.normal()),
  'with an outlier': (random) => (random.uniform() < 0.01 ? 20 : random.normal()),
  'negative only': (random) => -1 - random.uniform(),
};
type Distribution = keyof typeof DISTRIBUTIONS;

const draw = (name: Distribution, count: number) => {
  const random = new RandomStream(1, `test/${name}`);
  return Float32Array.from({ length: count }, () => DISTRIBUTIONS[name](random));
};

const dequantize = (x: number, step: number, offset: number, { low, high }: { low: number; high: number }) =>
  step * Math.min(Math.max(Math.round((x - offset) / step), low), high) + offset;

/** Sum of |x - x~|^p in float64, with nothing but Math.pow. */
const errorOf = (values: Float32Array, step: number, offset: number, range: { low: number; high: number }, norm: number) =>
  values.reduce((sum, x) => sum + Math.abs(x - dequantize(x, step, offset, range)) ** norm, 0);

/** Every candidate of eqnet-spec 1.3; the asymmetric range holds 0. */
function bruteForce(values: Float32Array, bits: number, signed: boolean, symmetry: Symmetry, { shrinkSteps, norm } = OPTIONS) {
  const range = codeRange(bits, signed);
  const [min, max] = [Math.min(0, ...values), Math.max(0, ...values)];
  const magnitude = Math.max(-min, max);
  const candidates = Array.from({ length: shrinkSteps }, (_, shrink) => {
    const k = 1 - shrink / 100;
    const width = symmetry === 'asymmetric' ? k * (max - min) : k * magnitude * (signed ? 2 : 1);
    const step = width / (range.high - range.low);
    const zeroPoint = Math.min(Math.max(Math.round(range.low - (k * min) / step), range.low), range.high);
    const offset = symmetry === 'asymmetric' ? -step * zeroPoint : 0;
    return { step, offset, error: errorOf(values, step, offset, range, norm) };
  });
  return candidates.reduce((best, candidate) => (candidate.error < best.error ? candidate : best));
}

test.each([1, 2, 2.4, 4])('rounding error with norm %f, inside of the codes and far outside', (norm) => {
  const values = Float32Array.of(0, 0.25, -0.49, 0.5, 1.3, 3.2, -7.9, 250.1, -4000.7, 65_000, 1e6, -3e9);
  for (const value of values) {
    const one = Float32Array.of(value);
    const exact = Math.abs(value - Math.min(Math.max(Math.round(value), -4), 3)) ** norm;
    const found = roundingError(one, 0, 1, -4, 3, powerTable(norm), Infinity);
    // straight lines between the points of the table
    expect(Math.abs(found - exact), String(value)).toBeLessThanOrEqual(1e-6 * exact + 1e-8);
  }
});

describe('searchStep', () => {
  const cases = Object.keys(DISTRIBUTIONS).flatMap((name) =>
    [2, 3, 4, 8].flatMap((bits) => SYMMETRIES.flatMap((symmetry) => [true, false].map((signed) => ({ name, bits, symmetry, signed })))),
  );

  test.each(cases)(
    '$name, $bits bits, $symmetry, signed $signed: as good as the best of all candidates',
    ({ name, bits, symmetry, signed }) => {
      const values = draw(name, 600);
      const found = searchStep(values, bits, signed, symmetry, OPTIONS);
      const best = bruteForce(values, bits, signed, symmetry);
      const exact = errorOf(values, found.step, found.offset, codeRange(bits, signed), OPTIONS.norm);
      // Tolerance: |x|^2.4 comes from a table with straight lines between its 2,048 points.
      expect(exact).toBeLessThanOrEqual(best.error * (1 + 1e-4));
      expect(Math.abs(found.error / exact - 1)).toBeLessThan(1e-4);
    },
  );

  test.each(cases)(
    '$name, $bits bits, $symmetry, signed $signed: every eighth candidate first is nearly as good',
    ({ name, bits, symmetry, signed }) => {
      const values = draw(name, 2000);
      const powers = powerTable(OPTIONS.norm);
      const whole = searchStep(values, bits, signed, symmetry, OPTIONS);
      for (const hint of [0, 31, 79]) {
        // where to begin decides how long it takes, not what is found
        expect(searchStep(values, bits, signed, symmetry, OPTIONS, { powers, hint })).toEqual(whole);
        const found = searchStep(values, bits, signed, symmetry, OPTIONS, { powers, hint, coarse: true });
        expect(found.error).toBeLessThanOrEqual(whole.error * 1.02);
      }
    },
  );

  test.each([1, 2, 2.4, 4])('norm %f', (norm) => {
    const values = draw('with an outlier', 600);
    const found = searchStep(values, 3, true, 'asymmetric', { shrinkSteps: 80, norm });
    const best = bruteForce(values, 3, true, 'asymmetric', { shrinkSteps: 80, norm });
    // The first cell of the table is a straight line; norms below 2 bend most there.
    expect(errorOf(values, found.step, found.offset, codeRange(3, true), norm)).toBeLessThanOrEqual(best.error * (1 + 1e-3));
  });

  test('one candidate only: the full range', () => {
    const values = draw('normal', 100);
    const { step } = searchStep(values, 4, true, 'symmetric', { shrinkSteps: 1, norm: 2 });
    expect(Math.abs(step / ((2 * Math.max(...values.map(Math.abs))) / 15) - 1)).toBeLessThan(1e-12);
  });

  test.each([
    ['negatively', -1],
    ['positively', 1],
  ])('asymmetric 8-bit codes fit %s skewed weights: relative squared error near 1e-4', (_, sign) => {
    const random = new RandomStream(1, 'test/gamma');
    // Gamma with shape 2, centred; an offset that may not be negative would give 4e-2 on the negative side.
    const values = Float32Array.from({ length: 2000 }, () => sign * (-Math.log(1 - random.uniform()) - Math.log(1 - random.uniform()) - 2));
    const { step, offset } = searchStep(values, 8, true, 'asymmetric', OPTIONS);
    const squared = errorOf(values, step, offset, codeRange(8, true), 2);
    expect(squared / values.reduce((sum, x) => sum + x * x, 0)).toBeLessThan(2e-4);
    expect(Math.sign(offset)).toBe(sign);
  });

  describe.each(SYMMETRIES)('%s', (symmetry) => {
    test.each([true, false])('a dead channel has a positive step and stays 0, signed %s', (signed) => {
      const { step, offset, error } = searchStep(new Float32Array(9), 4, signed, symmetry, OPTIONS);
      expect(step).toBeGreaterThan(0);
      expect(Math.abs(dequantize(0, step, offset, codeRange(4, signed)))).toBeLessThan(1e-12);
      expect(error).toBeLessThan(1e-12);
    });

    test.each([0.7, -0.7, 1e-6])('a channel of equal values %f is kept', (value) => {
      const { step, offset } = searchStep(new Float32Array(9).fill(value), 8, true, symmetry, OPTIONS);
      expect(Math.abs(dequantize(value, step, offset, codeRange(8, true)) / value - 1)).toBeLessThan(0.01);
    });
  });
});

/** What training starts from must be what evaluation can represent: z = round(-offset / step) inside the codes. */
test.each([
  ['weights of one sign', 'negative only', true],
  ['weights of both signs', 'normal', true],
  ['non-negative activations', 'half-normal', false],
  ['signed activations of one sign', 'negative only', true],
] as const)('%s: snapping the offset to the grid moves it by half a step at most', (_, name, signed) => {
  const values = draw(name, 400);
  for (const bits of [2, 3, 4, 8]) {
    const { step, offset } = searchStep(values, bits, signed, 'asymmetric', OPTIONS);
    const { low, high } = codeRange(bits, signed);
    const zeroPoint = Math.min(Math.max(Math.round(-offset / step), low), high);
    expect(Math.abs(-step * zeroPoint - offset), `${bits} bits`).toBeLessThanOrEqual(0.5001 * step);
  }
});

describe('tables', () => {
  const layout = new TableLayout(smallCnn([8, 8, 1], 3));
  const random = new RandomStream(1, 'test/tables');

  test('weights: every granularity, symmetry and bit-width of the layer, and nothing else', () => {
    const tables = emptyTables(layout);
    const weights = Float32Array.from({ length: 9 * 16 }, (_, i) => (1 + (i % 16)) * random.normal() + 0.1);
    calibrateWeights(layout, 0, weights, tables, { shrinkSteps: 10, norm: 2.4 });
    const written = new Set<number>();
    for (const symmetry of SYMMETRIES)
      for (let bits = 2; bits <= 8; bits++) {
        const tensor = layout.weightEntry(0, 'tensor', symmetry, bits);
        const channel = layout.weightEntry(0, 'channel', symmetry, bits);
        const whole = searchStep(weights, bits, true, symmetry, { shrinkSteps: 10, norm: 2.4 });
        expect([tables.logSteps[tensor], tables.offsets[tensor]]).toEqual([Math.fround(Math.log(whole.step)), Math.fround(whole.offset)]);
        for (const c of [0, 7, 15]) {
          const own = searchStep(weights.filter((_, i) => i % 16 === c), bits, true, symmetry, { shrinkSteps: 10, norm: 2.4 }); // prettier-ignore
          expect([tables.logSteps[channel + c], tables.offsets[channel + c]]).toEqual([
            Math.fround(Math.log(own.step)),
            Math.fround(own.offset),
          ]);
        }
        written.add(tensor);
        for (let c = 0; c < 16; c++) written.add(channel + c);
      }
    expect([...tables.logSteps.keys()].filter((i) => tables.logSteps[i] !== 0 && !written.has(i))).toEqual([]);
  });

  test('activations: both symmetries, all bit-widths, codes by the sign of the tensor', () => {
    const tables = emptyTables(layout);
    const values = Float32Array.from({ length: 300 }, () => Math.abs(random.normal()));
    calibrateActivation(layout, 1, values, tables, OPTIONS);
    for (const symmetry of SYMMETRIES)
      for (let bits = 2; bits <= 8; bits++) {
        const entry = layout.activationEntry(1, symmetry, bits);
        const { step, offset } = searchStep(values, bits, false, symmetry, OPTIONS);
        expect([tables.logSteps[entry], tables.offsets[entry]]).toEqual([Math.fround(Math.log(step)), Math.fround(offset)]);
      }
    expect(tables.logSteps.filter((value) => value !== 0)).toHaveLength(14);
  });

  test.each([Number.NaN, Infinity, -Infinity])('%f is refused in a sentence that names layer or tensor', (value) => {
    const weights = new Float32Array(9 * 32 * 32);
    weights[77] = value;
    const why = 'holds a value that is not a finite number: the float training diverged; lower pretrain.learningRate';
    expect(() => calibrateWeights(layout, 2, weights, emptyTables(layout), OPTIONS)).toThrow(`'conv3' ${why}`);
    expect(() => calibrateActivation(layout, 1, Float32Array.of(1, value), emptyTables(layout), OPTIONS)).toThrow(`'conv1.relu' ${why}`);
  });
});

describe('subsample', () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));
  values[617] = -5;
  values[618] = 7;

  test.each([2, 3, 10, 999])('%i of 1,000 values, minimum and maximum among them', (count) => {
    const picked = subsample(values, count);
    expect(picked).toHaveLength(count);
    expect([Math.min(...picked), Math.max(...picked)]).toEqual([-5, 7]);
    expect(picked.every((value) => values.includes(value))).toBe(true);
  });

  test('one value asked for: both ends all the same', () => {
    expect([...subsample(values, 1)]).toEqual([-5, 7]);
  });

  test.each([1000, 5000])('%i of 1,000 values are all of them', (count) => {
    expect(subsample(values, count)).toEqual(values);
  });

  test('values are taken from the whole array', () => {
    const picked = subsample(Float32Array.from({ length: 1000 }, (_, i) => i), 12); // prettier-ignore
    expect([...picked]).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 0, 999]);
  });
});
