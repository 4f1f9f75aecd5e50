import { mapEventIterator } from '@orpc/client';
import { createHostClient, isEventStream, type HostClient, type HostTransport } from '../../shared/contract/client.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';

export type LinkState = 'connecting' | 'open' | 'lost';

/** One way to the host, for as long as it lasts. */
export interface Connection {
  transport: HostTransport;
  /** resolves when it is over, for whatever reason */
  closed: Promise<void>;
  /** whether it is over; known before anything that was waiting for an answer fails */
  isClosed(): boolean;
  close(): void;
}

/** No further attempt can help until the person does something; `message` says what. */
export class ConnectionRefused extends WorkbenchError {
  constructor(message: string) {
    super('connection-lost', message);
  }
}

export interface HostLinkOptions {
  kind: 'desktop' | 'browser';
  /** id of this window for the contract */
  window: string;
  /** opens a connection; rejects with `ConnectionRefused` where trying again is no use */
  connect(): Promise<Connection>;
  /** ms before the first new attempt; doubles up to `longestDelay` */
  firstDelay?: number;
  longestDelay?: number;
}

const LOST = 'The host does not answer: this window connects again by itself, and what runs there goes on.';

/**
 * The way of a window to its host. `client` stays the same for ever: when the connection is lost, calls fail with a
 * `connection-lost` sentence and a new connection is tried with growing delay. Calls made while the first connection is
 * being opened wait for it.
 */
export class HostLink {
  readonly kind: 'desktop' | 'browser';
  readonly window: string;
  readonly client: HostClient;
  /** why there is no connection, for people; null while there is one or it is first being opened */
  problem: string | null = null;
  /** no further attempt is made until the person does what `problem` says */
  refused = false;
  private current: LinkState = 'connecting';
  private connection: Connection | null = null;
  private attempts = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private busy = false;
  private disposed = false;
  private readonly listeners = new Set<(state: LinkState) => void>();

  constructor(private readonly options: HostLinkOptions) {
    this.kind = options.kind;
    this.window = options.window;
    this.client = createHostClient({ call: (path, input, callOptions) => this.call(path, input, callOptions) });
    void this.open();
  }

  get state(): LinkState {
    return this.current;
  }

  /** @returns ends the subscription */
  onState(listener: (state: LinkState) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Tries at once instead of after the delay. */
  retry(): void {
    if (this.disposed || this.busy || this.connection) return;
    clearTimeout(this.timer);
    this.attempts = 0;
    void this.open();
  }

  /** Resolves as soon as there is a connection; false when the link was disposed of instead. */
  async whenOpen(): Promise<boolean> {
    while (!this.connection && !this.disposed) await this.nextState();
    return !this.disposed;
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    this.connection?.close();
    this.connection = null;
    this.setState('lost');
    this.listeners.clear();
  }

  private nextState(): Promise<void> {
    return new Promise((resolve) => {
      const off = this.onState(() => {
        off();
        resolve();
      });
    });
  }

  private setState(state: LinkState): void {
    this.current = state;
    for (const listener of this.listeners) listener(state);
  }

  private async open(): Promise<void> {
    this.busy = true;
    try {
      const connection = await this.options.connect();
      this.busy = false;
      if (this.disposed) {
        connection.close();
        return;
      }
      this.attempts = 0;
      this.connection = connection;
      this.problem = null;
      this.refused = false;
      this.setState('open');
      await connection.closed;
      this.connection = null;
      this.retryLater(LOST);
    } catch (error) {
      this.busy = false;
      if (error instanceof ConnectionRefused) {
        this.problem = error.message;
        this.refused = true;
        this.setState('lost');
      } else this.retryLater(LOST);
    }
  }

  private retryLater(problem: string): void {
    if (this.disposed) return;
    this.problem = problem;
    const { firstDelay = 250, longestDelay = 10_000 } = this.options;
    const delay = Math.min(longestDelay, firstDelay * 2 ** this.attempts++);
    // several windows of one host do not all come back in the same instant
    this.timer = setTimeout(() => void this.open(), delay * (0.75 + Math.random() / 2));
    this.setState('lost');
  }

  private async call(...[path, input, options]: Parameters<HostTransport['call']>): Promise<unknown> {
    if (this.current === 'connecting') await this.nextState();
    const connection = this.connection;
    if (!connection) throw new WorkbenchError('connection-lost', this.problem ?? LOST);
    // of a lost connection the transport speaks in terms of its own queues
    const explain = (error: unknown): unknown =>
      connection.isClosed() && !options.signal?.aborted ? new WorkbenchError('connection-lost', LOST, {}, error) : error;
    try {
      const output = await connection.transport.call(path, input, options);
      if (!isEventStream(output)) return output;
      return mapEventIterator(output, { value: async (value) => value, error: async (error) => explain(error) });
    } catch (error) {
      throw explain(error);
    }
  }
}
