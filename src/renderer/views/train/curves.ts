/** From metric series to lines: which ones there are, with which colour and dash. */
import { lastAtOrBelow } from '../../charts/decimate.ts';
import type { LineMeans, LineSeries } from '../../charts/line-cache.ts';
import type { XUnit } from '../../charts/line-model.ts';
import type { StepRange } from '../../charts/zoom.ts';
import type { SeriesView } from '../../stores/metric-series.ts';
import type { Training } from './train-state.ts';

/** A run whose curves are drawn. */
export interface CurveSource {
  run: string;
  /** what people call it */
  title: string;
  /** slot of the palette of runs */
  slot: number;
  read: (series: string) => SeriesView;
  /** the same with more points where the charts are zoomed in */
  drawn: (series: string) => SeriesView;
  names: readonly string[];
  /** ms to add to its times so that it starts with the run it is laid over */
  timeShift: number;
  /** factor of its steps where epochs have another length */
  stepFactor: number;
}

export type Role = 'highest' | 'random' | 'lowest';
const ROLE_COLOR: Readonly<Record<Role, string>> = { highest: '--role-h', random: '--role-r', lowest: '--role-l' };
const ROLE_DASH: Readonly<Record<Role, readonly number[] | undefined>> = { highest: undefined, random: [6, 3], lowest: [2, 2] };

/** Series names `supernet/ROLE/TERM` in the order of a step; several random subnets are `random`, `random-2`, ... */
export function roleSeries(names: readonly string[], term: string): { series: string; role: Role; number: number }[] {
  const order: readonly Role[] = ['highest', 'random', 'lowest'];
  return names
    .flatMap((series) => {
      const match = /^supernet\/(highest|random|lowest)(?:-(\d+))?\/(.+)$/.exec(series);
      return match && match[3] === term ? [{ series, role: match[1] as Role, number: Number(match[2] ?? 1) }] : [];
    })
    .sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role) || a.number - b.number);
}

/** Bit-widths whose accuracy was measured during training, ascending. */
export function accuracyBits(names: readonly string[]): number[] {
  return names
    .flatMap((name) => {
      const match = /^supernet\/accuracy\/(\d)$/.exec(name);
      return match ? [Number(match[1])] : [];
    })
    .sort((a, b) => a - b);
}

/** Copies of a series with other steps and times, made anew only when the series has grown. */
const aligned = new Map<string, { key: string; steps: Float64Array; times: Float64Array; means: LineMeans | null }>();

function moved<Columns extends Pick<SeriesView, 'steps' | 'times'>>(columns: Columns, { timeShift, stepFactor }: CurveSource): Columns {
  const steps = columns.steps.map((step) => step * stepFactor);
  return { ...columns, steps, times: columns.times.map((time) => time + timeShift) };
}

function align(id: string, view: SeriesView, source: CurveSource): Pick<LineSeries, 'steps' | 'times' | 'means'> {
  const { timeShift, stepFactor } = source;
  if (timeShift === 0 && stepFactor === 1) return view;
  const key = `${view.serial ?? 0} ${view.count} ${view.total} ${view.steps[view.count - 1] ?? 0} ${timeShift} ${stepFactor}`;
  const known = aligned.get(id);
  if (known?.key === key) return known;
  const { steps, times } = moved(view, source);
  const made = { key, steps, times, means: view.means && moved(view.means, source) };
  aligned.set(id, made);
  return made;
}

/**
 * One line of a run.
 * @param first the run that is shown, where this is another one laid over it
 */
export function lineOf(
  source: CurveSource,
  first: CurveSource | undefined,
  series: string,
  look: { name: string; color: string; dash?: readonly number[] },
): LineSeries {
  const view = source.drawn(series);
  const id = `${source.run} ${series}`;
  const { steps, times, means } = align(id, view, source);
  const isOver = first !== undefined && first.run !== source.run && first.names.includes(series);
  return {
    id,
    color: look.color,
    dash: look.dash,
    name: first === undefined ? look.name : `${look.name}, ${source.title}`,
    short: look.name,
    ...(isOver && { over: `${first.run} ${series}` }),
    steps,
    times,
    values: view.values,
    means,
    total: view.total,
    serial: view.serial,
  };
}

/** The same line with other points of its series. */
export function withPoints(line: LineSeries, source: CurveSource, view: SeriesView): LineSeries {
  return { ...line, ...moved(view, source), values: view.values, means: null, total: view.total };
}
/** Name of the series that a line of this run draws; null where it is of another one. */
export const seriesOf = (line: LineSeries, source: CurveSource): string | null =>
  line.id.startsWith(`${source.run} `) ? line.id.slice(source.run.length + 1) : null;

/**
 * The lines of one term of the loss by role. Where two runs are drawn, the colour tells the run and the dash the role.
 * @param name words of a role, e.g. `Random 2`
 */
export function roleLines(
  sources: readonly CurveSource[],
  term: string,
  name: (role: Role, number: number, several: boolean) => string,
): LineSeries[] {
  return sources.flatMap((source) => {
    const found = roleSeries(source.names, term);
    const several = found.filter(({ role }) => role === 'random').length > 1;
    return found.map(({ series, role, number }) =>
      lineOf(source, firstOf(sources), series, {
        name: name(role, number, several),
        color: sources.length > 1 ? `--run-${source.slot}` : ROLE_COLOR[role],
        dash: ROLE_DASH[role],
      }),
    );
  });
}

/** The shown run where another one is laid over it; undefined where it is alone. */
export const firstOf = (sources: readonly CurveSource[]): CurveSource | undefined => (sources.length > 1 ? sources[0] : undefined);

/** A series that each step of a phase has a point in; null where nothing is known of the phase. */
function everyStepOf({ read }: Pick<CurveSource, 'read'>, phase: Training): SeriesView | null {
  for (const series of [`${phase}/rate`, `${phase}/loss`, `${phase}/highest/cross-entropy`]) {
    const found = read(series);
    if (found.count > 0) return found;
  }
  return null;
}

/** ms since 1970 at which a run's curves of a phase begin; null in runs whose times were not noted. */
export function startOf(source: Pick<CurveSource, 'read'>, phase: Training): number | null {
  const time = everyStepOf(source, phase)?.times[0];
  return time !== undefined && Number.isFinite(time) ? time : null;
}

/** The steps of a run that stand where those of the shown run do. */
export function rangeIn(source: CurveSource, shown: CurveSource, range: StepRange, axis: { training: Training; unit: XUnit }): StepRange {
  if (source.run === shown.run) return range;
  if (axis.unit !== 'time') return { from: range.from / source.stepFactor, to: range.to / source.stepFactor };
  const [mine, theirs] = [everyStepOf(shown, axis.training), everyStepOf(source, axis.training)];
  if (!mine || !theirs) return range;
  const at = (step: number, side: 0 | 1): number => {
    const time = mine.times[Math.max(0, lastAtOrBelow(mine.steps, step))] - source.timeShift;
    return theirs.steps[Math.min(theirs.count - 1, Math.max(0, lastAtOrBelow(theirs.times, time) + side))];
  };
  return { from: at(range.from, 0), to: at(range.to, 1) };
}

/** At most `most` values of a series, the newest last, each the largest of those that it stands for. */
export function thinned(values: Float32Array, most: number): Float32Array {
  if (values.length <= most) return values;
  const out = new Float32Array(most);
  for (let i = 0; i < most; i++) {
    let largest = -Infinity;
    const to = Math.floor(((i + 1) * values.length) / most);
    for (let j = Math.floor((i * values.length) / most); j < to; j++) if (values[j] > largest) largest = values[j];
    out[i] = largest;
  }
  return out;
}
