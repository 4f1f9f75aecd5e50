import { ColumnDecimator, type Span, type Transform } from './decimate.ts';
import { MovingAverage } from './ema.ts';

/** One series as it is stored: typed arrays of the same length that only grow at their end. */
export interface LineSeries {
  id: string;
  name: string;
  /** name in the legend; else `name` */
  short?: string;
  /** id of the series that it is laid over: it is not listed itself, its value stands behind that one's, and it hides with it */
  over?: string;
  /** variable of the palette, e.g. `--run-1` or `--role-h` */
  color: string;
  /** px on, px off */
  dash?: readonly number[];
  /** training steps, ascending */
  steps: Float64Array;
  /** ms since 1970; needed for the time axis */
  times?: Float64Array;
  /** NaN = no value */
  values: Float32Array;
  /** what is smoothed where points were left out; null or left out where every point is there */
  means?: LineMeans | null;
  /** points that all of these stand for, where some were left out */
  total?: number;
  /** another one for other points of the same steps */
  serial?: number;
  /** 1 = right axis */
  axis?: 0 | 1;
}

/** Neighbours of a series taken together: mean step, time and value of each group, and how many points it has. */
export interface LineMeans {
  steps: Float64Array;
  times?: Float64Array;
  values: Float32Array;
  counts: Uint32Array;
}

export interface LineSetup {
  span: Span;
  columns: number;
  /** 0..0.99 */
  smoothing: number;
  xs: 'steps' | 'times';
  transform: Transform;
}

/** Points to draw, x and y in turns. */
export interface DrawnLine {
  /** null where nothing is smoothed */
  raw: Float64Array | null;
  line: Float64Array;
}

interface Entry {
  key: string;
  count: number;
  firstStep: number;
  lastStep: number;
  lastValue: number;
  /** whether points were left out */
  isThin: boolean;
  raw: ColumnDecimator;
  average: MovingAverage;
  smooth: ColumnDecimator;
}

function setupKey(setup: LineSetup): string {
  const { span, columns, smoothing, xs, transform } = setup;
  return [span.from, span.to, columns, smoothing, xs, transform.factor, transform.offset].join(' ');
}

/** Keeps what is known of each series, so that new points cost only themselves. */
export class LineCache {
  private readonly entries = new Map<string, Entry>();

  update(series: LineSeries, setup: LineSetup): DrawnLine {
    const { steps, values } = series;
    const xs = setup.xs === 'times' ? (series.times ?? steps) : steps;
    const count = Math.min(xs.length, values.length);
    const entry = this.entryFor(series, setup, count);
    entry.raw.append(xs, values, count);
    const { means } = series;
    const meanXs = means ? (setup.xs === 'times' && means.times) || means.steps : xs;
    entry.average.append(means?.values ?? values, means ? means.values.length : count, means?.counts);
    const smoothed = setup.smoothing > 0;
    if (smoothed) entry.smooth.append(meanXs, entry.average.values);
    entry.count = count;
    entry.firstStep = steps[0];
    entry.lastStep = steps[count - 1];
    entry.lastValue = values[count - 1];
    const raw = entry.raw.points(xs, values);
    return smoothed ? { raw, line: entry.smooth.points(meanXs, entry.average.values) } : { raw: null, line: raw };
  }

  /** The smoothed values of a series that was drawn: of its means where it has some. */
  values(id: string): Float32Array {
    return this.entries.get(id)?.average.values ?? new Float32Array(0);
  }

  /** Forgets all series but these. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.entries.keys()) if (!ids.has(id)) this.entries.delete(id);
  }

  private entryFor({ id, steps, values, means, serial }: LineSeries, setup: LineSetup, count: number): Entry {
    const key = `${setupKey(setup)} ${serial ?? 0}`;
    const known = this.entries.get(id);
    const grown =
      known !== undefined &&
      known.key === key &&
      known.isThin === Boolean(means) &&
      count >= known.count &&
      (known.count === 0 ||
        (steps[0] === known.firstStep && steps[known.count - 1] === known.lastStep && Object.is(values[known.count - 1], known.lastValue)));
    if (grown) return known;
    const entry: Entry = {
      key,
      count: 0,
      firstStep: NaN,
      lastStep: NaN,
      lastValue: NaN,
      isThin: Boolean(means),
      raw: new ColumnDecimator(setup.span, setup.columns, setup.transform),
      average: new MovingAverage(setup.smoothing),
      smooth: new ColumnDecimator(setup.span, setup.columns, setup.transform),
    };
    this.entries.set(id, entry);
    return entry;
  }
}
