import type { HostEvent, JobView, MetricBlock, ProjectView } from '../../shared/contract/api/views.ts';
import type { SearchPoints } from '../../shared/contract/look.ts';
import { encodePoints } from './metric-blocks.ts';

/** A window hears at most ten times a second. */
const INTERVAL_MS = 100;
/** What waits for a window that does not read; beyond it the newest stays, and the window is told to read anew. */
const MOST_POINTS = 20_000;
const MOST_ROUNDS = 200;
const MOST_LINES = 500;
const MOST_OTHERS = 200;

export interface StreamSources {
  jobs(): JobView[];
  /** the projects that a window has open */
  projectsOf(window: string): string[];
  /** null when it is not open any more */
  view(folder: string): ProjectView | null;
}

/** What waits of one run. */
interface RunNews {
  project: string;
  run: string;
  series: Map<string, { steps: number[]; times: number[]; values: number[] }>;
  points: number;
  rounds: SearchPoints[];
  lines: { time: string; text: string }[];
  gap: boolean;
}

/** New metric points as the host hands them out: not encoded yet, so that those of one interval become one block. */
export interface MetricNews {
  project: string;
  run: string;
  points: readonly { series: string; step: number; value: number }[];
  /** ms since 1970 */
  time: number;
}

/** What one window still has to hear. Only the newest state of jobs and projects is kept, and a bounded amount of all else. */
export class WindowStream {
  private readonly runs = new Map<string, RunNews>();
  private readonly projects = new Map<string, string | null>();
  private others: HostEvent[] = [];
  private jobs = true;
  private ended = false;
  private wake: (() => void) | null = null;

  constructor(
    private readonly sources: StreamSources,
    private readonly window: string,
  ) {
    for (const folder of sources.projectsOf(window)) this.projects.set(folder, null);
  }

  /** Ends with `end`. */
  async *events(): AsyncGenerator<HostEvent, void, void> {
    let last = -Infinity;
    while (!this.ended) {
      if (!this.hasNews()) await this.news();
      const wait = last + INTERVAL_MS - performance.now();
      if (wait > 0 && !this.ended) await this.pause(wait);
      last = performance.now();
      for (const event of this.take()) {
        if (this.ended) return;
        yield event;
      }
    }
  }

  end(): void {
    this.ended = true;
    this.stir();
  }

  markJobs(): void {
    this.jobs = true;
    this.stir();
  }

  markProject(folder: string, origin: string | null): void {
    if (!this.sources.projectsOf(this.window).includes(folder)) return;
    // a change by others hides that one of them was this window's own
    this.projects.set(folder, this.projects.has(folder) && this.projects.get(folder) !== origin ? null : origin);
    this.stir();
  }

  metrics({ project, run, points, time }: MetricNews): void {
    const news = this.runNews(project, run);
    if (!news) return;
    if (news.points + points.length > MOST_POINTS) this.forget(news);
    for (const { series, step, value } of points) {
      let list = news.series.get(series);
      if (!list) news.series.set(series, (list = { steps: [], times: [], values: [] }));
      list.steps.push(step);
      list.times.push(time);
      list.values.push(value);
    }
    news.points += points.length;
    this.stir();
  }

  post(event: HostEvent): void {
    if (event.type === 'search') this.runNews(event.project, event.run)?.rounds.push(...event.rounds);
    else if (event.type === 'log') this.runNews(event.project, event.run)?.lines.push(...event.lines);
    else {
      this.others.push(event);
      if (this.others.length > MOST_OTHERS) this.others.shift();
    }
    if (event.type === 'search' || event.type === 'log') this.bound(event.project, event.run);
    this.stir();
  }

  private bound(project: string, run: string): void {
    const news = this.runs.get(`${project}\n${run}`);
    if (!news || (news.rounds.length <= MOST_ROUNDS && news.lines.length <= MOST_LINES)) return;
    news.rounds.splice(0, Math.max(0, news.rounds.length - MOST_ROUNDS));
    news.lines.splice(0, Math.max(0, news.lines.length - MOST_LINES));
    news.gap = true;
    this.projects.set(project, null);
  }

  private forget(news: RunNews): void {
    news.series.clear();
    news.points = 0;
    news.gap = true;
    this.projects.set(news.project, null);
  }

  private runNews(project: string, run: string): RunNews | null {
    if (!this.sources.projectsOf(this.window).includes(project)) return null;
    const key = `${project}\n${run}`;
    let news = this.runs.get(key);
    if (!news) this.runs.set(key, (news = { project, run, series: new Map(), points: 0, rounds: [], lines: [], gap: false }));
    return news;
  }

  private take(): HostEvent[] {
    const events: HostEvent[] = [...this.others];
    this.others = [];
    if (this.jobs) events.push({ type: 'jobs', jobs: this.sources.jobs() });
    this.jobs = false;
    for (const [folder, origin] of this.projects) {
      const view = this.sources.view(folder);
      if (view) events.push({ type: 'project', view, origin });
    }
    this.projects.clear();
    for (const { project, run, series, rounds, lines, gap } of this.runs.values()) {
      const blocks: MetricBlock[] = [...series].map(([name, points]) => encodePoints(name, points));
      if (gap) events.push({ type: 'gap', project, run });
      if (blocks.length) events.push({ type: 'metrics', project, run, blocks });
      if (rounds.length) events.push({ type: 'search', project, run, rounds });
      if (lines.length) events.push({ type: 'log', project, run, lines });
    }
    this.runs.clear();
    return events;
  }

  private hasNews(): boolean {
    return this.jobs || this.others.length > 0 || this.projects.size > 0 || this.runs.size > 0;
  }

  private stir(): void {
    this.wake?.();
    this.wake = null;
  }

  private news(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, ms);
    });
  }
}
