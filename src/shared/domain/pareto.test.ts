import { describe, expect, it } from 'vitest';
import { crowdingDistance, dominates, kneePoint, nonDominated, nonDominatedSort } from './pareto.ts';
import { RandomStream } from './random.ts';

const points = (n: number, objectives: number, seed: number) => {
  const stream = new RandomStream(seed, 'test/pareto');
  return Array.from({ length: n }, () => Array.from({ length: objectives }, () => stream.integer(8)));
};

describe('nonDominated', () => {
  it.each([1, 2, 3, 4])('equals the definition with %d objectives, ties and duplicates included', (objectives) => {
    for (let seed = 0; seed < 10; seed++) {
      const cloud = points(60, objectives, seed);
      const expected = cloud.flatMap((point, index) => (cloud.some((other) => dominates(other, point)) ? [] : [index]));
      expect([...nonDominated(cloud)].sort((a, b) => a - b)).toEqual(expected);
    }
  });
  it.each([2, 3, 4])('equals the definition for thousands of points with %d objectives', (objectives) => {
    const stream = new RandomStream(3, 'test/many');
    // Near a plane, so that the front is long; multiples of 1/64, so that there are ties.
    const cloud = Array.from({ length: 3000 }, () => {
      const point = Array.from({ length: objectives - 1 }, () => stream.integer(64) / 64);
      return [...point, 3 - point.reduce((a, b) => a + b, 0) + stream.integer(8) / 64];
    });
    const expected = cloud.flatMap((point, index) => (cloud.some((other) => dominates(other, point)) ? [] : [index]));
    expect(expected.length).toBeGreaterThan(40);
    expect([...nonDominated(cloud)].sort((a, b) => a - b)).toEqual(expected);
  });
  it('orders by the first objective', () => {
    expect(
      nonDominated([
        [3, 1],
        [1, 3],
        [2, 2],
        [3, 3],
      ]),
    ).toEqual([1, 2, 0]);
    expect(nonDominated([])).toEqual([]);
  });
  it('refuses a value that is not finite', () => {
    expect(() => nonDominated([[1, Number.NaN]])).toThrow('Point 0');
  });
});

describe('nonDominatedSort', () => {
  it('peels fronts: each is the non-dominated set of what is left', () => {
    const cloud = points(80, 3, 7);
    let left = cloud.map((_, index) => index);
    for (const front of nonDominatedSort(cloud)) {
      const expected = nonDominated(left.map((index) => cloud[index])).map((place) => left[place]);
      expect(front).toEqual(expected.sort((a, b) => a - b));
      left = left.filter((index) => !front.includes(index));
    }
    expect(left).toEqual([]);
  });
});

describe('crowdingDistance', () => {
  it('is infinite at the ends and the scaled neighbour gap between', () => {
    // ranges 4 and 8: (3-0)/4 + (8-2)/8 = 1.5; (4-1)/4 + (4-0)/8 = 1.25
    expect(
      crowdingDistance(
        [
          [0, 8],
          [1, 4],
          [3, 2],
          [4, 0],
        ],
        [0, 1, 2, 3],
      ),
    ).toEqual([Infinity, 1.5, 1.25, Infinity]);
    expect(
      crowdingDistance(
        [
          [1, 1],
          [1, 1],
          [1, 1],
        ],
        [0, 1, 2],
      ),
    ).toEqual([Infinity, 0, Infinity]);
    expect(crowdingDistance([], [])).toEqual([]);
  });
});

describe('kneePoint', () => {
  it('is the member farthest below the line through the ends', () => {
    const front = [
      [0, 10],
      [1, 3],
      [5, 2],
      [10, 0],
    ];
    expect(kneePoint(front, [0, 1, 2, 3])).toBe(1);
    expect(kneePoint(front, [2])).toBe(2);
    expect(kneePoint(front, [])).toBeNull();
  });
  it('does not depend on the units of an objective', () => {
    expect(
      kneePoint(
        [
          [0, 1e9],
          [1e-3, 3e8],
          [5e-3, 2e8],
          [1e-2, 0],
        ],
        [0, 1, 2, 3],
      ),
    ).toBe(1);
  });
});
