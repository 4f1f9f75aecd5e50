/** The part of a page that both worlds use. */
interface Page {
  window: unknown;
  top: unknown;
  location: { href: string };
  open: unknown;
  addEventListener(type: string, listener: (event: { detail: never; stopImmediatePropagation(): void }) => void): void;
  dispatchEvent(event: unknown): boolean;
  CustomEvent: new (type: string, init: { detail: unknown }) => unknown;
}

export const page = globalThis as unknown as Page;

/** Frames inside a page have no preload script. */
export const isMainFrame = page.window === page.top;

/** A value of `contextBridge`: functions travel as numbers. */
export type Shape = { kind: 'value'; value: unknown } | { kind: 'function'; id: number } | { kind: 'object'; entries: [string, Shape][] };

/** Events between the worlds of one page; `detail` is copied, so no object of one world reaches the other. */
export interface WorldEvents {
  expose: { key: string; shape: Shape };
  call: { id: number; args: unknown[] };
  /** the page asks for a window */
  open: { url: string };
  /** sent while `call` is being dispatched */
  returned: { ok: boolean; value: unknown };
}

export function emitTo<K extends keyof WorldEvents>(secret: string, type: K, detail: WorldEvents[K]): void {
  page.dispatchEvent(new page.CustomEvent(`${secret}-${type}`, { detail }));
}

export function listen<K extends keyof WorldEvents>(secret: string, type: K, handle: (detail: WorldEvents[K]) => void): void {
  page.addEventListener(`${secret}-${type}`, (event) => {
    event.stopImmediatePropagation();
    handle(event.detail);
  });
}
