/** Curves of the runs of the open project, as the host thins them, with the points that come live. */
import { shallowRef, triggerRef, type ShallowRef } from 'vue';
import type { CurveBlock, MetricBlock } from '../../shared/contract/api/views.ts';
import type { StepRange } from '../charts/zoom.ts';
import { MetricSeries, NO_SERIES, type SeriesView } from './metric-series.ts';
import { spliced } from './spliced-series.ts';

/** Curves are shown at most ten times a second. */
const FLUSH_MS = 100;

/** Finer points reach beyond what is shown, so there are more of them than of a whole curve. */
const FINE_GROUPS = 1024;

/** Series to ask the host for. */
export interface CurveChoice {
  series?: string[];
  prefixes?: string[];
  /** groups that a long series is thinned to; all its points, or what charts need where it is left out */
  groups?: number | 'all';
  /** only these steps, and some before them */
  range?: StepRange;
}
type Ask = (run: string, choice: CurveChoice) => Promise<CurveBlock[]>;

interface FineCurve {
  view: SeriesView;
  serial: number;
  /** the last curve that it was put into */
  into: { total: number; count: number; view: SeriesView } | null;
}

interface OfRun {
  series: Map<string, MetricSeries>;
  /** counts the changes of each series */
  versions: Map<string, ShallowRef<number>>;
  names: ShallowRef<readonly string[]>;
  /** beginnings of names that were asked for, each with the answer that brings them */
  loaded: Map<string, Promise<void>>;
  /** for each answer of the host that is under way, the live blocks that came meanwhile */
  meanwhile: Set<MetricBlock[]>;
  /** more points of a part of some series */
  fine: Map<string, FineCurve>;
}

export class RunCurves {
  private readonly runs = new Map<string, OfRun>();
  private serial = 0;
  private readonly touched = new Set<ShallowRef<unknown>>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param keyOf tells runs of all projects apart
   * @param ask   the host
   */
  constructor(
    private readonly keyOf: (run: string) => string,
    private readonly ask: Ask,
  ) {}

  /** Points that came live. */
  readonly append = (run: string, blocks: readonly MetricBlock[]): void => {
    const own = this.of(run);
    for (const list of own.meanwhile) list.push(...blocks);
    this.add(own, blocks);
  };

  /**
   * A metric series as it is now. Reading it inside a computed value or a watcher follows its growth, at most ten times a
   * second. Empty until `load` or the run's own events bring points.
   */
  readonly series = (run: string, name: string): SeriesView => {
    const own = this.of(run);
    void this.versionOf(own, name).value;
    return own.series.get(name)?.view() ?? NO_SERIES;
  };

  /** The same with the finer points that `refine` brought in their place. */
  readonly drawn = (run: string, name: string): SeriesView => {
    const coarse = this.series(run, name);
    const fine = this.of(run).fine.get(name);
    if (!fine) return coarse;
    if (fine.into?.total !== coarse.total || fine.into.count !== coarse.count)
      fine.into = { total: coarse.total, count: coarse.count, view: spliced(coarse, fine.view, fine.serial) };
    return fine.into.view;
  };

  /** Names of the series that are here, in the order in which they came. */
  readonly names = (run: string): readonly string[] => this.of(run).names.value;

  /** Brings all series whose names begin in one of these ways from the host, once; live points keep coming by themselves. */
  readonly load = async (run: string, prefixes: readonly string[], groups?: CurveChoice['groups']): Promise<void> => {
    const { loaded } = this.of(run);
    const asked = (prefix: string) => [...loaded].filter(([have]) => prefix.startsWith(have)).map(([, answer]) => answer);
    const wanted = prefixes.filter((prefix) => asked(prefix).length === 0);
    if (wanted.length > 0) {
      const answer = this.bring(run, { prefixes: wanted, groups });
      for (const prefix of wanted) loaded.set(prefix, answer);
      answer.catch(() => wanted.forEach((prefix) => loaded.get(prefix) === answer && loaded.delete(prefix)));
    }
    await Promise.all(prefixes.flatMap(asked));
  };

