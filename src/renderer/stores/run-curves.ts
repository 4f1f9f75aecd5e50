/** Curves of the runs of the open project, as the host thins them, with the points that come live. */
import { shallowRef, triggerRef, type ShallowRef } from 'vue';
import type { CurveBlock, MetricBlock } from '../../shared/contract/api/views.ts';
import { MetricSeries, NO_SERIES, type SeriesView } from './metric-series.ts';

/** Curves are shown at most ten times a second. */
const FLUSH_MS = 100;

/** Series to ask the host for. */
export interface CurveChoice {
  series?: string[];
  prefixes?: string[];
  /** groups that a long series is thinned to; all its points, or what charts need where it is left out */
  groups?: number | 'all';
}
type Ask = (run: string, choice: CurveChoice) => Promise<CurveBlock[]>;

interface OfRun {
  series: Map<string, MetricSeries>;
  /** counts the changes of each series */
  versions: Map<string, ShallowRef<number>>;
  names: ShallowRef<readonly string[]>;
  /** beginnings of names that were asked for, each with the answer that brings them */
  loaded: Map<string, Promise<void>>;
  /** for each answer of the host that is under way, the live blocks that came meanwhile */
  meanwhile: Set<MetricBlock[]>;
}

export class RunCurves {
  private readonly runs = new Map<string, OfRun>();
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
      found = { series: new Map(), versions: new Map(), names: shallowRef([]), loaded: new Map(), meanwhile: new Set() };
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
      series.append(block);
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
