import { tableOf, toCsv } from '../../charts/csv.ts';
import { SHOWN_BITS, type RunRow } from './run-rows.ts';

/** The table of runs with all columns as comma-separated text; headings are the same in every language. */
export function runsCsv(rows: readonly RunRow[]): string {
  const share = (value: number | null): number | null => (value === null ? null : Number((value * 100).toFixed(2)));
  return toCsv(
    tableOf(
      [
        ...['id', 'label', 'state', 'recipe', 'started'].map((title) => ({ title })),
        ...(rows[0]?.phases ?? []).map(({ phase }) => ({ title: phase, unit: 's' })),
        { title: 'total', unit: 's' },
        { title: 'float', unit: '%' },
        ...SHOWN_BITS.map((bits) => ({ title: `${bits} bit, lowest of forms`, unit: '%' })),
        { title: 'kendall' },
        { title: 'best searched', unit: '%' },
        ...['exports', 'proved', 'engine', 'seed', 'digest', 'error'].map((title) => ({ title })),
      ],
      rows.map((row) => [
        row.id,
        row.run.label,
        row.status,
        row.run.recipe,
        row.run.createdAt,
        ...row.phases.map(({ seconds }) => seconds),
        Number(row.seconds.toFixed(1)),
        share(row.float),
        ...SHOWN_BITS.map((bits) => share(row.bits[bits])),
        row.kendall,
        share(row.best),
        row.exports.count,
        row.exports.proved,
        row.run.engine.version,
        row.seed,
        row.run.digest,
        row.run.error?.message ?? null,
      ]),
    ),
  );
}
