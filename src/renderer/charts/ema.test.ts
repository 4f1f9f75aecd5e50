import { describe, expect, it } from 'vitest';
import { MovingAverage } from './ema.ts';

function smooth(smoothing: number, values: number[]): number[] {
  const average = new MovingAverage(smoothing);
  average.append(values);
  return [...average.values];
}

describe('MovingAverage', () => {
  it('keeps values as they are without smoothing', () => expect(smooth(0, [3, -1, 4])).toEqual([3, -1, 4]));

  it('keeps a constant from its first value on', () => {
    for (const value of smooth(0.99, [5, 5, 5, 5])) expect(value).toBeCloseTo(5, 5);
  });

  it('counts a mean as often as what it is the mean of', () => {
    const [one, grouped] = [new MovingAverage(0.9), new MovingAverage(0.9)];
    one.append([7, 7, 7, 3, 3, 5]);
    grouped.append([7, 3, 5], 3, [3, 2, 1]);
    expect(grouped.values[2]).toBeCloseTo(one.values[5], 5);
  });

  it('weights n values by powers of the smoothing', () => {
    const [, , third] = smooth(0.5, [1, 2, 4]);
    expect(third).toBeCloseTo((0.25 * 1 + 0.5 * 2 + 1 * 4) / 1.75, 5);
  });

  it('leaves gaps out and goes on after them', () => {
    const values = smooth(0.5, [1, NaN, 3]);
    expect(values[1]).toBeNaN();
    expect(values[2]).toBeCloseTo((0.5 * 1 + 3) / 1.5, 5);
  });

  it('gives the same when values come in pieces, past the first buffer', () => {
    const values = Array.from({ length: 5000 }, (_, i) => Math.sin(i));
    const grown = new MovingAverage(0.9);
    for (let length = 300; length <= 5100; length += 300) grown.append(values, Math.min(length, 5000));
    expect([...grown.values]).toEqual(smooth(0.9, values));
  });
});
