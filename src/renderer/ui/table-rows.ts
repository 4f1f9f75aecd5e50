import type { Column, SortOrder } from './types.ts';

const missing = (value: string | number | null): boolean => value === null || (typeof value === 'number' && Number.isNaN(value));

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

/**
 * Rows in the order of a table: pinned ones first, each part sorted; what has no value comes last in both directions, and
 * equal rows keep their order.
 */
export function arrange<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  order: SortOrder | null,
  rowKey: (row: Row) => string,
  pinned: ReadonlySet<string>,
): Row[] {
  const by = order && columns.find(({ key }) => key === order.key)?.sort;
  let result = [...rows];
  if (order && by) {
    const direction = order.descending ? -1 : 1;
    result = result
      .map((row) => ({ row, value: by(row) }))
      .sort((a, b) => {
        if (missing(a.value) || missing(b.value)) return Number(missing(a.value)) - Number(missing(b.value));
        return direction * compare(a.value as string | number, b.value as string | number);
      })
      .map(({ row }) => row);
  }
  if (pinned.size === 0) return result;
  return [...result.filter((row) => pinned.has(rowKey(row))), ...result.filter((row) => !pinned.has(rowKey(row)))];
}

/** Order after a press on a heading: its first direction, the other one, then as the rows came. */
export function nextSort<Row>(order: SortOrder | null, column: Column<Row>): SortOrder | null {
  const first = column.descendingFirst ?? false;
  if (order?.key !== column.key) return { key: column.key, descending: first };
  return order.descending === first ? { key: column.key, descending: !first } : null;
}
