/**
 * Named random streams of one seed. Every draw is a pure function of (seed, stream name, counter), so a resumed run
 * continues exactly where an uninterrupted one would be, and no state has to be saved.
 *
 * Generator: Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 */
const PARITY = 0x1bd11bda;

/**
 * Two Threefry-2x32-20 blocks: encrypts counters (c0, c1) and (c0 + 1, c1) under key (k0, k1) into `out[0..3]`. All 20 rounds
 * are written out with their rotations, because a search draws a million words: a loop takes four times as long. The second block fills the
 * gaps that the first leaves, where each step waits for the one before, and costs almost nothing.
 */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number, out: Uint32Array): void {
  const k2 = PARITY ^ k0 ^ k1;
  let x0 = (c0 + k0) | 0;
  let y0 = (c0 + 1 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  let y1 = x1;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  y1 = ((y1 << 13) | (y1 >>> 19)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  y1 = ((y1 << 15) | (y1 >>> 17)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  y1 = ((y1 << 26) | (y1 >>> 6)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  y1 = ((y1 << 6) | (y1 >>> 26)) ^ y0;
  x0 = (x0 + k1) | 0;
  x1 = (x1 + k2 + 1) | 0;
  y0 = (y0 + k1) | 0;
  y1 = (y1 + k2 + 1) | 0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  y1 = ((y1 << 17) | (y1 >>> 15)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  y1 = ((y1 << 29) | (y1 >>> 3)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  y1 = ((y1 << 16) | (y1 >>> 16)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  y1 = ((y1 << 24) | (y1 >>> 8)) ^ y0;
  x0 = (x0 + k2) | 0;
  x1 = (x1 + k0 + 2) | 0;
  y0 = (y0 + k2) | 0;
  y1 = (y1 + k0 + 2) | 0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  y1 = ((y1 << 13) | (y1 >>> 19)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  y1 = ((y1 << 15) | (y1 >>> 17)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  y1 = ((y1 << 26) | (y1 >>> 6)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  y1 = ((y1 << 6) | (y1 >>> 26)) ^ y0;
  x0 = (x0 + k0) | 0;
  x1 = (x1 + k1 + 3) | 0;
  y0 = (y0 + k0) | 0;
  y1 = (y1 + k1 + 3) | 0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  y1 = ((y1 << 17) | (y1 >>> 15)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  y1 = ((y1 << 29) | (y1 >>> 3)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  y1 = ((y1 << 16) | (y1 >>> 16)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  y1 = ((y1 << 24) | (y1 >>> 8)) ^ y0;
  x0 = (x0 + k1) | 0;
  x1 = (x1 + k2 + 4) | 0;
  y0 = (y0 + k1) | 0;
  y1 = (y1 + k2 + 4) | 0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  y1 = ((y1 << 13) | (y1 >>> 19)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  y1 = ((y1 << 15) | (y1 >>> 17)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  y1 = ((y1 << 26) | (y1 >>> 6)) ^ y0;
  x0 = (x0 + x1) | 0;
  y0 = (y0 + y1) | 0;
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  y1 = ((y1 << 6) | (y1 >>> 26)) ^ y0;
  x0 = (x0 + k2) | 0;
  x1 = (x1 + k0 + 5) | 0;
  y0 = (y0 + k2) | 0;
  y1 = (y1 + k0 + 5) | 0;
  out[0] = x0;
  out[1] = x1;
  out[2] = y0;
  out[3] = y1;
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
  private readonly words = new Uint32Array(4);
  private counter = 0;
  private next = 4;
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
    if (this.next === 4) {
      threefry2x32(this.k0, this.k1, this.counter, this.index, this.words);
      this.counter += 2;
      this.next = 0;
    }
    return this.words[this.next++];
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
