/** The one connection of this window to its host; set once at start, before any store is used. */
import type { HostClient } from '../../shared/contract/client.ts';
import type { HostLink } from '../host/connect.ts';

/** What the stores need of the connection. */
export type WindowLink = Pick<HostLink, 'kind' | 'window' | 'client'>;

let link: WindowLink | null = null;

export function setLink(next: WindowLink): void {
  link = next;
}

function current(): WindowLink {
  if (!link) throw new Error('setLink has not been called');
  return link;
}

/** Calls of the contract; they fail with WorkbenchErrors. */
export const host = (): HostClient => current().client;
/** Id of this window for the contract. */
export const windowId = (): string => current().window;