  private async bring(run: string, choice: CurveChoice): Promise<void> {
    const own = this.of(run);
    const meanwhile: MetricBlock[] = [];
    own.meanwhile.add(meanwhile);
    try {
      const curves = await this.ask(run, choice);
      own.meanwhile.delete(meanwhile);
      this.replace(own, curves);
      const replaced = new Set(curves.map(({ series }) => series));
      this.add(
        own,
        meanwhile.filter(({ series }) => replaced.has(series)),
      );
      // what was asked for has been waited for already
      this.flush();
    } finally {
      own.meanwhile.delete(meanwhile);
    }
  }

  /**
   * Brings finer points of a range of steps, in the place of those that were brought before, for the series that are thinned.
   * @returns whether all points of the range are here now
   */
  async refine(run: string, names: readonly string[], range: StepRange): Promise<boolean> {
    const own = this.of(run);
    const thin = names.filter((name) => own.series.get(name)?.view().means);
    if (thin.length === 0) return true;
    const curves = await this.ask(run, { series: thin, range, groups: FINE_GROUPS });
    this.coarsen(run);
    const serial = ++this.serial;
    for (const curve of curves) {
      own.fine.set(curve.series, { view: new MetricSeries(curve).view(), serial, into: null });
      this.touch(this.versionOf(own, curve.series));
    }
    this.flush();
    return curves.every(({ means }) => means === null);
  }
  /** Forgets the finer points. */
  coarsen(run: string): void {
    const own = this.of(run);
    for (const name of own.fine.keys()) this.touch(this.versionOf(own, name));
    own.fine.clear();
  }

  /** Series of a run with all their points, as they are stored now. */
  async whole(run: string, names: readonly string[]): Promise<Map<string, SeriesView>> {
    const curves = await this.ask(run, { series: [...names], groups: 'all' });
    return new Map(curves.map((curve) => [curve.series, new MetricSeries(curve).view()]));
  }

  /** The next `load` of a run asks the host again. */
  forget(run: string): void {
    this.of(run).loaded.clear();
  }
  forgetAll(): void {
    for (const own of this.runs.values()) own.loaded.clear();
  }

  private of(run: string): OfRun {
    const key = this.keyOf(run);
    let found = this.runs.get(key);
    if (!found) {
      found = { series: new Map(), versions: new Map(), names: shallowRef([]), loaded: new Map(), meanwhile: new Set(), fine: new Map() };
      this.runs.set(key, found);
    }
    return found;
  }

  private versionOf(own: OfRun, name: string): ShallowRef<number> {
    let version = own.versions.get(name);
    if (!version) own.versions.set(name, (version = shallowRef(0)));
    return version;
  }

  private replace(own: OfRun, curves: readonly CurveBlock[]): void {
    // finer points of a curve that was here before may be those of steps that a resumed run has done again
    for (const { series } of curves) own.fine.delete(series);
    this.put(
      own,
      curves.map((curve) => [curve.series, new MetricSeries(curve)]),
    );
  }

  private add(own: OfRun, blocks: readonly MetricBlock[]): void {
    const made = new Map<string, MetricSeries>();
    for (const block of blocks) {
      const known = own.series.get(block.series) ?? made.get(block.series);
      const series = known ?? new MetricSeries();
      if (!known) made.set(block.series, series);
      // finer points of steps that a resumed run does again are those of before
      if (series.append(block)) own.fine.delete(block.series);
      this.touch(this.versionOf(own, block.series));
    }
    this.put(own, [...made]);
  }

  private put(own: OfRun, series: readonly (readonly [string, MetricSeries])[]): void {
    const added = series.filter(([name]) => !own.series.has(name)).map(([name]) => name);
    for (const [name, each] of series) {
      own.series.set(name, each);
      this.touch(this.versionOf(own, name));
    }
    if (added.length > 0) own.names.value = [...own.names.value, ...added];
  }

  private touch(target: ShallowRef<unknown>): void {
    this.touched.add(target);
    this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }
  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const each of this.touched) triggerRef(each);
    this.touched.clear();
  }
}
