/** Columns of the table of runs, and which of them are shown. */
import { computed, type Ref } from 'vue';
import { fixed, MISSING, percent, when } from '../../format.ts';
import { t } from '../../i18n.ts';
import type { Column } from '../../ui/types.ts';
import type { RunRow } from './run-rows.ts';
import { COLUMNS, type ColumnKey, type RunsSettings } from './runs-settings.ts';

/** px that the table needs at least to show a column while columns fit themselves */
const NEEDS: Partial<Record<ColumnKey, number>> = { kendall: 1030, recipe: 1130, exports: 1205, engine: 1335, seed: 1390, digest: 1480 };

/**
 * @param size of the table, px
 * @param now ms since 1970
 */
export function useRunColumns(settings: RunsSettings, size: { readonly width: number }, now: Readonly<Ref<number>>) {
  const accuracy = (key: ColumnKey, read: (row: RunRow) => number | null): Column<RunRow> => ({
    key,
    title: t(`runs.column.${key}`),
    width: '52px',
    align: 'right',
    descendingFirst: true,
    sort: read,
    format: (row) => percent(read(row)),
  });
  const known = computed<Record<ColumnKey, Column<RunRow>>>(() => ({
    state: { key: 'state', title: t('runs.column.state'), width: 'minmax(140px, 1fr)', sort: (row) => row.status },
    name: { key: 'name', title: t('runs.column.name'), width: 'minmax(130px, 1.4fr)', sort: (row) => row.title },
    recipe: {
      key: 'recipe',
      title: t('runs.column.recipe'),
      width: 'minmax(96px, 0.8fr)',
      sort: ({ run }) => run.recipe,
      format: ({ run }) => run.recipe,
    },
    started: {
      key: 'started',
      title: t('runs.column.started'),
      width: '92px',
      descendingFirst: true,
      sort: (row) => row.startedAt,
      format: (row) => when(row.startedAt, now.value),
    },
    duration: {
      key: 'duration',
      title: t('runs.column.duration'),
      width: 'minmax(130px, 1.4fr)',
      align: 'right',
      descendingFirst: true,
      sort: (row) => row.seconds,
    },
    float: accuracy('float', (row) => row.float),
    bits8: accuracy('bits8', (row) => row.bits[8]),
    bits4: accuracy('bits4', (row) => row.bits[4]),
    bits3: accuracy('bits3', (row) => row.bits[3]),
    bits2: accuracy('bits2', (row) => row.bits[2]),
    kendall: {
      key: 'kendall',
      title: t('runs.column.kendall'),
      width: '50px',
      align: 'right',
      descendingFirst: true,
      sort: (row) => row.kendall,
      format: (row) => fixed(row.kendall, 2),
    },
    best: { ...accuracy('best', (row) => row.best), width: '56px' },
    exports: {
      key: 'exports',
      title: t('runs.column.exports'),
      width: '64px',
      align: 'right',
      descendingFirst: true,
      sort: ({ exports }) => exports.count,
      format: exportsText,
    },
    engine: { key: 'engine', title: t('runs.column.engine'), width: '116px', sort: (row) => row.engine, format: (row) => row.engine },
    seed: {
      key: 'seed',
      title: t('runs.column.seed'),
      width: '44px',
      align: 'right',
      sort: (row) => row.seed,
      format: (row) => String(row.seed),
    },
    digest: {
      key: 'digest',
      title: t('runs.column.digest'),
      width: '76px',
      mono: true,
      sort: ({ run }) => run.digest,
      format: ({ run }) => run.digest?.slice(0, 8) ?? MISSING,
    },
  }));
  function exportsText({ exports: { count, proved } }: RunRow): string {
    return count === 0 ? MISSING : t('runs.exports', { proved, count });
  }
  const shownKeys = computed<ColumnKey[]>(() => settings.columns ?? COLUMNS.filter((key) => size.width >= (NEEDS[key] ?? 0)));
  const columns = computed(() => shownKeys.value.map((key) => known.value[key]));
  const titles = computed(() => Object.fromEntries(COLUMNS.map((key) => [key, t(`runs.columnLong.${key}`)])) as Record<ColumnKey, string>);
  return { columns, shownKeys, titles };
}
