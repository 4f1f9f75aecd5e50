/** Limits that a person sets; null = no limit on that side. */
export interface Limits {
  low: number | null;
  high: number | null;
}

const NUMBER = String.raw`[-+\u2212]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[-+]?\d+)?`;
const AT_LEAST = new RegExp(String.raw`^(?:>=?|≥)\s*(${NUMBER})$`, 'i');
const AT_MOST = new RegExp(String.raw`^(?:<=?|≤)\s*(${NUMBER})$`, 'i');
const BETWEEN = new RegExp(String.raw`^(${NUMBER})\s*(?:\.\.|…|–|—|-|\bto\b|\bbis\b)\s*(${NUMBER})$`, 'i');

function number(text: string): number {
  return Number(text.replace('\u2212', '-').replace(',', '.'));
}

/**
 * Reads "≥ 90", "<= 0.9", "0.2–0.9"; a decimal comma is understood. Empty text and the word for "any" mean no limit.
 * @returns null when the text means nothing of that kind, or its ends are the wrong way round
 */
export function parseLimits(text: string, any: string): Limits | null {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.toLowerCase() === any.toLowerCase()) return { low: null, high: null };
  const least = AT_LEAST.exec(trimmed);
  if (least) return { low: number(least[1]), high: null };
  const most = AT_MOST.exec(trimmed);
  if (most) return { low: null, high: number(most[1]) };
  const both = BETWEEN.exec(trimmed);
  if (!both) return null;
  const low = number(both[1]);
  const high = number(both[2]);
  return low <= high ? { low, high } : null;
}

/** The same the other way round. */
export function limitsText(limits: Limits, format: (value: number) => string, any: string): string {
  if (limits.low !== null && limits.high !== null) return `${format(limits.low)}–${format(limits.high)}`;
  if (limits.low !== null) return `≥ ${format(limits.low)}`;
  if (limits.high !== null) return `≤ ${format(limits.high)}`;
  return any;
}

/** Whether a value lies inside the limits. */
export function within(limits: Limits, value: number): boolean {
  return (limits.low === null || value >= limits.low) && (limits.high === null || value <= limits.high);
}
