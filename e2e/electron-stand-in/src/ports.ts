import { EventEmitter } from 'node:events';
import type * as Electron from 'electron';

/** The other end of a port, wherever it is. */
export interface Wire {
  post(data: unknown): void;
  close(): void;
}

type PortPart = Pick<Electron.MessagePortMain, 'postMessage' | 'start' | 'close'>;

/** A port in the main process whose other end is in a page. Messages wait until `start`. */
export class MessagePortMain extends EventEmitter implements PortPart {
  private readonly waiting: unknown[] = [];
  private started = false;
  private closed = false;

  constructor(private readonly wire: Wire) {
    super();
  }

  start(): void {
    this.started = true;
    for (const data of this.waiting.splice(0)) this.emit('message', { data, ports: [] });
  }

  postMessage(data: unknown, transfer: readonly unknown[] = []): void {
    if (transfer.length > 0) throw new Error('electron stand-in: MessagePortMain.postMessage with ports is not part of it');
    if (!this.closed) this.wire.post(data);
  }

  close(): void {
    if (this.closed) return;
    this.wire.close();
    this.end();
  }

  /** A message from the other end. */
  receive(data: unknown): void {
    if (this.closed) return;
    if (this.started) this.emit('message', { data, ports: [] });
    else this.waiting.push(data);
  }

  /** The other end is gone. */
  end(): void {
    if (this.closed) return;
    this.closed = true;
    this.emit('close');
  }
}
