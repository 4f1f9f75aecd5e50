/**
 * How well a text fits what was typed: all letters in order, better when they begin words or follow each other.
 * @returns null when it does not fit; higher is better. Everything fits an empty query
 */
export function fuzzyScore(query: string, text: string): number | null {
  const wanted = query.toLowerCase().replace(/\s+/g, '');
  const from = text.toLowerCase();
  let score = 0;
  let at = -1;
  for (const letter of wanted) {
    const next = from.indexOf(letter, at + 1);
    if (next < 0) return null;
    const begins = next === 0 || /[^\p{L}\p{N}]/u.test(from[next - 1]);
    score += next === at + 1 ? 4 : begins ? 3 : 0;
    score -= Math.min(3, next - at - 1) * 0.3;
    at = next;
  }
  const whole = from.indexOf(query.trim().toLowerCase());
  if (query && whole >= 0) score += 6 - Math.min(3, whole * 0.2);
  return score - from.length * 0.01;
}
