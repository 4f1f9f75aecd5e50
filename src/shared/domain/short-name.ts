/**
 * A short name for a configuration, e.g. `c-k3m9x`, made from its key: the same in every window and at every start. Names of
 * two of some thousand configurations may be the same, so it is for people only.
 * @param key as of `configurationKey`
 */
export function shortName(key: string): string {
  // FNV-1a, 32 bits
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
  return `c-${(hash % 36 ** 5).toString(36).padStart(5, '0')}`;
}
