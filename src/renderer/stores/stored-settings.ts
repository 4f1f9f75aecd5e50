/** How a screen is set: kept with the project, so that it is as it was when the project is opened again. */
import { onScopeDispose, reactive, watch } from 'vue';
import { useApp } from './app.ts';
import { useProjects } from './projects.ts';

const SAVE_MS = 400;

/**
 * A reactive object that is stored under `key` among the facts of the interface, 0.4 s after its last change.
 * @param read makes settings of what was stored; whatever is missing or unknown gets its default
 */
export function storedSettings<Settings extends object>(key: string, read: (stored: unknown) => Settings): Settings {
  const app = useApp();
  const projects = useProjects();
  const settings = reactive(read(undefined)) as Settings;
  let folder: string | null = null;
  let known = '';
  let timer: ReturnType<typeof setTimeout> | undefined;

  function store(): void {
    timer = undefined;
    void app.attempt(() => projects.saveUi({ [key]: JSON.parse(known) as unknown }));
  }
  // another project, or another window of this one, has settings of its own
  watch(
    [() => projects.view?.folder ?? null, () => projects.view?.ui[key]],
    ([project, stored]) => {
      if (project === folder && timer !== undefined) return;
      clearTimeout(timer);
      timer = undefined;
      folder = project;
      const next = read(stored);
      const text = JSON.stringify(next);
      if (text === known) return;
      known = text;
      Object.assign(settings, next);
    },
    { immediate: true, flush: 'sync' },
  );
  watch(
    () => JSON.stringify(settings),
    (text) => {
      if (text === known) return;
      known = text;
      clearTimeout(timer);
      timer = setTimeout(store, SAVE_MS);
    },
    { flush: 'sync' },
  );
  onScopeDispose(() => {
    if (timer === undefined) return;
    clearTimeout(timer);
    store();
  });
  return settings;
}
