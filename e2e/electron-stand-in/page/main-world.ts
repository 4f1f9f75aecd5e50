import { emitTo, isMainFrame, listen, page, type Shape } from './events.ts';

declare const standInStart: { secret: string };

if (isMainFrame) {
  const { secret } = standInStart;
  let answer: { ok: boolean; value: unknown } | null = null;
  listen(secret, 'returned', (detail) => {
    answer = detail;
  });

  const call = (id: number, args: unknown[]): unknown => {
    answer = null;
    emitTo(secret, 'call', { id, args });
    const told = answer as { ok: boolean; value: unknown } | null;
    if (!told) throw new Error('electron stand-in: the preload script did not answer');
    if (!told.ok) throw new Error(String(told.value));
    return told.value;
  };

  const build = (shape: Shape): unknown => {
    if (shape.kind === 'value') return shape.value;
    if (shape.kind === 'function') return (...args: unknown[]) => call(shape.id, args);
    return Object.freeze(Object.fromEntries(shape.entries.map(([key, entry]) => [key, build(entry)])));
  };

  listen(secret, 'expose', ({ key, shape }) => {
    Object.defineProperty(page, key, { value: build(shape), enumerable: true, configurable: false, writable: false });
  });

  // Chromium would make the window first and ask then; in Electron the app's handler comes first, and here it always denies
  page.open = (address: unknown = 'about:blank'): null => {
    emitTo(secret, 'open', { url: new URL(String(address), page.location.href).href });
    return null;
  };
}
