import { expect, test } from 'vitest';
import type { MetricBlock } from '../../shared/contract/api/views.ts';
import { MetricSeries } from './metric-series.ts';

const base64 = (array: Float64Array | Float32Array): string => btoa(String.fromCharCode(...new Uint8Array(array.buffer)));

function block(from: number, count: number, value: (step: number) => number): MetricBlock {
  const steps = Float64Array.from({ length: count }, (_, index) => from + index);
  return {
    series: 'loss',
    count,
    steps: base64(steps),
    times: base64(steps.map((step) => step * 10)),
    values: base64(Float32Array.from(steps, value)),
  };
}
const steps = (series: MetricSeries): number[] => [...series.view().steps];

test('grows beyond its first room', () => {
  const series = new MetricSeries();
  for (let from = 0; from < 3000; from += 300) series.append(block(from, 300, (step) => step / 2));
  const { count, values, times } = series.view();
  expect([count, values[2999], times[2999]]).toEqual([3000, 1499.5, 29990]);
});

test('a resumed run replaces the steps that it does again', () => {
  const series = new MetricSeries();
  series.append(block(0, 10, () => 1));
  series.append(block(6, 3, () => 2));
  expect(steps(series)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect([...series.view().values].slice(5)).toEqual([1, 2, 2, 2]);
});

test('an empty block changes nothing', () => {
  const series = new MetricSeries();
  series.append(block(0, 2, () => 1));
  series.append(block(0, 0, () => 1));
  expect(steps(series)).toEqual([0, 1]);
});
