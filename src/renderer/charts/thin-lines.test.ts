import { mount } from '@vue/test-utils';
import { describe, expect, it, vi } from 'vitest';
import { createI18n } from 'vue-i18n';
import { messages } from '../../shared/i18n/index.ts';
import UiMenu from '../ui/UiMenu.vue';
import LineChart from './LineChart.vue';
import { LineCache, type LineSeries } from './line-cache.ts';
import { thinnedTo, valueAtStep } from './line-model.ts';

const global = { plugins: [createI18n({ legacy: false, locale: 'en', messages })] };

const series = (id: string, values: number[]): LineSeries => ({
  id,
  name: id,
  color: '--run-1',
  steps: Float64Array.from(values, (_, i) => i),
  values: Float32Array.from(values),
});

describe('lines of which points were left out', () => {
  /** 40 points of which the lowest and the highest of ten neighbours are here; their values rise by one each step. */
  const thin = (): LineSeries => ({
    ...series('a', [0, 9, 10, 19, 20, 29, 30, 39]),
    steps: Float64Array.of(0, 9, 10, 19, 20, 29, 30, 39),
    means: {
      steps: Float64Array.of(4.5, 14.5, 24.5, 39),
      values: Float32Array.of(4.5, 14.5, 24.5, 34.5),
      counts: Uint32Array.of(10, 10, 10, 10),
    },
    total: 40,
  });
  const setup = { span: { from: 0, to: 40 }, columns: 100, smoothing: 0, xs: 'steps' as const, transform: { factor: 1, offset: 0 } };

  it('smooths the means where points were left out, and keeps the peaks behind them', () => {
    const { raw, line } = new LineCache().update(thin(), { ...setup, smoothing: 0.5 });
    expect(raw).toHaveLength(16);
    expect([...line].filter((_, at) => at % 2 === 0)).toEqual([4.5, 14.5, 24.5, 39]);
    // half of what was before is a thousandth after ten points
    expect(Math.abs(line[3] - 14.5)).toBeLessThan(0.02);
  });

  it('tells the mean of what lies around a step where points were left out, and the newest point as it is', () => {
    const cache = new LineCache();
    cache.update(thin(), setup);
    expect([null, 12, 15, 39, 40].map((step) => valueAtStep(thin(), cache, 0, step))).toEqual([39, 4.5, 14.5, 34.5, null]);
  });

  it('draws a series anew that was thinned and is not any more', () => {
    const cache = new LineCache();
    cache.update(thin(), { ...setup, smoothing: 0.5 });
    const whole = { ...thin(), means: null };
    expect(cache.update(whole, { ...setup, smoothing: 0.5 }).line).toHaveLength(16);
  });

  it('says how many points it shows, and writes all of them into files', async () => {
    expect(thinnedTo([series('b', [1])], null)).toBeNull();
    expect(thinnedTo([thin(), series('b', [1, 2])], null)).toEqual({ shown: 10, total: 42, each: 10 });
    const saved: string[] = [];
    const wrapper = mount(LineChart, {
      props: {
        title: 'Loss',
        series: [thin()],
        whole: () => Promise.resolve([series('a', [5, 6, 7])]),
        save: (_name, content) => void saved.push(String(content)),
      },
      global,
    });
    const note = wrapper.get('.plot');
    expect(note.attributes('aria-description')).toContain('Of every 10 neighbouring points');
    wrapper.getComponent(UiMenu).vm.$emit('select', 'csv');
    await vi.waitFor(() => expect(saved).toEqual(['Step,a\r\n0,5\r\n1,6\r\n2,7\r\n']));
  });

  it('says how many points a part has, and that all of them are here where none was left out', () => {
    expect(thinnedTo([thin()], { from: 10, to: 30 })).toEqual({ shown: 5, total: 20, each: 10 });
    const partly = { ...thin(), means: { ...thin().means!, counts: Uint32Array.of(10, 1, 1, 10) } };
    expect(thinnedTo([partly], { from: 10, to: 25 })).toMatchObject({ total: 2, each: 1 });
  });
});
