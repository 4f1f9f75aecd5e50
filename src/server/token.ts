import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { WorkbenchError } from '../shared/contract/errors.ts';

/** The subprotocol that the server picks; the token goes beside it and is never sent back. */
export const PROTOCOL = 'eqnet.v1';
const TOKEN_PREFIX = 'eqnet.token.';
/** 128 bits in base64url */
const SHORTEST_TOKEN = 22;

/** A new token of 192 bits, in characters that a URL fragment and a WebSocket subprotocol may hold. */
const makeToken = (): string => randomBytes(24).toString('base64url');

/** The token of this start: that of `EQNET_TOKEN` where the variable is set, else a new one. */
export function chooseToken(wish = process.env.EQNET_TOKEN): string {
  if (wish === undefined || wish === '') return makeToken();
  if (wish.length >= SHORTEST_TOKEN && /^[\w-]+$/.test(wish)) return wish;
  throw new WorkbenchError(
    'usage',
    `EQNET_TOKEN has ${wish.length} characters: it needs at least ${SHORTEST_TOKEN}, of letters, digits, '-' and '_' only; without the variable every start makes a token of its own.`,
  );
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether they are equal, in a time that does not depend on where they differ. */
export function sameToken(given: string | null, token: string): boolean {
  return given !== null && timingSafeEqual(digest(given), digest(token));
}

/** The token among the WebSocket subprotocols that a client offers. */
export function offeredToken(header: string | undefined): string | null {
  const offered = (header ?? '').split(',').map((name) => name.trim());
  return offered.find((name) => name.startsWith(TOKEN_PREFIX))?.slice(TOKEN_PREFIX.length) ?? null;
}
