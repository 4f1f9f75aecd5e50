import type { Session, WebContents, WebFrameMain } from 'electron';
import { originOf } from './origin.ts';

/** Sites that the interface and its messages link to; nothing else is ever opened in the person's browser. */
const LINKED_SITES = ['arxiv.org', 'github.com', 'nodejs.org', 'onnxruntime.ai', 'tensorflow.org', 'electronjs.org', 'python.org'];

/** Whether an address may be opened in the browser: https, one of the sites we link to, no name or password in it. */
export function mayOpenOutside(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, port, username, password } = new URL(address);
  if (protocol !== 'https:' || port || username || password) return false;
  return LINKED_SITES.some((site) => hostname === site || hostname.endsWith(`.${site}`));
}

/** The sender of a message, as Electron gives it. */
export interface Sender {
  senderFrame: Pick<WebFrameMain, 'url'> | null;
  sender: { mainFrame: Pick<WebFrameMain, 'url'> };
}

/** Whether a message comes from the main frame of a page of ours; frames inside it and other pages have no say. */
export function isTrustedSender({ senderFrame, sender }: Sender, origin: string): boolean {
  return senderFrame !== null && senderFrame === sender.mainFrame && originOf(senderFrame.url) === origin;
}

/** Refuses every permission that a page can ask for, check for or remember. */
export function lockSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
}

/** Keeps a page where it is: no way to another origin, no window of its own, no embedded page. */
export function lockContents(contents: WebContents, origin: string, openOutside: (address: string) => void): void {
  contents.on('will-navigate', (event) => {
    if (originOf(event.url) !== origin) event.preventDefault();
  });
  contents.on('will-redirect', (event) => {
    if (originOf(event.url) !== origin) event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    if (mayOpenOutside(url)) openOutside(url);
    return { action: 'deny' };
  });
}
