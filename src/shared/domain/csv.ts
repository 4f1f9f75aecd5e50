/**
 * One field of comma-separated text after RFC 4180; nothing for what is no number. A spreadsheet takes text that begins with
 * `=`, `+`, `-` or `@` for a formula, also in a label that somebody else has typed: an apostrophe before it keeps it text.
 */
export function csvField(value: string | number | null): string {
  if (value === null || (typeof value === 'number' && !Number.isFinite(value))) return '';
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
