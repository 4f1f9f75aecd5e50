import { axisSum, type GeneAxis } from '../../shared/domain/space.ts';

/** A window as bounds of `axisSum` (mass x bits): low < sum <= high. */
export interface SumWindow {
  low: number;
  high: number;
}

/** Nodes that the exact fit may visit; a network with more than a handful of layers needs a few dozen. */
const NODE_LIMIT = 20_000;

/** The gene with the highest score, or -1 when all scores are null. */
function bestGene(axis: GeneAxis, score: (gene: number) => number | null): number {
  let best = -1;
  let highest = -Infinity;
  for (let gene = 0; gene < axis.masses.length; gene++) {
    const value = score(gene);
    if (value !== null && value > highest) {
      highest = value;
      best = gene;
    }
  }
  return best;
}

/**
 * Moves one axis of a genome into a window, one choice of one gene at a time: above the window it lowers the gene that
 * takes most (mass x bits), below it raises the one that takes least. A move that would jump over the window is left out.
 * @returns whether the axis is now in the window
 */
export function repairGreedily(axis: GeneAxis, window: SumWindow, genes: Uint8Array): boolean {
  const { masses, choices, offset } = axis;
  let sum = axisSum(axis, genes);
  const limit = choices.reduce((count, bits) => count + bits.length, 0);
  for (let step = 0; step < limit && (sum > window.high || sum <= window.low); step++) {
    const lower = sum > window.high;
    const next = (gene: number) => choices[gene][choices[gene].indexOf(genes[offset + gene]) + (lower ? -1 : 1)];
    const moved = (gene: number) => sum + masses[gene] * (next(gene) - genes[offset + gene]);
    const gene = bestGene(axis, (candidate) => {
      if (next(candidate) === undefined) return null;
      if (lower ? moved(candidate) <= window.low : moved(candidate) > window.high) return null;
      return (lower ? 1 : -1) * masses[candidate] * genes[offset + candidate];
    });
    if (gene < 0) break;
    sum = moved(gene);
    genes[offset + gene] = next(gene);
  }
  return sum > window.low && sum <= window.high;
}

/**
 * Moves one axis of a genome into a window by a depth-first search from the largest gene to the smallest, the choices
 * nearest to the present bits first, cutting branches that the remaining genes cannot bring into the window. Without the
 * node limit it would find a fit whenever there is one. Genes change only when it succeeds.
 */
export function fitWindow(axis: GeneAxis, window: SumWindow, genes: Uint8Array): boolean {
  const { masses, choices, offset } = axis;
  const order = Array.from(masses.keys()).sort((a, b) => masses[b] - masses[a]);
  const least = new Float64Array(order.length + 1);
  const most = new Float64Array(order.length + 1);
  for (let depth = order.length - 1; depth >= 0; depth--) {
    const gene = order[depth];
    least[depth] = least[depth + 1] + masses[gene] * choices[gene][0];
    most[depth] = most[depth + 1] + masses[gene] * choices[gene][choices[gene].length - 1];
  }
  const nearest = order.map((gene) => {
    const now = genes[offset + gene];
    return [...choices[gene]].sort((a, b) => Math.abs(a - now) - Math.abs(b - now) || a - b);
  });
  const picked = new Uint8Array(order.length);
  let nodes = 0;
  const descend = (depth: number, sum: number): boolean => {
    if (++nodes > NODE_LIMIT || sum + most[depth] <= window.low || sum + least[depth] > window.high) return false;
    if (depth === order.length) return true;
    for (const bits of nearest[depth]) {
      picked[depth] = bits;
      if (descend(depth + 1, sum + masses[order[depth]] * bits)) return true;
    }
    return false;
  };
  if (!descend(0, axis.heldSum)) return false;
  order.forEach((gene, depth) => (genes[offset + gene] = picked[depth]));
  return true;
}
