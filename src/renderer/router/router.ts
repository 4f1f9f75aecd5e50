/** Which screen is shown. It stands in the fragment of the address, so that back, forward and reload work in both hosts. */
import { defineStore } from 'pinia';
import { computed, onScopeDispose, shallowRef } from 'vue';
import { formatHash, parseHash, type Route, type ViewName } from './views.ts';

export const useRouter = defineStore('router', () => {
  const route = shallowRef<Route>(parseHash(window.location.hash));
  const read = (): void => {
    route.value = parseHash(window.location.hash);
  };
  window.addEventListener('popstate', read);
  window.addEventListener('hashchange', read);
  onScopeDispose(() => {
    window.removeEventListener('popstate', read);
    window.removeEventListener('hashchange', read);
  });

  const view = computed(() => route.value.view);
  const params = computed(() => route.value.params);

  /** Shows a screen. `replace` leaves no step to go back to. */
  function go(next: ViewName, nextParams: Record<string, string | undefined> = {}, options: { replace?: boolean } = {}): void {
    const known = Object.entries(nextParams).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const target: Route = { view: next, params: Object.fromEntries(known) };
    const hash = formatHash(target);
    if (hash === formatHash(route.value)) return;
    if (options.replace) window.history.replaceState(null, '', hash);
    else window.history.pushState(null, '', hash);
    route.value = target;
  }
  /** Changes parameters of the screen that is shown. */
  function setParams(change: Record<string, string | undefined>, options: { replace?: boolean } = { replace: true }): void {
    go(route.value.view, { ...route.value.params, ...change }, options);
  }
  const back = (): void => window.history.back();
  const forward = (): void => window.history.forward();

  return { route, view, params, go, setParams, back, forward };
});
