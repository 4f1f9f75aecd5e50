import { RPCLink, type LinkWebsocketClientOptions } from '@orpc/client/websocket';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Connection } from './host-link.ts';

/** The part of a browser's WebSocket that is used. */
export type Socket = LinkWebsocketClientOptions['websocket'] & { close(): void };

const OPEN = 1;

/** Waits until a socket is open; rejects when it closes first. */
export async function socketConnection(socket: Socket): Promise<Connection> {
  let over = false;
  const closed = new Promise<void>((resolve) =>
    socket.addEventListener('close', () => {
      over = true;
      resolve();
    }),
  );
  const transport = new RPCLink({ websocket: socket });
  await Promise.race([closed, new Promise<void>((resolve) => socket.addEventListener('open', () => resolve(), { once: true }))]);
  if (socket.readyState !== OPEN) throw new WorkbenchError('connection-lost', 'The server did not accept the connection.');
  return { transport, closed, isClosed: () => over, close: () => socket.close() };
}
