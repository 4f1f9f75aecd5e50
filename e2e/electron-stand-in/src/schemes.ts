/**
 * Chromium as it is knows no scheme of an app. A page of `app://host/` travels as `https://host.app.stand-in.invalid/`,
 * whose requests never leave this machine: each is answered by the app's own handler.
 */
const SUFFIX = 'stand-in.invalid';

export type SchemeHandler = (request: Request) => Response | Promise<Response>;

const handlers = new Map<string, SchemeHandler>();
const declared = new Set<string>();

export const schemes = { handlers, declared };

/** An address of the app, as Chromium gets it. */
export function toChromium(address: string): string {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/i.exec(address);
  if (!match || !declared.has(match[1])) return address;
  return `https://${match[2]}.${match[1]}.${SUFFIX}${match[3] || '/'}`;
}

/** An address of Chromium, as the app knows it. */
export function fromChromium(address: string): string {
  return address.replace(
    /^https:\/\/([^/]+)\.([a-z0-9+-]+)\.stand-in\.invalid/,
    (_all, host: string, scheme: string) => `${scheme}://${host}`,
  );
}

/** The handler that answers an address of the app; undefined for the rest of the web. */
export function handlerOf(address: string): SchemeHandler | undefined {
  return handlers.get(address.slice(0, address.indexOf(':')));
}
