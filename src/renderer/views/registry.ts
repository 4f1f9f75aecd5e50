/** Screens by name: `views/NAME/…View.vue`, loaded when they are first shown. */
import { defineAsyncComponent, type Component } from 'vue';
import type { ViewName } from '../router/views.ts';

const modules = import.meta.glob<{ default: Component }>('./*/*View.vue');

const found = new Map(
  Object.entries(modules).map(([path, load]) => [path.split('/')[1], defineAsyncComponent({ loader: load, delay: 120 })]),
);

/** The screen, or null for one that does not exist. */
export const screenOf = (view: ViewName): Component | null => found.get(view) ?? null;
