import { describe, expect, it } from 'vitest';
import { averageBits, configurationKey } from '../../shared/domain/configuration.ts';
import { FORMS, parseForm } from '../../shared/domain/form.ts';
import { RandomStream } from '../../shared/domain/random.ts';
import { buildSearchSpace, searchSpaceOf, type SearchSpace } from '../../shared/domain/space.ts';
import { axisAverage, chainFacts, FULL_SPACE, RESNET18, RESNET18_FACTS, RESNET18_POINTS } from '../../shared/domain/test-networks.ts';
import { validateConfiguration } from '../../shared/domain/validate-configuration.ts';
import { fitWindow, repairGreedily } from './repair.ts';
import { BitSampler, sampleConfigurations, type SampleOptions } from './sampler.ts';
import { requireFeasible, sumWindow, targetWindows } from './window.ts';

const SPACE = searchSpaceOf(RESNET18, FULL_SPACE);

/** Largest distance between the empirical distribution and the uniform one on [low, high]. */
function distanceFromUniform(values: readonly number[], low: number, high: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.max(...sorted.map((value, index) => Math.abs((index + 0.5) / sorted.length - (value - low) / (high - low))));
}

describe('sampleConfigurations', () => {
  const count = 1600;
  const drawn = (space: SearchSpace, options: SampleOptions) =>
    sampleConfigurations(space, options).map(({ configuration }) => configuration);
  const samples = drawn(SPACE, { count, forms: FORMS, seed: 3, purpose: 'train' });
  it('spreads the average bits uniformly over 2.4 .. 7.6 on both axes, independently', () => {
    const averages = samples.map((sample) => averageBits(sample, RESNET18_FACTS));
    for (const axis of ['weights', 'activations'] as const) {
      // Kolmogorov-Smirnov at 1 %: 1.63 / sqrt(n) = 0.041, and 0.1 bits of tolerance = 0.019 of the range
      expect(
        distanceFromUniform(
          averages.map((average) => average[axis]),
          2.4,
          7.6,
        ),
      ).toBeLessThan(0.06);
    }
    const product = averages.reduce((sum, { weights, activations }) => sum + (weights - 5) * (activations - 5), 0) / count;
    // variance of a uniform on 5.2 is 2.25; four standard errors of the covariance
    expect(Math.abs(product)).toBeLessThan((4 * 2.25) / Math.sqrt(count));
  });
  it('gives different, valid configurations with the forms in turn', () => {
    expect(new Set(samples.map(configurationKey)).size).toBe(count);
    samples.forEach((sample) => validateConfiguration(sample, RESNET18_FACTS, FULL_SPACE, RESNET18_POINTS));
    for (const form of FORMS) {
      const share = samples.filter(({ layers }) =>
        Object.entries(form).every(([key, value]) => layers[0][key as keyof typeof form] === value),
      );
      expect(share).toHaveLength(count / 8);
    }
  });
  it('starts with the same configurations whatever the count, and differs by purpose', () => {
    expect(drawn(SPACE, { count: 20, forms: FORMS, seed: 3, purpose: 'train' })).toEqual(samples.slice(0, 20));
    const exclude = new Set(samples.slice(0, 20).map(configurationKey));
    const others = drawn(SPACE, { count: 20, forms: FORMS, seed: 3, purpose: 'train', exclude });
    expect(others.some((other) => exclude.has(configurationKey(other)))).toBe(false);
    expect(drawn(SPACE, { count: 5, forms: FORMS, seed: 3, purpose: 'held-out' })).not.toEqual(samples.slice(0, 5));
  });
  it('stops when the space is exhausted', () => {
    const tiny = buildSearchSpace(chainFacts([10, 20, 10]), [], { ...FULL_SPACE, weightBits: [2, 4], activationBits: [8] });
    const all = drawn(tiny, { count: 100, forms: [parseForm('tss'), parseForm('css')], seed: 0, purpose: 'train' });
    expect(new Set(all.map(configurationKey)).size).toBe(4);
    expect(all).toHaveLength(4);
  });
  it('keeps every layer varied at an ordinary average', () => {
    const near4 = samples.filter((sample) => Math.abs(averageBits(sample, RESNET18_FACTS).weights - 4) < 0.4);
    RESNET18_FACTS.forEach((fact, index) => {
      if (!fact.pinned) expect(new Set(near4.map(({ layers }) => layers[index].weightBits)).size).toBeGreaterThanOrEqual(5);
    });
  });
});

