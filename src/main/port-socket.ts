import type { WebSocket } from 'ws';

/** The part of Electron's MessagePortMain that is used here. */
export interface Port {
  on(event: 'message' | 'close', listener: (event: { data: unknown }) => void): unknown;
  postMessage(message: unknown): void;
}

/** The part of a WebSocket that serves the contract. */
export type PortSocket = Pick<WebSocket, 'addEventListener' | 'send'>;

/**
 * A port that looks like a WebSocket. Both carry the same messages, but only the socket handler of oRPC survives one that
 * is damaged: the other leaves a rejection unhandled, and with it a page could end this process and the jobs in its care.
 */
export function asSocket(port: Port): PortSocket {
  const socket = {
    addEventListener(type: string, listener: (event: { data: unknown }) => void): void {
      if (type !== 'message' && type !== 'close') throw new Error(`A port of the contract has no event '${type}'.`);
      port.on(type, (event) => listener({ data: event?.data }));
    },
    send: (message: unknown) => port.postMessage(message),
  };
  // the overloads of a WebSocket know events that a port does not have
  return socket as unknown as PortSocket;
}
