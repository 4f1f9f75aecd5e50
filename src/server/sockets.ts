import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AnyRouter } from '@orpc/server';
import { RPCHandler } from '@orpc/server/ws';
import { WebSocket, WebSocketServer } from 'ws';
import { PROTOCOL } from './token.ts';

export interface SocketLimits {
  /** sockets at a time; each window has one */
  sockets: number;
  /** bytes of one message; the largest are lists of configurations to predict */
  messageBytes: number;
  /** messages of one socket within a second */
  messagesPerSecond: number;
  /** ms between two signs of life that are asked for; a socket that misses one is closed */
  heartbeat: number;
}

export const LIMITS: SocketLimits = { sockets: 32, messageBytes: 32 * 2 ** 20, messagesPerSecond: 2000, heartbeat: 20_000 };

/** Bytes that may wait in a socket before the next event is held back. */
const HIGH_WATER = 2 ** 20;

/** Close codes of RFC 6455. */
const GOING_AWAY = 1001;
const POLICY = 1008;

/**
 * A socket whose `send` takes its time while much is waiting. The sender of an event stream waits for it before it asks the
 * host for the next event, so that what a slow connection cannot take is dropped there and never piles up here. Other work
 * gets its turn after every message, also when a stream never has to wait.
 */
class PacedSocket extends WebSocket {
  override send(data: Parameters<WebSocket['send']>[0]): Promise<void> {
    return new Promise((resolve) => {
      // a socket that closes ends its streams by itself: that is no error
      super.send(data, () => setImmediate(resolve));
      if (this.bufferedAmount < HIGH_WATER) setImmediate(resolve);
    });
  }
}

/** The WebSockets of the interface: upgrade, limits, signs of life. Who may have one was decided before. */
export class RpcSockets {
  private readonly server: WebSocketServer;
  private readonly handler: RPCHandler<Record<never, never>>;
  private readonly alive = new WeakSet<WebSocket>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    router: AnyRouter,
    private readonly limits: SocketLimits,
  ) {
    this.handler = new RPCHandler(router);
    this.server = new WebSocketServer({
      noServer: true,
      WebSocket: PacedSocket,
      maxPayload: limits.messageBytes,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
    });
    this.timer = setInterval(() => this.checkAlive(), limits.heartbeat).unref();
  }

  /** Whether there is room for one more. */
  get hasRoom(): boolean {
    return this.server.clients.size < this.limits.sockets;
  }

  accept(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    this.server.handleUpgrade(request, stream, head, (socket) => this.attach(socket));
  }

  /** Tells every window that the server ends, and waits at most a second for their answers. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    const clients = [...this.server.clients];
    const closed = clients.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of clients) socket.close(GOING_AWAY, 'the server ends');
    const patience = setTimeout(() => clients.forEach((socket) => socket.terminate()), 1000);
    await Promise.all(closed);
    clearTimeout(patience);
    this.server.close();
  }

  private attach(socket: WebSocket): void {
    this.alive.add(socket);
    socket.on('pong', () => this.alive.add(socket));
    // ws closes the socket itself, with the fitting code: a message that is too large, a broken frame, a lost connection
    socket.on('error', () => undefined);
    let second = 0;
    let count = 0;
    socket.on('message', () => {
      const now = Math.floor(performance.now() / 1000);
      count = now === second ? count + 1 : 1;
      second = now;
      if (count > this.limits.messagesPerSecond) socket.close(POLICY, 'too many messages');
    });
    void this.handler.upgrade(socket);
  }

  private checkAlive(): void {
    for (const socket of this.server.clients) {
      if (this.alive.delete(socket)) socket.ping();
      else socket.terminate();
    }
  }
}
