/**
 * Named random streams of one seed. Every draw is a pure function of (seed, stream name, counter), so a resumed run
 * continues exactly where an uninterrupted one would be, and no state has to be saved.
 *
 * Generator: Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 */
const PARITY = 0x1bd11bda;

/**
 * One Threefry-2x32-20 block: encrypts counter (c0, c1) under key (k0, k1) into `out[0..1]`. The four rounds of a group are
 * written out with their rotations: a search draws millions of blocks, and a loop over 20 rounds takes four times as long.
 */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number, out: Uint32Array): void {
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  // The words of the key that the next injection adds, and the one after.
  let [first, second, third] = [k1, PARITY ^ k0 ^ k1, k0];
  for (let group = 1; group <= 5; group++) {
    if (group & 1) {
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
    } else {
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
    }
    x0 = (x0 + first) | 0;
    x1 = (x1 + second + group) | 0;
    const word = first;
    first = second;
    second = third;
    third = word;
  }
  out[0] = x0;
  out[1] = x1;
}

/** FNV-1a over UTF-16 code units, with two different offsets for the two halves of a key. */
function hashName(name: string, offset: number): number {
  let hash = offset | 0;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash;
}

/** A sequence of random numbers that depends only on (seed, name, index). */
export class RandomStream {
  private readonly k0: number;
  private readonly k1: number;
  private readonly block = new Uint32Array(2);
  private counter = 0;
  private half = 2;
  private spareNormal = Number.NaN;

  /**
   * @param seed  any integer, 0 included
   * @param name  what the stream is for, e.g. `supernet/forms`
   * @param index sub-stream, e.g. the training step (0 .. 2^32-1)
   */
  constructor(
    seed: number,
    name: string,
    private readonly index = 0,
  ) {
    this.k0 = (seed ^ hashName(name, 0x811c9dc5)) | 0;
    this.k1 = (Math.floor(seed / 2 ** 32) ^ hashName(name, 0x9747b28c)) | 0;
  }

  /** Next 32 random bits as an unsigned integer. */
  uint32(): number {
    if (this.half === 2) {
      threefry2x32(this.k0, this.k1, this.counter++, this.index, this.block);
      this.half = 0;
    }
    return this.block[this.half++];
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.uint32() / 2 ** 32;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Uniform integer in 0 .. n-1, without modulo bias (by rejection). */
  integer(n: number): number {
    let value = this.uint32();
    // No limit lies lower than this, so that it is hardly ever worked out.
    if (value >= 2 ** 32 - n) {
      const limit = 2 ** 32 - (2 ** 32 % n);
      while (value >= limit) value = this.uint32();
    }
    // Unsigned on both sides: an integer division and not one of floats.
    return n < 2 ** 32 ? (value >>> 0) % (n >>> 0) : value;
  }

  /** One element of a non-empty array. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)];
  }

  /** Standard normal (Box-Muller). */
  normal(): number {
    if (!Number.isNaN(this.spareNormal)) {
      const value = this.spareNormal;
      this.spareNormal = Number.NaN;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Fisher-Yates shuffle in place; returns the same array. */
  shuffle<T extends { length: number; [index: number]: number }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swap = items[i];
      items[i] = items[j];
      items[j] = swap;
    }
    return items;
  }
}

/** A seed of its own for `purpose`: two purposes, or two seeds, share no stream. */
export function deriveSeed(seed: number, purpose: string): number {
  return new RandomStream(seed, `seed/${purpose}`).uint32();
}
