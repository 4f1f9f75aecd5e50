import { describe, expect, it } from 'vitest';
import { compareLogits, gapHistogram } from './compare-logits.ts';

describe('compareLogits', () => {
  const file = Float32Array.of(1, 2, 5, 4, 0, 3);
  const app = Float32Array.of(1, 2.5, 3, 4, 0, 3);

  it('measures gaps, agreement and accuracy', () => {
    const result = compareLogits(file, app, [1, 0, 1], 3, 2);
    expect(result).toEqual({
      maxGap: 2,
      meanGap: 2.5 / 6,
      maxLogit: 4,
      agreement: 2 / 3,
      disagreements: 1,
      firstDisagreements: [1],
      accuracy: 2 / 3,
    });
  });

  it('shows a NaN as an infinite gap', () => {
    expect(compareLogits(Float32Array.of(Number.NaN, 1), Float32Array.of(0, 1), [1], 1, 2).maxGap).toBe(Infinity);
    expect(compareLogits(Float32Array.of(Number.NaN, 1), Float32Array.of(0, 9), [1], 1, 2).maxGap).toBe(Infinity);
  });
});

describe('gapHistogram', () => {
  const place = (gap: number) => gapHistogram(Float32Array.of(0, gap), Float32Array.of(0, 0), 1, 2).counts.indexOf(1);

  it.each([
    [0, 0],
    [1e-9, 0],
    [1.01e-8, 0],
    [1.01e-2, 36],
    [1.01, 48],
    [100, 53],
    [Number.NaN, 53],
  ])('a gap of %d lies in bin %d', (gap, bin) => expect(place(gap)).toBe(bin));

  it('counts every image once, by its largest gap', () => {
    const { counts, low, high } = gapHistogram(Float32Array.of(0, 0.5, 1, 1), Float32Array.of(0, 0, 1, 1), 2, 2);
    expect(counts.reduce((a, b) => a + b)).toBe(2);
    expect(counts[0]).toBe(1);
    expect(counts[Math.floor(((Math.log10(0.5) - low) / (high - low)) * counts.length)]).toBe(1);
  });
});
