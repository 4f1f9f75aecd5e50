/** Numbers of a space for people: how large it is, what it reaches, how an edit changed it. */
import { configurationCost } from '../../../shared/domain/cost.ts';
import { averageRange, buildSearchSpace, decodeGenome, spaceSize, type SearchSpace } from '../../../shared/domain/space.ts';
import { sharingConflicts } from '../../../shared/domain/layer-space.ts';
import { ALL_BITS } from '../../../shared/domain/form.ts';
import { fixed, powerOfTen } from '../../format.ts';
import { resetAll, spaceNet, type Space, type SpaceNet } from './space-edits.ts';

export interface SpaceFacts {
  /** log10 of the number of configurations with one form for the whole network */
  size: number;
  /** the same with a form for each layer, as in training */
  sizeByLayer: number;
  /** the same as `size` without the sets of single layers */
  sizeWithout: number;
  weights: { low: number; high: number };
  activations: { low: number; high: number };
  /** packed bytes */
  smallest: number;
  largest: number;
  float: number;
}

function bytesOf(search: SearchSpace, end: 'low' | 'high'): number {
  const genes = new Uint8Array(search.length);
  for (const { offset, choices } of [search.weights, search.activations])
    choices.forEach((bits, gene) => (genes[offset + gene] = end === 'low' ? bits[0] : bits[bits.length - 1]));
  const sizes = search.forms.map((form) => configurationCost(decodeGenome(search, genes, form), search.facts).total.sizeBytes);
  return end === 'low' ? Math.min(...sizes) : Math.max(...sizes);
}

/** null where layers that read one tensor have nothing in common, so that the space is empty. */
export function spaceFacts(space: Space, net: SpaceNet): SpaceFacts | null {
  if (sharingConflicts(space, net.facts, net.points).length > 0) return null;
  const search = buildSearchSpace(net.facts, net.points, space);
  const without = resetAll(space);
  const size = spaceSize(search, space);
  const first = decodeGenome(search, new Uint8Array(search.length).fill(8), search.forms[0]);
  return {
    size: size.globalForm,
    sizeByLayer: size.layerForms,
    sizeWithout: spaceSize(buildSearchSpace(spaceNet(net.facts, net.points).facts, net.points, without), without).globalForm,
    weights: averageRange(search.weights),
    activations: averageRange(search.activations),
    smallest: bytesOf(search, 'low'),
    largest: bytesOf(search, 'high'),
    float: configurationCost(first, net.facts).total.floatBytes,
  };
}

export interface Growth {
  direction: 'same' | 'grew' | 'shrank';
  /** by a share of 0..1, or to so many times as much (log10) */
  share: number | null;
  factor: number;
}

/** How a number of configurations changed; both are powers of ten. */
export function growthOf(before: number, after: number): Growth {
  const factor = after - before;
  if (Math.abs(factor) < 1e-9) return { direction: 'same', share: null, factor: 0 };
  if (factor > 0) return { direction: 'grew', share: factor < 1 ? 10 ** factor - 1 : null, factor };
  return { direction: 'shrank', share: factor > -2 ? 1 - 10 ** factor : null, factor: -factor };
}

/** A share in percent without needless decimals: 20, 0.4. */
export function sharePercent(share: number): string {
  const value = share * 100;
  return fixed(value, value < 1 ? 1 : 0);
}
/** A factor of 10^log10: 12, 3.2 × 10^7. */
export function factorText(log10: number): string {
  const { mantissa, exponent } = log10 < 1 ? { mantissa: fixed(10 ** log10, 1), exponent: null } : powerOfTen(log10);
  return exponent === null ? mantissa : `${mantissa} × 10^${exponent}`;
}

/** Bit-widths with neighbours as ranges: 2–4, 6, 8. */
export function bitsText(bits: readonly (number | string)[]): string {
  const sorted = ALL_BITS.filter((each) => bits.includes(each));
  const ranges: number[][] = [];
  for (const each of sorted) {
    const last = ranges.at(-1);
    if (last && last[last.length - 1] === each - 1) last.push(each);
    else ranges.push([each]);
  }
  return ranges.map((range) => (range.length > 2 ? `${range[0]}–${range[range.length - 1]}` : range.join(', '))).join(', ');
}
