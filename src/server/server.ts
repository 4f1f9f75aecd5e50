import { createServer as createHttp, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { isIPv6, type AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { Duplex } from 'node:stream';
import type { AnyRouter } from '@orpc/server';
import { WorkbenchError } from '../shared/contract/errors.ts';
import { chooseAddress, readTls, type TlsFiles } from './address.ts';
import { Gatekeeper } from './gatekeeper.ts';
import { LIMITS, RpcSockets, type SocketLimits } from './sockets.ts';
import { respond, serveFile } from './static-files.ts';
import { chooseToken, offeredToken, sameToken } from './token.ts';

export interface ServerOptions {
  /** 0 = any free one */
  port: number;
  /** name or number of the address to listen at */
  host: string;
  /** folder of the built interface */
  pages: string;
  router: AnyRouter;
  tls?: TlsFiles;
  allowInsecureRemote?: boolean;
  /** further names by which the server may be addressed */
  allowHosts?: readonly string[];
  token?: string;
  limits?: Partial<SocketLimits>;
  /** how long a connection may take to say what it wants, ms */
  patience?: number;
}

export interface RunningServer {
  /** address of the interface with the token in its fragment, which browsers never send */
  url: string;
  port: number;
  /** ends every connection; what the host computes is not touched */
  close(): Promise<void>;
}

/** Connections at a time, with and without a token; a browser opens about six for the pages. */
const MAX_CONNECTIONS = 256;
/** A page asks in one packet; whoever sends its request byte by byte holds a place that others need. */
const PATIENCE_MS = 10_000;

const REFUSALS: Readonly<Record<number, string>> = {
  401: 'Open the address that `eqnet serve` printed: it holds the token of this start.',
  404: 'There is no such page.',
  421: 'This server is not known under that name: add it with --allow-host.',
  503: 'Too many windows are open: close some.',
};

const bearer = (request: IncomingMessage): string | null => /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? null;
const pathOf = (request: IncomingMessage): string => (request.url ?? '').replace(/[?#].*$/, '');

function refuseUpgrade(stream: Duplex, status: number): void {
  const text = `${REFUSALS[status]}\n`;
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n`;
  // the server lets the other side keep its half open, and a refused one would keep its place as long as it likes
  stream.end(`${head}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`, () => stream.destroy());
}

async function listen(server: Server, host: string, address: string, port: number): Promise<void> {
  const sentences: Record<string, string> = {
    EADDRINUSE: `Port ${port} is taken: choose another one with --port, or any free one with --port 0.`,
    EACCES: `Port ${port} needs more rights than this user has: choose one above 1023 with --port.`,
    EADDRNOTAVAIL: `--host ${host} is no address of this machine: give one that it has, such as 127.0.0.1.`,
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const sentence = sentences[cause.code ?? ''];
      reject(sentence ? new WorkbenchError('usage', sentence, {}, cause) : cause);
    });
    server.listen(port, address, resolve);
  });
}

/** Name for the address that people open: one that other machines know where the server listens for them. */
function shownName(address: string, allowHosts: readonly string[]): string {
  const everywhere = address === '0.0.0.0' || address === '::';
  if (allowHosts.length) return allowHosts[0];
  if (everywhere) return hostname().toLowerCase();
  return isIPv6(address) ? `[${address}]` : address;
}

/**
 * Serves the interface (GET) and its remote calls (WebSocket `/rpc`).
 * @throws WorkbenchError `usage` for an address, port, certificate or token that cannot be used
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port, pages, router, allowHosts = [] } = options;
  const token = options.token ?? chooseToken();
  const address = await chooseAddress({ host, tls: options.tls !== undefined, allowInsecureRemote: options.allowInsecureRemote ?? false });
  const secure = options.tls !== undefined;
  const { patience = PATIENCE_MS } = options;
  const times = { headersTimeout: patience, requestTimeout: 2 * patience, connectionsCheckingInterval: patience / 4 };
  const server = options.tls ? createHttps({ ...readTls(options.tls), ...times, handshakeTimeout: patience }) : createHttp(times);
  server.maxConnections = MAX_CONNECTIONS;
  const keeper = new Gatekeeper(address, allowHosts, secure);
  const sockets = new RpcSockets(router, { ...LIMITS, ...options.limits });

  server.on('request', (request, response) => {
    const refused = keeper.refuseHost(request);
    if (refused) respond(response, refused, REFUSALS[refused]);
    // a browser does not tell a page why its socket was refused: the page asks here
    else if (pathOf(request) === '/session') {
      const status = sameToken(bearer(request), token) ? 200 : 401;
      respond(response, status, REFUSALS[status] ?? 'The token is right.');
    } else void serveFile(pages, request, response);
  });

  const refusalOfUpgrade = (request: IncomingMessage): number | null => {
    const foreign = keeper.refuseHost(request);
    if (foreign) return foreign;
    if (pathOf(request) !== '/rpc') return 404;
    const unknown = keeper.refuseOrigin(request);
    if (unknown) return unknown;
    if (!sameToken(offeredToken(request.headers['sec-websocket-protocol']), token)) return 401;
    return sockets.hasRoom ? null : 503;
  };
  server.on('upgrade', (request, stream, head) => {
    stream.on('error', () => stream.destroy());
    const refused = refusalOfUpgrade(request);
    if (refused) refuseUpgrade(stream, refused);
    else sockets.accept(request, stream, head);
  });
  // connections that say nothing sensible are nobody's fault here
  server.on('clientError', (_error, stream) => stream.destroy());
  server.on('tlsClientError', (_error, stream) => stream.destroy());

  try {
    await listen(server, host, address, port);
  } catch (error) {
    await sockets.close();
    throw error;
  }
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `${secure ? 'https' : 'http'}://${shownName(address, allowHosts)}:${bound}/#token=${token}`,
    port: bound,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      await sockets.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
