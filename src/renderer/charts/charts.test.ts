import { mount } from '@vue/test-utils';
import { describe, expect, it } from 'vitest';
import { createI18n } from 'vue-i18n';
import { messages } from '../../shared/i18n/index.ts';
import BrushHistogram from './BrushHistogram.vue';
import ChartTable from './ChartTable.vue';
import FrontChart from './FrontChart.vue';
import HeatGrid from './HeatGrid.vue';
import LineChart from './LineChart.vue';
import { useCrosshair } from './crosshair.ts';
import { tableOf } from './csv.ts';
import { svgDocument } from './echarts.ts';
import { fileName, picture } from './export.ts';
import { frontOf, veilOf, type FrontPoint } from './front-model.ts';
import { frontSeries } from './front-series.ts';
import { LineCache, type LineSeries } from './line-cache.ts';
import { lookY, mapX, mergedSteps, placeOfStep, stepOfPlace, valueAtStep } from './line-model.ts';
import { stripRows } from './moments-model.ts';
import { axisNames, grid, lineSeries, xAxis, yAxis } from './parts.ts';
import { mix, useTokens } from './tokens.ts';

const global = { plugins: [createI18n({ legacy: false, locale: 'en', messages })] };

function series(id: string, values: number[], every = 1): LineSeries {
  return {
    id,
    name: id,
    color: '--run-1',
    steps: Float64Array.from(values, (_, i) => i * every),
    times: Float64Array.from(values, (_, i) => 5000 + i * 1000),
    values: Float32Array.from(values),
  };
}

describe('line charts', () => {
  it('spans the whole planned run in the unit of the axis', () => {
    const some = [series('a', [1, 2, 3])];
    expect(mapX('step', some, { steps: 100 }).end).toBe(100);
    expect(mapX('epoch', some, { steps: 100, stepsPerEpoch: 10 }).end).toBe(10);
    expect(mapX('time', some, { seconds: 60 }).end).toBe(60);
    expect(mapX('step', [], {}).end).toBe(1);
  });

  it.each(['step', 'epoch', 'time'] as const)('finds places of steps and back on the %s axis', (unit) => {
    const some = [series('a', [1, 2, 3, 4], 10)];
    const mapping = mapX(unit, some, { steps: 40, stepsPerEpoch: 20 });
    const place = placeOfStep(20, mapping, some);
    expect(place).toBe({ step: 20, epoch: 1, time: 2 }[unit]);
    expect(stepOfPlace(place ?? NaN, mapping, some)).toBe(20);
  });

  it('keeps what it knows of a series that grows, and forgets it when the series is another', () => {
    const setup = { span: { from: 0, to: 10 }, columns: 2, smoothing: 0.5, xs: 'steps' as const, transform: { factor: 1, offset: 0 } };
    const values = [4, 3, 2, 1, 5, 6, 7];
    const cache = new LineCache();
    cache.update(series('a', values.slice(0, 3)), setup);
    expect(cache.update(series('a', values), setup)).toEqual(new LineCache().update(series('a', values), setup));
    const other = values.map((v) => v + 1);
    expect(cache.update(series('a', other), setup)).toEqual(new LineCache().update(series('a', other), setup));
  });

  it('reads values at the cursor, and nothing beyond the newest', () => {
    const a = series('a', [1, 2, NaN, 4], 10);
    const cache = new LineCache();
    expect([null, 0, 15, 25, 30, 31].map((step) => valueAtStep(a, cache, 0, step))).toEqual([4, 1, 2, 2, 4, null]);
  });

  it('puts series of different steps into one table', () => {
    const { steps, at } = mergedSteps([series('a', [1, 2, 3], 2), series('b', [1, 2], 3)]);
    expect([...steps]).toEqual([0, 2, 3, 4]);
    expect(at.map((a) => [...a])).toEqual([
      [0, 1, -1, 2],
      [0, -1, 1, -1],
    ]);
  });

  it('starts at zero where it has to, and leaves values that a log axis cannot show', () => {
    const line = Float64Array.of(0, 0, 1, 0.02, 2, 1.9);
    expect(lookY([line], { zero: true }, false, 4, String).scale).toEqual({ min: 0, max: 2, log: false });
    const log = lookY([line], {}, true, 4, String).scale;
    expect(log.min).toBeCloseTo(0.01, 9);
    expect(log.max).toBeCloseTo(10, 9);
  });

  it('says what it shows', () => {
    const wrapper = mount(LineChart, {
      props: { title: 'Loss', series: [series('a', [2, 1, 0.5])] },
      global,
    });
    expect(wrapper.get('.plot').attributes('aria-label')).toBe('Loss: a from 2 to 0.5.');
  });

  it('shares one crosshair in a group', () => {
    useCrosshair('one').value = 7;
    expect([useCrosshair('one').value, useCrosshair('other').value]).toEqual([7, null]);
  });

  it('changes to a table with Alt and Enter', async () => {
    const wrapper = mount(LineChart, { props: { title: 'Loss', series: [series('a', [2, 1, NaN])] }, global, attachTo: document.body });
    await wrapper.get('.plot').trigger('keydown', { key: 'Enter', altKey: true });
    expect(wrapper.get('[role=region]').attributes('aria-label')).toBe('Loss');
    await wrapper.get('[role=region]').trigger('keydown', { key: 'Enter', altKey: true });
    expect(wrapper.find('.plot').exists()).toBe(true);
    wrapper.unmount();
  });

  it('says so while there is nothing to draw', () => {
    expect(mount(LineChart, { props: { title: 'Loss', series: [] }, global }).text()).toContain('Nothing to draw yet.');
  });
});

