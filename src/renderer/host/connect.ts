import { RPCLink } from '@orpc/client/message-port';
import { PORT_MESSAGE, type DesktopBridge } from '../../shared/contract/desktop-bridge.ts';
import { ConnectionRefused, HostLink, type Connection } from './host-link.ts';
import { socketConnection } from './socket-connection.ts';
import { subprotocols, takeToken } from './token.ts';

export type { HostLink, LinkState } from './host-link.ts';

const OPEN_SERVER_ADDRESS = "Open the address that 'eqnet serve' printed when it started: it holds the token of that start.";

/** What the preload script of the desktop app has put into the window; null in a browser. */
export const desktopBridge = (): DesktopBridge | null => (globalThis as { eqnet?: DesktopBridge }).eqnet ?? null;

/** A port to the main process of the desktop app. */
function connectDesktop(bridge: DesktopBridge): Promise<Connection> {
  return new Promise((resolve) => {
    const onMessage = (event: MessageEvent): void => {
      if (event.source !== window || event.data !== PORT_MESSAGE || !event.ports.length) return;
      window.removeEventListener('message', onMessage);
      const [port] = event.ports;
      let over = false;
      const closed = new Promise<void>((done) =>
        port.addEventListener('close', () => {
          over = true;
          done();
        }),
      );
      const transport = new RPCLink({ port });
      port.start();
      resolve({ transport, closed, isClosed: () => over, close: () => port.close() });
    };
    window.addEventListener('message', onMessage);
    bridge.connect();
  });
}

/** A browser does not say why a socket was refused; the server does when it is asked. */
async function isTokenWrong(token: string): Promise<boolean> {
  try {
    return (await fetch('/session', { headers: { Authorization: `Bearer ${token}` }, cache: 'no-store' })).status === 401;
  } catch {
    return false;
  }
}

async function connectBrowser(token: string | null): Promise<Connection> {
  if (token === null) throw new ConnectionRefused(OPEN_SERVER_ADDRESS);
  const address = new URL('/rpc', window.location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  try {
    return await socketConnection(new WebSocket(address, subprotocols(token)));
  } catch (error) {
    if (await isTokenWrong(token)) throw new ConnectionRefused(OPEN_SERVER_ADDRESS);
    throw error;
  }
}

/** An id that no other window has; the address may be one without a secure context, where `randomUUID` is missing. */
const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Connects this window with its host: the desktop app through its preload script, else the browser host that served the page. */
export function connectHost(): HostLink {
  const bridge = desktopBridge();
  if (bridge) return new HostLink({ kind: 'desktop', window: bridge.window, connect: () => connectDesktop(bridge) });
  const token = takeToken(window.location, window.history, window.sessionStorage);
  const link = new HostLink({ kind: 'browser', window: randomId(), connect: () => connectBrowser(token) });
  window.addEventListener('online', () => link.retry());
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && link.retry());
  // a new token in the address of an open tab: the page starts anew with it
  window.addEventListener('hashchange', () => window.location.hash.startsWith('#token=') && window.location.reload());
  return link;
}
