/** Screens by name: `views/NAME/…View.vue`, loaded when they are first shown. */
import { defineAsyncComponent, type Component } from 'vue';
import type { ViewName } from '../router/views.ts';

const modules = import.meta.glob<{ default: Component }>('./*/*View.vue');

const loaders = new Map(Object.entries(modules).map(([path, load]) => [path.split('/')[1], load]));
const found = new Map([...loaders].map(([name, loader]) => [name, defineAsyncComponent({ loader, delay: 120 })]));

const SOON_MS = 200;

/** Fetches a screen that will probably be shown next, when the window has nothing else to do. */
export function fetchAhead(view: ViewName): void {
  // not every browser tells when it is idle
  const whenIdle = globalThis.requestIdleCallback ?? ((work: () => void) => setTimeout(work, SOON_MS));
  // where it cannot be had, showing it says so
  whenIdle(() =>
    loaders
      .get(view)?.()
      .catch(() => undefined),
  );
}

/** The screen, or null for one that does not exist. */
export const screenOf = (view: ViewName): Component | null => found.get(view) ?? null;
