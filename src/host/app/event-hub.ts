import { randomUUID } from 'node:crypto';
import type { HostEvent } from '../../shared/contract/api/views.ts';
import { WindowStream, type MetricNews, type StreamSources } from './window-stream.ts';

/** Name under which the program itself listens to what windows hear; no page can guess it and end that stream. */
export const HOST_LISTENER = randomUUID();
/** How often the progress of jobs is told, ms; the list carries what searches have found. */
const QUIET_MS = 250;
/** Events that wait for a window: requests from outside for the first one, others for their own while it loads. */
const MOST_WAITING = 20;

/** How long a window whose connection ended may come back before its projects are let go, ms. */
const GRACE_MS = 20_000;

/** Brings what happens in the host to every window that listens. */
export class EventHub {
  private readonly streams = new Map<string, WindowStream>();
  private readonly leaving = new Map<string, NodeJS.Timeout>();
  private waiting: { event: HostEvent; window?: string }[] = [];
  private quietly: NodeJS.Timeout | null = null;

  /** @param left called with each window that has ended and not come back */
  constructor(
    private readonly sources: StreamSources,
    private readonly left: (window: string) => void,
  ) {}

  /** The one stream of a window, which hears everything from now on; a second one of the same window ends the first. */
  listen(window: string, signal?: AbortSignal): AsyncGenerator<HostEvent, void, void> {
    clearTimeout(this.leaving.get(window));
    this.leaving.delete(window);
    this.streams.get(window)?.end();
    const stream = new WindowStream(this.sources, window);
    // the newest window is the last
    this.streams.delete(window);
    this.streams.set(window, stream);
    if (window !== HOST_LISTENER) this.deliver(window, stream);
    const end = () => {
      stream.end();
      if (this.streams.get(window) !== stream) return;
      this.streams.delete(window);
      this.leave(window);
    };
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
    return this.follow(stream, () => {
      signal?.removeEventListener('abort', end);
      end();
    });
  }

  private async *follow(stream: WindowStream, end: () => void): AsyncGenerator<HostEvent, void, void> {
    try {
      yield* stream.events();
    } finally {
      end();
    }
  }

  private deliver(window: string, stream: WindowStream): void {
    const own = this.waiting.filter((kept) => kept.window === undefined || kept.window === window);
    this.waiting = this.waiting.filter((kept) => !own.includes(kept));
    for (const { event } of own) stream.post(event);
  }

  private keep(event: HostEvent, window?: string): void {
    this.waiting = [...this.waiting, { event, window }].slice(-MOST_WAITING);
  }

  /** Tells all windows, or one; what is for one that is just loading waits for it. */
  post(event: HostEvent, window?: string): void {
    if (window !== undefined && !this.streams.has(window)) return this.keep(event, window);
    for (const [name, stream] of this.streams) if (window === undefined || window === name) stream.post(event);
  }

  /** Tells one window, the newest where none is named; while there is none, it waits for the first that comes. */
  postToOne(event: HostEvent, window?: string): void {
    const names = [...this.streams.keys()].filter((name) => name !== HOST_LISTENER);
    const chosen = window !== undefined && names.includes(window) ? window : names.at(-1);
    if (chosen !== undefined) this.streams.get(chosen)!.post(event);
    else this.keep(event);
  }

  metrics(news: MetricNews): void {
    for (const stream of this.streams.values()) stream.metrics(news);
  }

  /** @param quiet what changed is only progress, which need not be told at once */
  jobsChanged(quiet: boolean): void {
    if (quiet) {
      this.quietly ??= setTimeout(() => this.jobsChanged(false), QUIET_MS).unref();
      return;
    }
    if (this.quietly) clearTimeout(this.quietly);
    this.quietly = null;
    for (const stream of this.streams.values()) stream.markJobs();
  }

  /** @param origin the window that caused it, if one did */
  projectChanged(folder: string, origin: string | null): void {
    for (const stream of this.streams.values()) stream.markProject(folder, origin);
  }

  /** Ends every stream. */
  close(): void {
    for (const timer of this.leaving.values()) clearTimeout(timer);
    this.leaving.clear();
    if (this.quietly) clearTimeout(this.quietly);
    for (const stream of this.streams.values()) stream.end();
    this.streams.clear();
  }

  /** A window uses a project: unless it listens soon, it has gone before it said anything, and the project is let go. */
  expect(window: string): void {
    if (!this.streams.has(window) && !this.leaving.has(window)) this.leave(window);
  }

  private leave(window: string): void {
    const timer = setTimeout(() => {
      this.leaving.delete(window);
      this.left(window);
    }, GRACE_MS);
    this.leaving.set(window, timer.unref());
  }
}
