/** What the desktop's preload script and its two neighbours, the main process and the page, call each other. */

/** Channel on which a page hands its end of a MessagePort to the main process. */
export const CONNECT_CHANNEL = 'eqnet:connect';

/** `data` of the window message that carries the port of the contract to the page. */
export const PORT_MESSAGE = 'eqnet:port';

/** Argument of the renderer process that names its window. */
export const WINDOW_ARGUMENT = '--eqnet-window=';

/** `window.eqnet` in the desktop app; there is none in the browser host. */
export interface DesktopBridge {
  readonly host: 'desktop';
  /** as Node names it: `linux`, `darwin`, `win32` */
  readonly platform: string;
  /** id of this window for the contract; menu actions of the window come to it */
  readonly window: string;
  /** Asks for a connection: a `message` event with `data === PORT_MESSAGE`, our own origin and one port follows. */
  connect(): void;
  /** Path of a file or folder that was dropped on the window; empty when it is not on disk. */
  pathOf(file: unknown): string;
}
