/** Numbers as the interface writes them: a true minus, an em dash for what is missing. */
export const MISSING = '—';
export const MINUS = '\u2212';

const formats = new Map<string, Intl.NumberFormat>();

function intl(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale}|${options.minimumFractionDigits}|${options.maximumFractionDigits}|${options.maximumSignificantDigits}`;
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.NumberFormat(locale, options)));
  return format;
}

function written(text: string): string {
  return text.replace('-', MINUS);
}

/** With exactly `digits` decimals. */
export function fixed(locale: string, value: number | null | undefined, digits: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  const rounded = Number(value.toFixed(digits));
  return written(intl(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(rounded === 0 ? 0 : rounded));
}

/** With at most `digits` decimals, for the labels of an axis. */
export function upTo(locale: string, value: number, digits: number): string {
  return written(intl(locale, { minimumFractionDigits: 0, maximumFractionDigits: digits }).format(value === 0 ? 0 : value));
}

const RAISED: Readonly<Record<string, string>> = {
  ...Object.fromEntries([...'⁰¹²³⁴⁵⁶⁷⁸⁹'].map((sign, digit) => [String(digit), sign])),
  '-': '⁻',
  '.': '·',
};

/** A power of ten as plain text, for axes and tooltips; `exponent` with at most one decimal: 10⁻⁷, 10⁻⁶·⁵. */
export function power(exponent: number): string {
  return `10${[...String(Number(exponent.toFixed(1)))].map((sign) => RAISED[sign] ?? sign).join('')}`;
}

/** With at most `digits` significant digits; very small and very large ones with a power of ten, e.g. 3.1 × 10⁻⁷. */
export function significant(locale: string, value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) {
    const [mantissa, exponent] = value
      .toExponential(digits - 1)
      .split('e')
      .map(Number);
    return `${upTo(locale, mantissa, digits - 1)} × ${power(exponent)}`;
  }
  if (size >= 10 ** digits) return written(intl(locale, { minimumFractionDigits: 0, maximumFractionDigits: 0 }).format(value));
  return written(intl(locale, { maximumSignificantDigits: digits }).format(value));
}

/** With a sign, plus included. */
export function signed(locale: string, value: number | null | undefined, digits: number): string {
  const text = fixed(locale, value, digits);
  return text !== MISSING && Number(value!.toFixed(digits)) > 0 ? `+${text}` : text;
}

/** Seconds as m:ss below an hour, h:mm:ss above. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
