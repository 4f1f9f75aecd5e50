/** Rows as aligned columns; numbers (and what looks like one) to the right. The first row is the heading. */
export function table(rows: readonly (readonly string[])[], indent = '  '): string {
  if (!rows.length) return '';
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const right = rows[0].map((_, column) => rows.slice(1).every((row) => /^[-\d.,+%]*( [A-Za-z]+| ±.*)?$/.test(row[column] ?? '')));
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (right[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join('  ');
  return rows.map((row) => `${indent}${line(row).trimEnd()}\n`).join('');
}

/** `98.65` of 0.9865. */
export const percent = (share: number): string => (100 * share).toFixed(2);

/** A gap between numbers that should be equal. */
export const gap = (value: number): string => (value === 0 ? '0' : value.toExponential(1));

export const integer = (value: number): string => Math.round(value).toLocaleString('en-US');

/** `72.29 M` of 72294400. */
export function short(value: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (value >= size) return `${(value / size).toFixed(2)} ${unit}`;
  return integer(value);
}

export function bytes(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} GB`;
  return value >= 1e6 ? `${(value / 1e6).toFixed(2)} MB` : `${(value / 1e3).toFixed(1)} kB`;
}

export const optional = (value: number | null, digits = 2): string => (value === null ? 'undefined' : value.toFixed(digits));
