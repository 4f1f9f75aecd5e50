import { EventEmitter } from 'node:events';
import { WebSocket } from 'ws';

type Params = Record<string, unknown>;
interface Pending {
  resolve(result: never): void;
  reject(error: Error): void;
}
interface Incoming {
  id?: number;
  sessionId?: string;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: { message: string };
}

/** The DevTools protocol of a running Chromium. Events come as `<session>:<method>`; the browser's own session is empty. */
export class Cdp {
  private readonly events = new EventEmitter();
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;

  private constructor(private readonly socket: WebSocket) {
    this.events.setMaxListeners(0);
    socket.on('message', (data: Buffer) => this.receive(JSON.parse(data.toString('utf8')) as Incoming));
    // whoever waits for a Chromium that has ended waits for nothing; its end is noticed where it was started
    socket.on('close', () => this.pending.clear());
    socket.on('error', () => socket.terminate());
  }

  static async connect(url: string): Promise<Cdp> {
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 2 ** 30 });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return new Cdp(socket);
  }

  /** Sends a command; the caller names the shape of its result. */
  send<T = Params>(method: string, params: Params = {}, sessionId?: string): Promise<T> {
    this.lastId += 1;
    const id = this.lastId;
    return new Promise<T>((resolve, reject) => {
      if (this.socket.readyState !== WebSocket.OPEN) return;
      this.pending.set(id, { resolve: resolve as (result: never) => void, reject });
      this.socket.send(JSON.stringify({ id, method, params, sessionId }));
    });
  }

  on<T>(method: string, handle: (params: T) => void, sessionId = ''): void {
    this.events.on(`${sessionId}:${method}`, handle);
  }

  private receive({ id, sessionId = '', method, params, result, error }: Incoming): void {
    if (id === undefined) {
      if (method) this.events.emit(`${sessionId}:${method}`, params);
      return;
    }
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    if (error) waiting?.reject(new Error(error.message));
    else waiting?.resolve(result as never);
  }
}
