import { csvField } from '../../shared/domain/csv.ts';

/** What a chart shows, as rows and columns. Rows are asked for one by one, so that a long series costs nothing until it is shown. */
export interface ChartTable {
  columns: { title: string; unit?: string; align?: 'start' | 'end' }[];
  rows: number;
  /** null = no value there */
  row(index: number): (string | number | null)[];
}

/** Comma-separated text after RFC 4180: a header line with units in brackets, numbers with a decimal point, empty = no value. */
export function toCsv(table: ChartTable): string {
  const lines = [table.columns.map((c) => csvField(c.unit ? `${c.title} [${c.unit}]` : c.title)).join(',')];
  for (let i = 0; i < table.rows; i++) lines.push(table.row(i).map(csvField).join(','));
  return lines.join('\r\n') + '\r\n';
}

/** A table from rows that are all there already. */
export function tableOf(columns: ChartTable['columns'], rows: readonly (string | number | null)[][]): ChartTable {
  return { columns, rows: rows.length, row: (index) => rows[index] };
}
