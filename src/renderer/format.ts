/** Numbers, sizes and times as people read them, in the language of the interface. Missing values are an em dash, never 0. */
import { language, t } from './i18n.ts';

export const MISSING = '—';
const MINUS = '−';
/** between a number and its unit */
const SPACE = '\u00a0';

const formatters = new Map<string, Intl.NumberFormat>();
function number(value: number, digits: number, most = digits): string {
  const key = `${language()} ${digits} ${most}`;
  let format = formatters.get(key);
  if (!format) {
    format = new Intl.NumberFormat(language(), { minimumFractionDigits: digits, maximumFractionDigits: most });
    formatters.set(key, format);
  }
  return format.format(Object.is(value, -0) ? 0 : value).replace('-', MINUS);
}
const known = (value: number | null | undefined): value is number => value !== null && value !== undefined && !Number.isNaN(value);

/** A whole number with separators: 13,763. */
export function whole(value: number | null | undefined): string {
  return known(value) ? number(Math.round(value), 0) : MISSING;
}
/** A number with a fixed count of decimals. */
export function fixed(value: number | null | undefined, digits = 2): string {
  if (!known(value)) return MISSING;
  // what rounds to zero has no sign
  return number(Number(value.toFixed(digits)), digits);
}
/** A number with at most `digits` decimals. */
export function upTo(value: number | null | undefined, digits = 2): string {
  return known(value) ? number(Number(value.toFixed(digits)), 0, digits) : MISSING;
}
/** A difference with its sign and a true minus: +0.41. */
export function signed(value: number | null | undefined, digits = 2): string {
  if (!known(value)) return MISSING;
  const rounded = Number(value.toFixed(digits));
  return (rounded > 0 ? '+' : '') + fixed(rounded, digits);
}
/** An accuracy of 0..1 in percent, without the sign: 91.25. */
export function percent(share: number | null | undefined, digits = 2): string {
  return known(share) ? fixed(share * 100, digits) : MISSING;
}
/** Difference of two accuracies 0..1 in points, computed from the values as shown. */
export function points(after: number, before: number, digits = 2): number {
  return Number((Number((after * 100).toFixed(digits)) - Number((before * 100).toFixed(digits))).toFixed(digits));
}
/** Bytes in kB (1000 bytes), without the unit: 97.5. */
export function kilobytes(bytes: number | null | undefined, digits = 1): string {
  return known(bytes) ? fixed(bytes / 1000, digits) : MISSING;
}
/** Bytes with the unit that fits: 4.3 MB, 1.74 GB. */
export function bytes(value: number | null | undefined): string {
  if (!known(value)) return MISSING;
  if (value < 1000) return `${whole(value)}${SPACE}B`;
  if (value < 1e6) return `${fixed(value / 1e3, 1)}${SPACE}kB`;
  if (value < 1e9) return `${fixed(value / 1e6, 1)}${SPACE}MB`;
  return `${fixed(value / 1e9, 2)}${SPACE}GB`;
}
/** BitOps or MACs in G, without the unit: 0.385. */
export function giga(value: number | null | undefined, digits = 3): string {
  return known(value) ? fixed(value / 1e9, digits) : MISSING;
}
/** A count with the prefix that fits: 40.6 M. */
export function compact(value: number | null | undefined): string {
  if (!known(value)) return MISSING;
  if (value < 1e5) return whole(value);
  if (value < 1e6) return `${fixed(value / 1e3, 0)}${SPACE}k`;
  if (value < 1e9) return `${fixed(value / 1e6, 1)}${SPACE}M`;
  return `${fixed(value / 1e9, 2)}${SPACE}G`;
}
/** Mantissa and exponent of 10^x, to be set as 5.7 x 10^30 with a real superscript; null exponent for small numbers. */
export function powerOfTen(log10: number): { mantissa: string; exponent: number | null } {
  if (log10 < 6) return { mantissa: whole(10 ** log10), exponent: null };
  let exponent = Math.floor(log10);
  let mantissa = Number((10 ** (log10 - exponent)).toFixed(1));
  if (mantissa >= 10) {
    mantissa = 1;
    exponent += 1;
  }
  return { mantissa: fixed(mantissa, 1), exponent };
}

/** Seconds: 18 s, 1 min 40 s, 1 h 16 min. */
export function duration(seconds: number | null | undefined): string {
  if (!known(seconds)) return MISSING;
  const total = Math.max(0, seconds);
  if (total < 9.95) return `${upTo(total, 1)}${SPACE}s`;
  if (total < 59.5) return `${whole(total)}${SPACE}s`;
  const rounded = total < 600 ? Math.round(total) : Math.round(total / 60) * 60;
  const hours = Math.floor(rounded / 3600);
  const minutes = Math.floor((rounded % 3600) / 60);
  const rest = rounded % 60;
  if (hours > 0) return minutes > 0 ? `${hours}${SPACE}h ${minutes}${SPACE}min` : `${hours}${SPACE}h`;
  return rest > 0 ? `${minutes}${SPACE}min ${rest}${SPACE}s` : `${minutes}${SPACE}min`;
}
const ROUND_SECONDS = [3600, 1800, 600, 300, 60, 30, 10, 5, 1] as const;
/** A range of seconds, no finer than its width deserves: 14–17 s, 1 h 16 min – 1 h 24 min. */
export function durationRange(range: readonly [number, number] | null | undefined): string {
  if (!range) return MISSING;
  const step = ROUND_SECONDS.find((each) => each <= (range[1] - range[0]) / 4);
  const [from, to] = step ? [Math.floor(range[0] / step) * step, Math.ceil(range[1] / step) * step] : range;
  const [low, high] = [duration(from), duration(to)];
  if (low === high) return low;
  const unit = /^([^ ]*)(\u00a0(?:s|min|h))$/;
  const [a, b] = [unit.exec(low), unit.exec(high)];
  if (a && b && a[2] === b[2]) return `${a[1]}–${b[1]}${b[2]}`;
  return `${low} – ${high}`;
}
/** Clock time: 15:07. */
export function clock(time: number): string {
  return new Date(time).toLocaleTimeString(language(), { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}
/** Clock time with seconds: 13:43:52. */
export function clockSeconds(time: number | string): string {
  return new Date(time).toLocaleTimeString(language(), { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
}
/** A past moment: 18 s ago, today 15:49, yesterday 11:05, 18 Nov, 18 Nov 2024. */
export function when(time: number | string | null | undefined, now = Date.now()): string {
  if (time === null || time === undefined) return MISSING;
  const then = new Date(time);
  const seconds = (now - then.getTime()) / 1000;
  if (seconds >= 0 && seconds < 60) return t('time.ago', { time: duration(Math.round(seconds)) });
  const today = new Date(now);
  const midnight = new Date(today.getFullYear(), today.getMonth(), today.getDate()).getTime();
  if (then.getTime() >= midnight) return t('time.today', { time: clock(then.getTime()) });
  const dayBefore = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1).getTime();
  if (then.getTime() >= dayBefore) return t('time.yesterday', { time: clock(then.getTime()) });
  const year = then.getFullYear() === today.getFullYear() ? undefined : 'numeric';
  return then.toLocaleDateString(language() === 'en' ? 'en-GB' : language(), { day: 'numeric', month: 'short', year });
}
