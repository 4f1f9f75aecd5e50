/** The configurations that are held against each other, up to four, from any run of the project. */
import { defineStore } from 'pinia';
import { computed } from 'vue';
import type { ShelfEntry } from '../../shared/contract/api/views.ts';
import type { Configuration } from '../../shared/schema/configuration.ts';
import { host } from './host.ts';
import { useProjects } from './projects.ts';

export const LETTERS = ['A', 'B', 'C', 'D'] as const;
export type Letter = (typeof LETTERS)[number];
/** Slot of the palette of runs that a letter is drawn with. */
export const slotOfLetter = (letter: Letter): number => LETTERS.indexOf(letter) + 1;

export const useCompare = defineStore('compare', () => {
  const projects = useProjects();
  const shelf = computed<ShelfEntry[]>(() => projects.view?.shelf ?? []);
  /** entries in Compare by letter */
  const entries = computed(() =>
    shelf.value
      .filter((entry): entry is ShelfEntry & { compare: Letter } => entry.compare !== null)
      .sort((a, b) => a.compare.localeCompare(b.compare)),
  );
  const full = computed(() => entries.value.length >= LETTERS.length);
  /** what the others are measured against: the chosen one, else the last */
  const baseline = computed(() => {
    const letter = projects.ui<Letter | null>('compareBaseline', null);
    return entries.value.find((entry) => entry.compare === letter) ?? entries.value.at(-1) ?? null;
  });
  const differencesOnly = computed(() => projects.ui('compareDifferences', true));

  const setBaseline = (letter: Letter): Promise<void> => projects.saveUi({ compareBaseline: letter });
  const setDifferencesOnly = (on: boolean): Promise<void> => projects.saveUi({ compareDifferences: on });

  function folder(): string {
    if (!projects.view) throw new Error('no project is open');
    return projects.view.folder;
  }
  /** Shows what the host answered at once; its own view of the project follows. */
  function adopt(entry: ShelfEntry): ShelfEntry {
    const { view } = projects;
    if (!view) return entry;
    const others = view.shelf.map((other) =>
      other.id === entry.id ? entry : other.compare !== null && other.compare === entry.compare ? { ...other, compare: null } : other,
    );
    projects.view = { ...view, shelf: others.some(({ id }) => id === entry.id) ? others : [...others, entry] };
    return entry;
  }
  /** Puts a configuration of a run on the shelf; with `compare` also into the first free place. */
  async function add(entry: {
    run: string;
    name: string;
    configuration: Configuration;
    candidateId: string | null;
    compare?: boolean;
  }): Promise<ShelfEntry> {
    const added = await host().shelf.add({
      project: folder(),
      ...entry,
      configuration: JSON.parse(JSON.stringify(entry.configuration)) as Configuration,
      compare: entry.compare ?? true,
    });
    return adopt(added);
  }
  /** Puts an entry of the shelf into Compare, or takes it out (null). */
  const place = async (id: string, slot: Letter | 'free' | null): Promise<ShelfEntry> =>
    adopt(await host().shelf.compare({ project: folder(), id, slot }));
  const update = async (id: string, change: { name?: string; configuration?: Configuration }): Promise<ShelfEntry> =>
    adopt(await host().shelf.update({ project: folder(), id, ...(JSON.parse(JSON.stringify(change)) as typeof change) }));
  const remove = (id: string): Promise<void> => host().shelf.remove({ project: folder(), id });

  return { shelf, entries, full, baseline, differencesOnly, setBaseline, setDifferencesOnly, add, place, update, remove };
});