describe('BitSampler', () => {
  const sampler = new BitSampler(SPACE, 0);
  it.each([2, 2.1, 2.9, 3, 4.5, 6, 7.9, 8, 8.3])('holds the window of target %d', (target) => {
    const stream = new RandomStream(0, 'test/sampler');
    const genes = new Uint8Array(SPACE.length);
    for (let i = 0; i < 30; i++) {
      expect(sampler.draw(targetWindows(target), stream, genes)).toBe(true);
      for (const axis of [SPACE.weights, SPACE.activations]) {
        expect(axisAverage(axis, genes)).toBeGreaterThan(target - 0.5);
        expect(axisAverage(axis, genes)).toBeLessThanOrEqual(target);
      }
    }
  });
});

describe('repair', () => {
  const inside = (space: SearchSpace, genes: Uint8Array, target: number) =>
    [space.weights, space.activations].every((axis) => axisAverage(axis, genes) > target - 0.5 && axisAverage(axis, genes) <= target);
  it.each([2, 2.1, 3, 5, 7.9, 8])('moves any genome into the window of target %d', (target) => {
    const stream = new RandomStream(1, 'test/repair');
    for (let i = 0; i < 20; i++) {
      const genes = Uint8Array.from({ length: SPACE.length }, () => 2 + stream.integer(7));
      const exact = genes.slice();
      for (const axis of [SPACE.weights, SPACE.activations]) {
        const bounds = sumWindow(axis, { low: target - 0.5, high: target });
        expect(repairGreedily(axis, bounds, genes)).toBe(true);
        expect(fitWindow(axis, bounds, exact)).toBe(true);
      }
      expect(inside(SPACE, genes, target)).toBe(true);
      expect(inside(SPACE, exact, target)).toBe(true);
    }
  });
  it('lowers the gene that takes most and raises the one that takes least', () => {
    const { weights } = buildSearchSpace(chainFacts([10, 100, 300, 20, 10]), [], FULL_SPACE);
    const genes = Uint8Array.of(4, 4, 4, 0, 0, 0);
    expect(repairGreedily(weights, { low: 1000, high: 1500 }, genes)).toBe(true);
    expect([...genes.subarray(0, 3)]).toEqual([4, 3, 4]);
    expect(repairGreedily(weights, { low: 1415, high: 1470 }, genes)).toBe(true);
    expect([...genes.subarray(0, 3)]).toEqual([4, 3, 6]);
  });
  it('finds a window that one move at a time jumps over', () => {
    // sum 8340: lowering the 900 leaves 2940, and nothing else can go lower; yet 900*2 + 500*8 + 70*2 = 5940 fits
    const { weights } = buildSearchSpace(chainFacts([10, 900, 500, 70, 10]), [], { ...FULL_SPACE, weightBits: [2, 8] });
    const genes = Uint8Array.of(8, 2, 2, 0, 0, 0);
    expect(repairGreedily(weights, { low: 5900, high: 6000 }, genes)).toBe(false);
    expect(fitWindow(weights, { low: 5900, high: 6000 }, genes)).toBe(true);
    expect([...genes.subarray(0, 3)]).toEqual([2, 8, 2]);
  });
});

describe('requireFeasible', () => {
  const form = parseForm('tss');
  const space4 = buildSearchSpace(RESNET18_FACTS, RESNET18_POINTS, { ...FULL_SPACE, weightBits: [4, 8] });
  it.each([
    [
      'below',
      SPACE,
      1.9,
      'average weight bits above 1.4 and at most 1.9: the space reaches 2.00 to 8.00; choose a target of at least 2.00 and below 8.50',
    ],
    ['above', SPACE, 8.5, 'average weight bits above 8 and at most 8.5: the space reaches 2.00 to 8.00'],
    ['narrow space', space4, 3, 'above 2.5 and at most 3: the space reaches 4.00 to 8.00; choose a target of at least 4.00'],
    ['gap', buildSearchSpace(chainFacts([10, 100, 10]), [], { ...FULL_SPACE, weightBits: [2, 8] }), 4, 'no mixture falls between'],
    ['no free layer', buildSearchSpace(chainFacts([10, 10]), [], FULL_SPACE), 4, 'no layer between its first and its last'],
  ])('names the feasible range: %s', (_, space, target, text) => {
    expect(() => requireFeasible(space, targetWindows(target), form)).toThrow(text);
  });
  it.each([2, 2.1, 2.49, 7.9, 8, 8.49])('accepts target %d', (target) => requireFeasible(SPACE, targetWindows(target), form));
});
