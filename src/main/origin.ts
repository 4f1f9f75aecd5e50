/** The scheme that serves the interface, instead of file: with its privileges. */
export const APP_SCHEME = 'app';
export const APP_HOST = 'workbench';
export const APP_ORIGIN = `${APP_SCHEME}://${APP_HOST}`;

/** Scheme and host with port of an address; the URL class gives `null` as the origin of a scheme of ours. Empty = not an address. */
export function originOf(address: string): string {
  if (!URL.canParse(address)) return '';
  const { protocol, host } = new URL(address);
  return `${protocol}//${host}`;
}

/**
 * Where the interface comes from. The development server is believed only in an app that is not packaged, so that no
 * environment variable can put another page into an installed one.
 */
export function interfaceOrigin(packaged: boolean, developmentUrl: string | undefined): string {
  return (!packaged && developmentUrl && originOf(developmentUrl)) || APP_ORIGIN;
}
