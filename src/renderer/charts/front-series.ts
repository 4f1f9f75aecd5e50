/** The marks of the front, from the back to the front. */
import type { SeriesOption } from './echarts.ts';
import { bandCorners, isOutside, veilOf, type FrontPoint, type MeasuredPoint, type UniformPoint } from './front-model.ts';
import { areaSeries, lineSeries, segmentSeries } from './parts.ts';
import type { Limits } from './range-text.ts';
import { coordinate, share, type Scale } from './scale.ts';
import type { Tokens } from './tokens.ts';

export interface FrontLooks {
  points: readonly FrontPoint[];
  front: readonly FrontPoint[];
  measured: readonly MeasuredPoint[];
  uniform: readonly UniformPoint[];
  knee: FrontPoint | null;
  kneeLabel: string;
  rmse: number | null;
  xLimits: Limits;
  yLimits: Limits;
  x: Scale;
  y: Scale;
}

type Mark = [number, number];

/** Of more marks than this, those of one series are drawn as one shape: thousands of single ones take most of a second. */
const MANY = 1000;
/** Of more measured configurations than this, rings and ties are small. */
const CROWD = 300;
const inOneShape = (marks: readonly unknown[]) => ({ large: marks.length > MANY, largeThreshold: MANY });

function scatter(id: string, data: Mark[], size: number, color: string, opacity: number, z: number): SeriesOption {
  // ECharts gives scatter marks an opacity of 0.8 unless one is said.
  return {
    id,
    type: 'scatter',
    data,
    symbolSize: size,
    itemStyle: { color, opacity },
    silent: true,
    z,
    emphasis: { disabled: true },
    // drawn in one go: a canvas that is drawn in pieces goes on after its chart has left the page, and fails
    progressive: 0,
    ...inOneShape(data),
  };
}

export function frontSeries(looks: FrontLooks, tokens: Tokens): SeriesOption[] {
  const { log } = looks.x;
  const at = (x: number, y: number): Mark => [coordinate(log, x), y];
  const ink = (name: string) => tokens.color(name);
  const cloud = looks.points.filter((p) => !p.front);
  const inside: Mark[] = [];
  const outside: Mark[] = [];
  for (const p of cloud) (isOutside(p, looks.xLimits, looks.yLimits) ? outside : inside).push(at(p.x, p.y));
  const { veils, lines } = veilOf(looks.xLimits, looks.yLimits, looks.x, looks.y);
  const flat = Float64Array.from(looks.front.flatMap((p) => at(p.x, p.y)));
  const crowded = looks.measured.length > CROWD;
  // one line with gaps
  const ties = Float64Array.from(looks.measured.flatMap((m) => [...at(m.x, m.predicted), ...at(m.x, m.measured), ...at(m.x, NaN)]));
  const text = { fontFamily: tokens.font, opacity: 1 } as const;
  const kneeLeft =
    looks.knee !== null &&
    coordinate(log, looks.knee.x) > coordinate(log, looks.x.min) + 0.1 * (coordinate(log, looks.x.max) - coordinate(log, looks.x.min));

  return [
    scatter('outside', outside, 3.5, ink('--dominated'), 0.14, 2),
    scatter('dominated', inside, 3.5, ink('--dominated'), 0.42, 2),
    areaSeries('band', bandCorners(looks.front, looks.rmse, log), { color: ink('--accent'), opacity: 0.13, z: 3 }),
    lineSeries('front', flat, { color: ink('--accent'), width: 1.5, z: 4, dots: true }),
    lineSeries('ties', ties, { color: ink('--text'), width: 1, opacity: crowded ? 0.2 : 0.75, z: 5 }),
    {
      id: 'measured',
      type: 'scatter',
      data: looks.measured.map((m) => at(m.x, m.measured)),
      symbol: 'circle',
      symbolSize: crowded ? 5 : 9,
      itemStyle: { color: ink('--panel'), borderColor: ink('--text'), borderWidth: crowded ? 1 : 1.75, opacity: 1 },
      silent: true,
      z: 6,
      emphasis: { disabled: true },
      progressive: 0,
      ...inOneShape(looks.measured),
    },
    {
      id: 'uniform',
      type: 'scatter',
      data: looks.uniform.map((u) => ({
        value: at(u.x, u.y),
        // below the lowest ones stand the labels of the axis
        label: { formatter: u.label, position: share(looks.y, u.y) < 0.15 ? ('top' as const) : ('bottom' as const) },
      })),
      symbol: 'rect',
      symbolSize: 6,
      itemStyle: { color: ink('--text-3'), opacity: 1 },
      label: {
        ...text,
        show: true,
        distance: 4,
        padding: [0, 2],
        backgroundColor: ink('--panel'),
        color: ink('--text-2'),
        fontSize: 11,
      },
      labelLayout: { hideOverlap: true },
      silent: true,
      z: 7,
      emphasis: { disabled: true },
    },
    {
      id: 'knee',
      type: 'scatter',
      data: looks.knee ? [at(looks.knee.x, looks.knee.y)] : [],
      symbol: 'diamond',
      symbolSize: 15,
      itemStyle: { color: ink('--accent'), borderColor: ink('--panel'), borderWidth: 2, opacity: 1 },
      label: {
        ...text,
        show: true,
        formatter: looks.kneeLabel,
        position: kneeLeft ? 'left' : 'right',
        distance: 8,
        color: ink('--text'),
        fontSize: 12,
        fontWeight: 600,
        textBorderColor: ink('--panel'),
        textBorderWidth: 3,
      },
      silent: true,
      z: 8,
      emphasis: { disabled: true },
    },
    {
      id: 'veil',
      type: 'line',
      data: [],
      silent: true,
      z: 9,
      markArea: {
        silent: true,
        itemStyle: { color: ink('--canvas'), opacity: 0.62 },
        data: veils.map((v) => [
          { xAxis: coordinate(log, v.x[0]), yAxis: v.y[0] },
          { xAxis: coordinate(log, v.x[1]), yAxis: v.y[1] },
        ]),
      },
    },
    segmentSeries(
      'limits',
      lines.map(([x1, y1, x2, y2]) => [...at(x1, y1), ...at(x2, y2)] as [number, number, number, number]),
      { color: ink('--text-3'), dash: [4, 3], z: 10 },
    ),
  ];
}
