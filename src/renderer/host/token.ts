/** Subprotocols of a socket of the browser host: the one that it answers with, and the token (see src/server/token.ts). */
export const subprotocols = (token: string): string[] => ['eqnet.v1', `eqnet.token.${token}`];

const KEY = 'eqnet.token';

/**
 * The token of the browser host: it comes in the fragment of the address, which is never sent to a server, and moves to the
 * storage of this tab, so that it does not stay in the address line and the history.
 */
export function takeToken(location: Location, history: History, storage: Storage): string | null {
  const found = /^#token=([\w-]+)$/.exec(location.hash);
  if (found) {
    storage.setItem(KEY, found[1]);
    history.replaceState(history.state, '', location.pathname + location.search);
  }
  return storage.getItem(KEY);
}
