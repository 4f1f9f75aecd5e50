import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../shared/domain/random.ts';
import { searchSpaceOf } from '../../shared/domain/space.ts';
import { axisAverage, FULL_SPACE, RESNET18 } from '../../shared/domain/test-networks.ts';
import { Variation } from './variation.ts';
import { sumWindow } from './window.ts';

const SPACE = searchSpaceOf(RESNET18, FULL_SPACE);
const AXES = [SPACE.weights, SPACE.activations];
const boundTo = (low: number, high: number) => AXES.map((axis) => ({ axis, bounds: sumWindow(axis, { low, high }) }));
const ANYWHERE = boundTo(0, 9);

describe('mutants', () => {
  it.each([0.02, 0.1, 0.5, 0.9])('draw each gene anew with probability %d', (mutation) => {
    const variation = new Variation(ANYWHERE, mutation);
    const stream = new RandomStream(0, 'test/mutants');
    const parent = new Uint8Array(SPACE.length).fill(5);
    const genes = new Uint8Array(SPACE.length);
    const draws = 20_000;
    const changed = new Float64Array(SPACE.length);
    for (let i = 0; i < draws; i++) {
      variation.mutate(parent, stream, genes);
      genes.forEach((bits, gene) => (changed[gene] += Number(bits !== 5)));
    }
    // One in seven new draws gives the old bits; 5 standard errors.
    const share = (mutation * 6) / 7;
    const tolerance = 5 * Math.sqrt((share * (1 - share)) / draws);
    for (const count of changed) expect(Math.abs(count / draws - share)).toBeLessThan(tolerance);
  });

  it.each([
    [0, (genes: Uint8Array) => genes.every((bits) => bits === 5), 0],
    [1, (genes: Uint8Array) => new Set(genes).size > 3, SPACE.length],
  ])('with probability %d draw no gap', (mutation, holds, words) => {
    const [stream, other] = [new RandomStream(1, 'test/mutants'), new RandomStream(1, 'test/mutants')];
    const genes = new Uint8Array(SPACE.length);
    new Variation(ANYWHERE, mutation).mutate(new Uint8Array(SPACE.length).fill(5), stream, genes);
    expect(holds(genes)).toBe(true);
    for (let i = 0; i < words; i++) other.uint32();
    expect(stream.uint32()).toBe(other.uint32());
  });

  it('have the gaps that a logarithm gives', () => {
    for (const mutation of [0.001, 0.1, 0.3, 0.75]) {
      const variation = new Variation(ANYWHERE, mutation);
      const [stream, other] = [new RandomStream(2, 'test/gaps'), new RandomStream(2, 'test/gaps')];
      const parent = new Uint8Array(SPACE.length).fill(5);
      for (let i = 0; i < 2000; i++) {
        const genes = new Uint8Array(SPACE.length);
        variation.mutate(parent, stream, genes);
        const expected = parent.slice();
        for (const { masses, choices, offset } of AXES) {
          const gap = () => Math.floor(Math.log(1 - other.uniform()) / Math.log1p(-mutation));
          for (let gene = gap(); gene < masses.length; gene += 1 + gap()) expected[offset + gene] = other.pick(choices[gene]);
        }
        expect(genes).toEqual(expected);
      }
    }
  });
});

describe('crossovers', () => {
  it('take half of the genes from each parent', () => {
    const variation = new Variation(ANYWHERE, 0.1);
    const stream = new RandomStream(3, 'test/crossover');
    const [first, second] = [3, 6].map((bits) => new Uint8Array(SPACE.length).fill(bits));
    const taken = new Float64Array(SPACE.length);
    const genes = new Uint8Array(SPACE.length);
    for (let i = 0; i < 4000; i++) {
      expect(variation.cross(first, second, stream, genes)).toBe(true);
      genes.forEach((bits, gene) => {
        expect([3, 6]).toContain(bits);
        taken[gene] += Number(bits === 6);
      });
    }
    for (const count of taken) expect(Math.abs(count / 4000 - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / 4000));
  });
});

it.each([
  [2.5, 3],
  [5, 5.1],
  [7.4, 7.9],
])('children lie above %d and at most at %d bits, or it says that they do not', (low, high) => {
  const variation = new Variation(boundTo(low, high), 0.2);
  const stream = new RandomStream(4, 'test/windows');
  const parents = [2, 4, 8].map((bits) => new Uint8Array(SPACE.length).fill(bits));
  const genes = new Uint8Array(SPACE.length);
  for (let i = 0; i < 200; i++) {
    const fits = i % 2 ? variation.mutate(stream.pick(parents), stream, genes) : variation.cross(stream.pick(parents), stream.pick(parents), stream, genes); // prettier-ignore
    expect(fits).toBe(true);
    for (const axis of AXES) {
      expect(axisAverage(axis, genes)).toBeGreaterThan(low);
      expect(axisAverage(axis, genes)).toBeLessThanOrEqual(high);
    }
  }
  const outside = new Variation(boundTo(8.5, 9), 0.2);
  expect([outside.mutate(parents[0], stream, genes), outside.cross(parents[0], parents[1], stream, genes)]).toEqual([false, false]);
});
