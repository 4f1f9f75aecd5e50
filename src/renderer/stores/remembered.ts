/**
 * Small facts of this window's look (widths, folded parts) that are remembered on this machine. Everything that belongs to
 * a project goes through the host instead.
 */
const PREFIX = 'eqnet.';

/** The remembered value, or `fallback` where there is none or storage is not allowed. */
export function recall<Value extends string | number | boolean>(key: string, fallback: Value): Value {
  try {
    const text = localStorage.getItem(PREFIX + key);
    if (text === null) return fallback;
    const value: unknown = JSON.parse(text);
    return typeof value === typeof fallback ? (value as Value) : fallback;
  } catch {
    return fallback;
  }
}

export function remember(key: string, value: string | number | boolean): void {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // a full or forbidden storage costs only the memory of a width
  }
}
