import type { RandomStream } from '../../shared/domain/random.ts';
import { axisSum, type GeneAxis } from '../../shared/domain/space.ts';
import { fitWindow, repairGreedily, type SumWindow } from './repair.ts';

/** Draws of one axis of a child before the last one is repaired; the published code draws without end. */
const ATTEMPTS = 30;

/** An axis and where its sum has to lie. */
export interface BoundAxis {
  axis: GeneAxis;
  bounds: SumWindow;
}

/**
 * For each gap up to `longest`, from which random word on the gap to the next mutated gene is longer: gaps are geometric, and a
 * comparison takes a fraction of the logarithm's time.
 */
function gapWords(mutation: number, longest: number): Float64Array {
  const logKeep = Math.log1p(-mutation);
  const gap = (word: number) => Math.floor(Math.log(1 - word / 2 ** 32) / logKeep);
  return Float64Array.from({ length: longest }, (_, shorter) => {
    let [low, high] = [0, 2 ** 32];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (gap(middle) > shorter) high = middle;
      else low = middle + 1;
    }
    return low;
  });
}

/**
 * Makes children of parents, with both averages in their windows. Genes change independently, so redrawing each axis on its own
 * gives the same distribution as redrawing the whole child, in far fewer draws. Masses are whole numbers: sums are exact in any order.
 */
export class Variation {
  private readonly words: Float64Array;

  /** @param mutation probability that a gene of a mutant is drawn anew */
  constructor(
    private readonly axes: readonly BoundAxis[],
    private readonly mutation: number,
  ) {
    const longest = Math.max(...axes.map(({ axis }) => axis.masses.length));
    this.words = mutation > 0 && mutation < 1 ? gapWords(mutation, longest) : new Float64Array(0);
  }

  /** Writes a mutant of `parent` into `genes`. @returns false where an axis could not be brought into its window */
  mutate(parent: Uint8Array, stream: RandomStream, genes: Uint8Array): boolean {
    genes.set(parent);
    for (const bound of this.axes) if (!this.mutateAxis(bound, parent, stream, genes) && !repair(bound, genes)) return false;
    return true;
  }

  /** Writes a child of two parents, each gene from one of them, into `genes`. @returns as `mutate` */
  cross(first: Uint8Array, second: Uint8Array, stream: RandomStream, genes: Uint8Array): boolean {
    for (const bound of this.axes) if (!crossAxis(bound, first, second, stream, genes) && !repair(bound, genes)) return false;
    return true;
  }

  private mutateAxis({ axis, bounds }: BoundAxis, parent: Uint8Array, stream: RandomStream, genes: Uint8Array): boolean {
    const { masses, choices, offset } = axis;
    const length = masses.length;
    const before = axisSum(axis, parent);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) for (let at = offset; at < offset + length; at++) genes[at] = parent[at];
      let sum = before;
      for (let gene = this.gap(stream); gene < length; gene += 1 + this.gap(stream)) {
        const bits = stream.pick(choices[gene]);
        sum += masses[gene] * (bits - genes[offset + gene]);
        genes[offset + gene] = bits;
      }
      if (sum > bounds.low && sum <= bounds.high) return true;
    }
    return false;
  }

  /** Genes to leave alone before the next one that mutates; as many as the longest axis has, or more, all count as that. */
  private gap(stream: RandomStream): number {
    const { words, mutation } = this;
    if (mutation >= 1) return 0;
    if (mutation <= 0) return Infinity;
    const word = stream.uint32();
    let gap = 0;
    while (gap < words.length && word >= words[gap]) gap++;
    return gap;
  }
}

function crossAxis({ axis, bounds }: BoundAxis, first: Uint8Array, second: Uint8Array, stream: RandomStream, genes: Uint8Array): boolean {
  const { masses, offset, heldSum } = axis;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    let coins = 0;
    let sum = heldSum;
    for (let gene = 0; gene < masses.length; gene++) {
      if (gene % 32 === 0) coins = stream.uint32();
      const own = first[offset + gene];
      // Without a branch: a processor cannot foresee a coin.
      const bits = own ^ ((own ^ second[offset + gene]) & -((coins >>> (gene % 32)) & 1));
      genes[offset + gene] = bits;
      sum += masses[gene] * bits;
    }
    if (sum > bounds.low && sum <= bounds.high) return true;
  }
  return false;
}

function repair({ axis, bounds }: BoundAxis, genes: Uint8Array): boolean {
  return repairGreedily(axis, bounds, genes) || fitWindow(axis, bounds, genes);
}
