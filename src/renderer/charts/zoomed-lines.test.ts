import { mount } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nextTick } from 'vue';
import { createI18n } from 'vue-i18n';
import { messages } from '../../shared/i18n/index.ts';
import LineChart from './LineChart.vue';
import { ColumnDecimator } from './decimate.ts';
import type { LineSeries } from './line-cache.ts';
import { courseOf, inside, lookX, mapX, spanOfSteps } from './line-model.ts';
import { useZoom } from './zoom.ts';

const global = { plugins: [createI18n({ legacy: false, locale: 'en', messages })] };
const line: LineSeries = {
  id: 'a',
  name: 'a',
  color: '--run-1',
  steps: Float64Array.from({ length: 101 }, (_, i) => i),
  times: Float64Array.from({ length: 101 }, (_, i) => 5000 + i * 1000),
  values: Float32Array.from({ length: 101 }, (_, i) => i / 10),
};

describe('the part of the steps that is shown', () => {
  it.each([
    ['step', { from: 20, to: 40 }, { from: 20, to: 40 }],
    ['epoch', { from: 20, to: 40 }, { from: 2, to: 4 }],
    ['time', { from: 20, to: 40 }, { from: 20, to: 40 }],
    // behind the last point there is no time, but a planned end
    ['time', { from: 90, to: 150 }, { from: 90, to: 200 }],
    ['step', null, { from: 0, to: 200 }],
    ['step', { from: 300, to: 400 }, { from: 0, to: 200 }],
  ] as const)('on the %s axis: %j', (unit, range, expected) => {
    const mapping = mapX(unit, [line], { steps: 200, stepsPerEpoch: 10, seconds: 200, start: 5000 });
    expect(spanOfSteps(range, mapping, [line])).toEqual(expected);
  });

  it('has an axis of its own', () => {
    const mapping = mapX('step', [line], { steps: 200 });
    const { scale, ticks } = lookX(mapping, { from: 20, to: 40 }, 4, String);
    expect([scale.min, scale.max, ticks[0], ticks.at(-1)]).toEqual([20, 40, 20, 40]);
  });

  it('is drawn with one neighbour on each side, which the y axis does not follow', () => {
    const decimator = new ColumnDecimator({ from: 20, to: 22 }, 100);
    decimator.append(line.steps, line.values);
    const points = decimator.points(line.steps, line.values);
    expect([...points].filter((_, i) => i % 2 === 0)).toEqual([19, 20, 21, 22, 23]);
    expect([...inside([points], { from: 20, to: 22 })[0]].filter((_, i) => i % 2 === 0)).toEqual([20, 21, 22]);
    const passing = Float64Array.of(0, 1, 100, 2);
    expect(inside([passing], { from: 20, to: 22 })[0]).toEqual(passing);
  });

  it('is told by its own first and last value', () => {
    expect(courseOf(line, { from: 19.5, to: 40 })).toMatchObject({ first: Math.fround(2), last: Math.fround(4) });
    expect(courseOf(line, { from: 200, to: 300 })).toBeNull();
  });
});

describe('zooming', () => {
  const zoom = useZoom('test');
  const chart = () =>
    mount(LineChart, { props: { title: 'Loss', series: [line], plannedSteps: 100, zoom: 'test' }, global, attachTo: document.body });
  beforeEach(() => (zoom.value = { from: 20, to: 40 }));
  afterEach(() => (zoom.value = null));

  it('is told', async () => {
    const wrapper = chart();
    expect(wrapper.get('.plot').attributes('aria-label')).toBe('Loss, steps 20 to 40: a from 2 to 4.');
    zoom.value = { from: 150, to: 160 };
    await nextTick();
    expect(wrapper.get('.plot').attributes('aria-label')).toBe('Loss, steps 150 to 160: no data here.');
    wrapper.unmount();
  });
});
