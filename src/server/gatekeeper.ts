import { hostname, networkInterfaces } from 'node:os';
import type { IncomingMessage } from 'node:http';

/** Names by which this server may be addressed; a page of a foreign name that was rebound to our address is none of them. */
export class Gatekeeper {
  private readonly names: ReadonlySet<string>;

  /**
   * @param address numeric address that the server listens at
   * @param extra further names, such as that of a proxy or of this machine in its network
   */
  constructor(
    address: string,
    extra: readonly string[],
    private readonly secure: boolean,
  ) {
    const everywhere = address === '0.0.0.0' || address === '::';
    const own = everywhere
      ? Object.values(networkInterfaces())
          .flat()
          .map((entry) => entry!.address)
          .concat(hostname())
      : [address];
    this.names = new Set(['localhost', '127.0.0.1', '::1', ...own, ...extra].map((name) => name.toLowerCase()));
  }

  /**
   * Why a request is turned away: the status to answer, or null. The port is not compared: a tunnel may listen at another one,
   * and a foreign page cannot choose our name.
   */
  refuseHost(request: IncomingMessage): 421 | null {
    const url = parse(`http://${request.headers.host ?? ''}`);
    return url && this.names.has(bare(url.hostname)) ? null : 421;
  }

  /** A socket may be opened by a page of this server only: browsers always send the origin, and pages cannot forge it. */
  refuseOrigin(request: IncomingMessage): 401 | null {
    const origin = request.headers.origin;
    const url = origin === undefined ? null : parse(origin);
    if (!url || url.origin !== origin) return 401;
    // a proxy in front of us may add TLS, never take it away
    const scheme = url.protocol === 'https:' || (url.protocol === 'http:' && !this.secure);
    return scheme && url.host === hostOf(request, url.protocol) ? null : 401;
  }
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '').toLowerCase();

/** Host and port of the request as a URL of this scheme writes them: without the scheme's own port. */
const hostOf = (request: IncomingMessage, protocol: string): string | undefined =>
  parse(`${protocol}//${request.headers.host ?? ''}`)?.host;

function parse(text: string): URL | null {
  try {
    const url = new URL(text);
    return url.host && url.pathname === '/' && !url.username && !url.search && !url.hash ? url : null;
  } catch {
    return null;
  }
}
