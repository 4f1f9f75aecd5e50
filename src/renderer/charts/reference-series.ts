import type { SeriesOption } from './echarts.ts';
import type { ReferenceLine } from './line-model.ts';
import type { AxisLook } from './parts.ts';
import { coordinate, type Scale } from './scale.ts';
import type { Tokens } from './tokens.ts';

/** Share of an axis from which on a label stands on the other side of its line. */
const NEAR_END = { x: 0.8, y: 0.85 };

const isNearEnd = ({ min, max, log }: Scale, place: number, share: number): boolean =>
  place > coordinate(log, min) + share * (coordinate(log, max) - coordinate(log, min));

/** Dotted lines across a plot, each with its label. @param lines with their place on the x axis, or the left one, in drawn coordinates */
export function referenceSeries(
  lines: readonly (ReferenceLine & { place: number | null })[],
  bottom: AxisLook,
  left: AxisLook,
  tokens: Tokens,
): SeriesOption {
  const ink = tokens.color('--text-3');
  const label = (formatter: string, position: 'insideEndTop' | 'insideEndBottom') => ({
    formatter,
    position,
    color: ink,
    fontSize: 11,
    fontFamily: tokens.font,
  });
  return {
    id: 'references',
    type: 'line',
    data: [],
    silent: true,
    markLine: {
      silent: true,
      symbol: 'none',
      animation: false,
      lineStyle: { color: ink, width: 1, type: [2, 3] },
      data: lines.flatMap(({ axis = 'y', place, label: text }) => {
        if (place === null || !Number.isFinite(place)) return [];
        const near = isNearEnd((axis === 'x' ? bottom : left).scale, place, NEAR_END[axis]);
        return [{ [axis === 'x' ? 'xAxis' : 'yAxis']: place, label: label(text, near ? 'insideEndBottom' : 'insideEndTop') }];
      }),
    },
  };
}
