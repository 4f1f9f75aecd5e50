/** Every configuration that a run knows of, as rows; keys become rows in slices, so that nothing else has to wait. */
import { computed, onScopeDispose, ref, watch, type ComputedRef } from 'vue';
import type { RunView, ShelfEntry } from '../../../shared/contract/api/views.ts';
import type { SearchPoints } from '../../../shared/contract/look.ts';
import type { LayerFacts } from '../../../shared/domain/layer-graph.ts';
import { RowBook, type FoundCandidate, type SearchRow } from './search-rows.ts';

/** ms that keys are worked on before the window gets its turn */
const SLICE_MS = 6;
/** ms between two pictures of a running search */
const PAUSE_MS = 200;

interface RowSources {
  /** tells one project from another */
  folder: () => string;
  run: () => RunView | null;
  layers: () => readonly LayerFacts[];
  /** what a search looked at, oldest first */
  rounds: () => readonly SearchPoints[];
  /** what searches on demand found */
  found: () => readonly FoundCandidate[];
  shelf: () => readonly ShelfEntry[];
}

/** @returns the rows, and whether some are still being made */
export function useSearchRows(sources: RowSources): { rows: ComputedRef<SearchRow[]>; busy: ComputedRef<boolean> } {
  let book = new RowBook([]);
  /** what the rounds go into; it is shown when it has all that are there */
  let filling = book;
  let bookOf = '';
  let first: SearchPoints | undefined;
  const version = ref(0);
  const busy = ref(false);
  let queue: SearchPoints[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let shownAt = 0;

  function work(): void {
    timer = undefined;
    const end = performance.now() + SLICE_MS;
    while (queue.length > 0 && performance.now() < end) filling.take(queue.shift()!);
    busy.value = queue.length > 0;
    // to draw thousands of configurations takes longer than to read them: they are shown when all are there
    if (queue.length > 0) timer = setTimeout(work, 0);
    else {
      book = filling;
      shownAt = performance.now();
      version.value++;
    }
  }
  watch(
    [() => sources.run()?.id ?? '', () => sources.layers(), () => sources.rounds()],
    ([id, facts, rounds]) => {
      const network = `${sources.folder()}\n${id}\n${facts.map(({ name }) => name).join()}`;
      if (network !== bookOf) {
        bookOf = network;
        book = filling = new RowBook(facts);
        queue = [];
        version.value++;
      } else if (rounds[0] !== first) {
        // what the host kept of a finished search stands for what came live: rows stay in their places until it is read
        filling = filling.another();
        queue = [];
      }
      first = rounds[0];
      if (facts.length === 0) return;
      const waiting = new Set(queue);
      queue.push(...filling.fresh(rounds).filter((round) => !waiting.has(round)));
      if (queue.length === 0) return;
      busy.value = true;
      timer ??= setTimeout(work, Math.max(0, Math.min(PAUSE_MS, shownAt + PAUSE_MS - performance.now())));
    },
    { immediate: true },
  );
  onScopeDispose(() => clearTimeout(timer));

  const rows = computed<SearchRow[]>(() => {
    void version.value;
    const run = sources.run();
    if (!run || sources.layers().length === 0) return [];
    return book.rows(
      run.candidates,
      sources.found(),
      sources.shelf().filter((entry) => entry.run === run.id),
    );
  });
  return { rows, busy: computed(() => busy.value) };
}
