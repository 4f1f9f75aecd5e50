import type * as Electron from 'electron';
import { runtime, strict } from './runtime.ts';
import { schemes, type SchemeHandler } from './schemes.ts';

export const protocol = strict('protocol', {
  registerSchemesAsPrivileged(list: Electron.CustomScheme[]): void {
    if (runtime.ready) throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready');
    for (const { scheme } of list) schemes.declared.add(scheme);
  },
  handle(scheme: string, handler: SchemeHandler): void {
    if (schemes.handlers.has(scheme)) throw new Error(`The scheme '${scheme}' has been intercepted`);
    schemes.handlers.set(scheme, handler);
  },
});
