import type { Chromium } from './chromium.ts';

/** What the parts of the stand-in share; `boot.ts` fills it in. */
export interface Runtime {
  /** true from the moment that `ready` is emitted */
  ready: boolean;
  /** folder or file that the program was started with */
  appPath: string;
  package: { name?: string; productName?: string; version?: string };
  /** temporary folder of this process */
  profile: string;
  /** switches that the app appended to the command line before it was ready */
  switches: Map<string, string>;
  chromium: Chromium | null;
  /** what has to end before the process may */
  endings: Set<() => void | Promise<void>>;
}

export const runtime: Runtime = {
  ready: false,
  appPath: '',
  package: {},
  profile: '',
  switches: new Map(),
  chromium: null,
  endings: new Set(),
};

/** The running Chromium. */
export function chromium(): Chromium {
  if (!runtime.chromium) throw new Error('electron stand-in: Chromium is not running yet');
  return runtime.chromium;
}

/** Refuses by name what the stand-in does not have, instead of doing nothing. */
export function notImplemented(name: string): never {
  throw new Error(`electron stand-in: ${name} is not part of it`);
}

/** An object whose missing members throw with their names. */
export function strict<T extends object>(name: string, members: T): T {
  return new Proxy(members, {
    get(target, key) {
      if (typeof key === 'symbol' || key in target || key === 'then' || key === 'toJSON')
        return Reflect.get(target, key, target) as unknown;
      return notImplemented(`${name}.${key}`);
    },
  });
}
