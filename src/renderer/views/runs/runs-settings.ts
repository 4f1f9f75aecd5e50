/** How the table of runs is set. */
import type { SortOrder } from '../../ui/types.ts';

export const COLUMNS = [
  'state',
  'name',
  'recipe',
  'started',
  'duration',
  'float',
  'bits8',
  'bits4',
  'bits3',
  'bits2',
  'kendall',
  'best',
  'exports',
  'engine',
  'seed',
  'digest',
] as const;
export type ColumnKey = (typeof COLUMNS)[number];
/** These cannot be left out. */
export const FIXED_COLUMNS: ReadonlySet<ColumnKey> = new Set<ColumnKey>(['state', 'name']);

export const STATE_FILTERS = ['all', 'live', 'done', 'stopped', 'failed'] as const;
export type StateFilter = (typeof STATE_FILTERS)[number];

export interface RunsSettings {
  filter: string;
  state: StateFilter;
  sort: SortOrder | null;
  pinned: string[];
  ticked: string[];
  /** the columns that are shown; null = as many as fit */
  columns: ColumnKey[] | null;
  /** id of the run that the others are held against; null = the first */
  baseline: string | null;
  differencesOnly: boolean;
}

/** Stored facts as settings; what is missing or unknown gets its default. */
export function readRunsSettings(stored: unknown): RunsSettings {
  const found = (typeof stored === 'object' && stored !== null ? stored : {}) as Partial<Record<keyof RunsSettings, unknown>>;
  const texts = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
  const sort = found.sort as Partial<SortOrder> | null | undefined;
  return {
    filter: typeof found.filter === 'string' ? found.filter : '',
    state: STATE_FILTERS.find((state) => state === found.state) ?? 'all',
    sort:
      sort && COLUMNS.some((key) => key === sort.key)
        ? { key: String(sort.key), descending: sort.descending === true }
        : { key: 'started', descending: true },
    pinned: texts(found.pinned),
    ticked: texts(found.ticked),
    columns: Array.isArray(found.columns) ? COLUMNS.filter((key) => FIXED_COLUMNS.has(key) || texts(found.columns).includes(key)) : null,
    baseline: typeof found.baseline === 'string' ? found.baseline : null,
    differencesOnly: found.differencesOnly !== false,
  };
}
