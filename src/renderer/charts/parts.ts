/** Pieces of options that all plots share. */
import type { ChartOption, LineSeriesOption, SeriesOption } from './echarts.ts';
import { coordinate, type PlotArea, type Scale } from './scale.ts';
import type { Tokens } from './tokens.ts';

type XAxis = Exclude<ChartOption['xAxis'], readonly unknown[] | undefined>;
/** Text that belongs to no series. */
type Graphic = Exclude<ChartOption['graphic'], undefined>;
type YAxis = Exclude<ChartOption['yAxis'], readonly unknown[] | undefined>;

/** An axis: what it spans, where its labels stand, and how they are written. */
export interface AxisLook {
  scale: Scale;
  ticks: readonly number[];
  format: (value: number) => string;
  grid?: boolean;
  /** no labels */
  quiet?: boolean;
}

/** px that a label of 11 px takes up; the widths of Inter's tabular figures. */
export function labelWidth(text: string): number {
  let width = 0;
  for (const sign of text) width += '.,:;’'.includes(sign) ? 3.4 : 6.8;
  return Math.ceil(width);
}

/** Room that the labels of a y axis need, with their distance to the plot. */
export function axisRoom(axis: AxisLook): number {
  return axis.quiet ? 4 : Math.max(14, ...axis.ticks.map((v) => labelWidth(axis.format(v)))) + 12;
}

function look(axis: AxisLook, tokens: Tokens, gridFirst: boolean) {
  const { scale } = axis;
  const drawn = new Map(axis.ticks.map((v) => [coordinate(scale.log, v), v]));
  const places = [...drawn.keys()];
  return {
    type: 'value' as const,
    min: coordinate(scale.log, scale.min),
    max: coordinate(scale.log, scale.max),
    axisTick: { show: false, customValues: places },
    axisLabel: {
      show: !axis.quiet,
      color: tokens.color('--text-3'),
      fontSize: 11,
      fontFamily: tokens.font,
      hideOverlap: true,
      customValues: places,
      formatter: (place: number) => {
        // The plot hands back what it was given, but for the last bits.
        const near = places.reduce((a, b) => (Math.abs(b - place) < Math.abs(a - place) ? b : a), places[0]);
        return axis.format(drawn.get(near) ?? place);
      },
    },
    splitLine: { show: axis.grid ?? gridFirst, lineStyle: { color: tokens.color('--line'), width: 1 } },
  };
}

export function xAxis(axis: AxisLook, tokens: Tokens): XAxis {
  return {
    id: 'x',
    ...look(axis, tokens, false),
    axisLine: { show: true, onZero: false, lineStyle: { color: tokens.color('--line-strong'), width: 1 } },
  };
}

export function yAxis(axis: AxisLook, tokens: Tokens, right = false): YAxis {
  return { id: right ? 'right' : 'left', ...look(axis, tokens, !right), position: right ? 'right' : 'left', axisLine: { show: false } };
}

/** A grid exactly there: ECharts may not move it to make room for labels, because marks are also placed from outside. */
export function grid(area: PlotArea): ChartOption['grid'] {
  return { left: area.left, top: area.top, width: area.width, height: area.height, outerBoundsMode: 'none' };
}

/** Names of both axes, a part of the plot so that pictures have them: y above its labels, x below the middle of its own. */
export function axisNames({ x, y }: { x: string; y: string }, area: PlotArea, height: number, tokens: Tokens): Graphic {
  const style = { fill: tokens.color('--text-3'), fontSize: 11, fontFamily: tokens.font };
  return [
    { id: 'name-y', type: 'text', silent: true, style: { ...style, text: y, x: 0, y: 8, verticalAlign: 'middle' } },
    {
      id: 'name-x',
      type: 'text',
      silent: true,
      style: { ...style, text: x, x: area.left + area.width / 2, y: height - 9, align: 'center', verticalAlign: 'middle' },
    },
  ];
}

/** A line through points given as x and y in turns, in drawn coordinates. */
export function lineSeries(
  id: string,
  data: Float64Array,
  style: { color: string; width?: number; dash?: readonly number[]; opacity?: number; axis?: number; z?: number; dots?: boolean },
): SeriesOption {
  const line: LineSeriesOption = {
    id,
    type: 'line',
    dimensions: ['x', 'y'],
    encode: { x: 0, y: 1 },
    yAxisIndex: style.axis ?? 0,
    silent: true,
    symbol: 'circle',
    symbolSize: 5,
    showSymbol: style.dots ?? data.length === 2,
    clip: true,
    z: style.z ?? 3,
    lineStyle: {
      color: style.color,
      width: style.width ?? 1.75,
      type: style.dash ? [...style.dash] : 'solid',
      opacity: style.opacity ?? 1,
      join: 'round',
    },
    itemStyle: { color: style.color },
    emphasis: { disabled: true },
  };
  // ECharts copies every option: a typed array is one copy, pairs are thousands. Its types leave typed arrays out here.
  return Object.assign(line, { data });
}

/** One filled shape with corners in drawn coordinates. */
export function areaSeries(
  id: string,
  corners: readonly (readonly [number, number])[],
  style: { color: string; opacity: number; z?: number },
): SeriesOption {
  return {
    id,
    type: 'custom',
    silent: true,
    clip: true,
    z: style.z ?? 1,
    data: corners.length > 2 ? [[...corners[0]]] : [],
    renderItem: (_params, api) => ({
      type: 'polygon',
      shape: { points: corners.map((corner) => api.coord([...corner])) },
      style: { fill: style.color, opacity: style.opacity },
    }),
  };
}

/** Bars from zero, each with its left and right end and its height, in drawn coordinates. */
export function barSeries(id: string, bars: readonly (readonly [number, number, number])[], color: string, z = 2): SeriesOption {
  return {
    id,
    type: 'custom',
    silent: true,
    clip: true,
    z,
    data: bars.map((bar) => [...bar]),
    renderItem: (_params, api) => {
      const [left, top] = api.coord([api.value(0), api.value(2)]);
      const [right, bottom] = api.coord([api.value(1), 0]);
      return { type: 'rect', shape: { x: left, y: top, width: right - left, height: bottom - top }, style: { fill: color } };
    },
  };
}

/** Straight lines between pairs of points in drawn coordinates. */
export function segmentSeries(
  id: string,
  segments: readonly (readonly [number, number, number, number])[],
  style: { color: string; width?: number; opacity?: number; dash?: readonly number[]; z?: number },
): SeriesOption {
  return {
    id,
    type: 'custom',
    silent: true,
    clip: true,
    z: style.z ?? 4,
    data: segments.map((s) => [...s]),
    dimensions: ['x1', 'y1', 'x2', 'y2'],
    encode: { x: ['x1', 'x2'], y: ['y1', 'y2'] },
    renderItem: (_params, api) => {
      const [x1, y1] = api.coord([api.value(0), api.value(1)]);
      const [x2, y2] = api.coord([api.value(2), api.value(3)]);
      return {
        type: 'line',
        shape: { x1, y1, x2, y2 },
        style: {
          stroke: style.color,
          fill: 'none',
          lineWidth: style.width ?? 1,
          opacity: style.opacity ?? 1,
          lineDash: style.dash ? [...style.dash] : undefined,
        },
      };
    },
  };
}