describe('tables of charts', () => {
  it('holds only the rows in sight', () => {
    const table = { columns: [{ title: 'Step' }], rows: 100_000, row: (i: number) => [i] };
    const wrapper = mount(ChartTable, { props: { table, caption: 'Long' }, global });
    expect(wrapper.findAll('tbody tr').length).toBeLessThan(60);
    expect(wrapper.get('table').attributes('aria-rowcount')).toBe('100001');
  });

  it('shows an em dash for what is missing', () => {
    const wrapper = mount(ChartTable, { props: { table: tableOf([{ title: 'A' }], [[null], ['x']]), caption: 'Some' }, global });
    expect(wrapper.find('tbody').text()).toContain('—');
  });
});

const POINTS: FrontPoint[] = [
  { id: 'b', x: 2, y: 92, front: true },
  { id: 'a', x: 1, y: 90, front: true },
  { id: 'c', x: 2, y: 89 },
];

describe('the front', () => {
  const labels = { xName: 'BitOps', xUnit: 'G', yName: 'Top-1', yUnit: '%' };

  it('is ordered by cost', () => expect(frontOf(POINTS).map((p) => p.id)).toEqual(['a', 'b']));

  it('is walked by keys, and points are picked, compared and measured', async () => {
    const wrapper = mount(FrontChart, { props: { title: 'Front', points: POINTS, ...labels }, global });
    const plot = wrapper.get('.plot');
    expect(plot.attributes('aria-label')).toBe('Front: 2 of 3 configurations on the front, from 90.00 % at 1 G to 92.00 % at 2 G.');
    const press = async (key: string, more = {}) => {
      await plot.trigger('keydown', { key, ...more });
      await wrapper.setProps({ hovered: (wrapper.emitted('update:hovered')?.at(-1)?.[0] as string | undefined) ?? null });
    };
    for (const key of ['ArrowRight', 'Enter', 'End', 'c', 'm', 'ArrowRight']) await press(key);
    await press('Enter', { shiftKey: true });
    await press('Escape');
    expect(wrapper.emitted('pick')).toEqual([['a']]);
    expect(wrapper.emitted('compare')).toEqual([['b'], ['b']]);
    expect(wrapper.emitted('measure')).toEqual([['b']]);
    expect(wrapper.emitted('box')).toEqual([[null]]);
  });

  it('is drawn with knee, uniform marks, measurements and limits', () => {
    const scale = { x: { min: 0.5, max: 4, log: true }, y: { min: 88, max: 93, log: false } };
    const series = frontSeries(
      {
        points: POINTS,
        front: frontOf(POINTS),
        measured: [{ id: 'a', x: 1, predicted: 90, measured: 89.5 }],
        uniform: [{ label: '4/4', x: 1.5, y: 90 }],
        knee: POINTS[0],
        kneeLabel: 'Knee',
        rmse: 0.2,
        xLimits: { low: null, high: 3 },
        yLimits: { low: 89, high: null },
        ...scale,
      },
      useTokens(),
    );
    const area = { left: 40, top: 10, width: 300, height: 200 };
    const axes = {
      xAxis: xAxis({ scale: scale.x, ticks: [0.5, 1, 2], format: String }, useTokens()),
      yAxis: yAxis({ scale: scale.y, ticks: [88, 90, 92], format: String }, useTokens()),
    };
    const svg = svgDocument({ grid: grid(area), ...axes, series }, 360, 240, '#000000');
    for (const text of ['Knee', '4/4', '>0.5<', '>2<', '>92<']) expect(svg).toContain(text);
    expect(svg).not.toContain('<style');
  });

  it.each([
    [{ low: null, high: null }, { low: null, high: null }, 0, 0],
    [{ low: null, high: 3 }, { low: 89, high: null }, 2, 2],
    [{ low: 1, high: 3 }, { low: 89, high: 92 }, 4, 4],
    [{ low: 9, high: null }, { low: null, high: null }, 1, 0],
  ])('is veiled outside %j and %j', (x, y, veils, lines) => {
    const found = veilOf(x, y, { min: 0.5, max: 4, log: false }, { min: 88, max: 93, log: false });
    expect([found.veils.length, found.lines.length]).toEqual([veils, lines]);
  });
});

describe('BrushHistogram', () => {
  const props = { label: 'BitOps', unit: 'G', values: [0, 1, 2, 3, 4], digits: 1, modelValue: { low: null, high: null } };

  it('counts what the limits keep', () => {
    const wrapper = mount(BrushHistogram, { props: { ...props, modelValue: { low: 1, high: 3 } }, global });
    expect(wrapper.get('.count').text()).toBe('3 of 5');
    expect(wrapper.get('input').element.value).toBe('1.0–3.0');
  });

  it('takes typed limits and says what is no limit', async () => {
    const wrapper = mount(BrushHistogram, { props, global });
    await wrapper.get('input').setValue('<= 2,5');
    await wrapper.get('input').trigger('change');
    expect(wrapper.emitted('update:modelValue')?.at(-1)).toEqual([{ low: null, high: 2.5 }]);
    await wrapper.get('input').setValue('few');
    await wrapper.get('input').trigger('change');
    expect(wrapper.get('[role=alert]').text()).toContain('“few” is no limit');
  });

  it('moves its handles by keys', async () => {
    const wrapper = mount(BrushHistogram, { props, global });
    const [low, high] = wrapper.findAll('[role=slider]');
    await high.trigger('keydown', { key: 'ArrowLeft', shiftKey: true });
    await low.trigger('keydown', { key: 'ArrowRight', shiftKey: true });
    expect(wrapper.emitted('update:modelValue')).toEqual([[{ low: null, high: 3.6 }], [{ low: 0.4, high: 3.6 }]]);
    expect(low.attributes('aria-label')).toBe('BitOps, lower limit');
  });
});

describe('other charts', () => {
  it('places moments with their target between the ends', () => {
    const [row] = stripRows([{ key: 'k', name: 'Kurtosis', target: 2, start: [4, null], now: [3, 1], digits: 1 }], 0, 100);
    expect(row.marks[1].start).toBeNull();
    expect(row.ticks.map((tick) => tick.value)).toEqual([2, 4, 1]);
    expect(row.target).toBeGreaterThan(row.marks[0].now ?? Infinity);
    expect(row.target).toBeLessThan(row.marks[1].now ?? -Infinity);
  });

  it('summarises a grid of numbers', () => {
    const wrapper = mount(HeatGrid, {
      props: { title: 'Accuracy', rows: ['2', '3'], columns: ['Tss'], values: [[90], [null]], rowName: 'Bits', unit: '%' },
      global,
    });
    expect(wrapper.get('.plot').attributes('aria-label')).toBe('Accuracy: from 90.00 % to 90.00 %.');
  });

  it('mixes colours', () => {
    expect(mix('#000000', '#ffffff', 0.5)).toBe('#808080');
    expect(mix('red', '#ffffff', 0.5)).toBe('red');
  });

  it('names files after their title', () => {
    expect(fileName('Top-1 by bit-width, %', 'csv')).toBe('top-1-by-bit-width.csv');
    expect(fileName('Größe', 'svg')).toBe('grosse.svg');
    expect(fileName('…', 'png')).toBe('chart.png');
  });

  it('puts title and legend above the plot of a saved picture', () => {
    const axes = {
      xAxis: xAxis({ scale: { min: 0, max: 1, log: false }, ticks: [0, 1], format: String }, useTokens()),
      yAxis: yAxis({ scale: { min: 0, max: 1, log: false }, ticks: [0, 1], format: String }, useTokens()),
      series: [lineSeries('a', Float64Array.of(0, 0, 1, 1), { color: '#ff0000' })],
    };
    const area = { left: 20, top: 5, width: 100, height: 50 };
    const graphic = axisNames({ x: 'BitOps, G', y: 'Top-1, %' }, area, 80, useTokens());
    const plot = svgDocument({ grid: grid(area), graphic, ...axes }, 140, 80, '#000000');
    const { svg, width, height } = picture({
      plot,
      title: 'A < B',
      caption: '% & step',
      style: '@font-face{}',
      legend: [
        { id: 'a', name: 'Highest', color: '#ff0000', swatch: 'line' },
        { id: 'b', name: 'Hidden', color: '#ff0000', swatch: 'line', hidden: true },
      ],
    });
    expect(svg).toContain('A &#60; B');
    expect(svg).toContain('% &#38; step');
    expect(svg).toContain('<style>@font-face{}</style>');
    expect(svg).toContain('Highest');
    expect(svg).not.toContain('Hidden');
    expect(svg).toContain('>BitOps, G<');
    expect(svg).toContain('>Top-1, %<');
    expect(svg).not.toMatch(/font-family:[^;"]*"[^ />]/);
    expect(width).toBe(164);
    expect(height).toBeGreaterThan(100);
  });
});
