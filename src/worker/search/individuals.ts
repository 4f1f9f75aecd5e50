/** Numbers of individuals, empty again at no cost. */
export class Marks {
  private stamps = new Int32Array(1024);
  private stamp = 1;

  clear(): void {
    this.stamp++;
  }

  has(number: number): boolean {
    return this.stamps[number] === this.stamp;
  }

  add(number: number): void {
    if (number >= this.stamps.length) {
      const longer = new Int32Array(Math.max(2 * this.stamps.length, number + 1));
      longer.set(this.stamps);
      this.stamps = longer;
    }
    this.stamps[number] = this.stamp;
  }
}

function hashOf(genes: Uint8Array): number {
  let hash = genes.length;
  for (let gene = 0; gene < genes.length; gene++) hash = Math.imul(hash ^ genes[gene], 0x01000193);
  return hash ^ (hash >>> 15);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let gene = 0; gene < a.length; gene++) if (a[gene] !== b[gene]) return false;
  return true;
}

/**
 * Different genomes, numbered in the order in which they came: a search asks a hundred thousand times whether it has seen one,
 * which a hash table of strings answers several times more slowly.
 */
export class Individuals {
  private readonly genomes: Uint8Array[] = [];
  private readonly hashes: number[] = [];
  /** Numbers by hash, with open addressing; -1 is free. At most half of them are taken. */
  private slots = new Int32Array(2048).fill(-1);

  get count(): number {
    return this.genomes.length;
  }

  genome(number: number): Uint8Array {
    return this.genomes[number];
  }

  /** The number of a genome, of which a copy is kept where it is new: then it is the last. */
  add(genes: Uint8Array): number {
    const hash = hashOf(genes);
    const { slots, hashes, genomes } = this;
    const last = slots.length - 1;
    let slot = hash & last;
    for (let number = slots[slot]; number >= 0; number = slots[(slot = (slot + 1) & last)])
      if (hashes[number] === hash && equal(genomes[number], genes)) return number;
    slots[slot] = genomes.length;
    hashes.push(hash);
    genomes.push(genes.slice());
    if (2 * genomes.length > slots.length) this.enlarge();
    return genomes.length - 1;
  }

  private enlarge(): void {
    const slots = new Int32Array(4 * this.slots.length).fill(-1);
    const last = slots.length - 1;
    this.hashes.forEach((hash, number) => {
      let slot = hash & last;
      while (slots[slot] >= 0) slot = (slot + 1) & last;
      slots[slot] = number;
    });
    this.slots = slots;
  }
}

/**
 * Collects different individuals: calls `draw` until there are `count` of them or it has given `patience` repeats in a row.
 * @param taken those that count as repeats; the new ones are added to it
 * @param draw fills a genome; false where it could not
 * @returns their numbers in the order in which they came
 */
export function collectDistinct(
  count: number,
  individuals: Individuals,
  taken: Marks,
  patience: number,
  genes: Uint8Array,
  draw: (genes: Uint8Array) => boolean,
): number[] {
  const found: number[] = [];
  for (let repeat = 0; found.length < count && repeat < patience;) {
    const number = draw(genes) ? individuals.add(genes) : -1;
    if (number < 0 || taken.has(number)) repeat++;
    else {
      taken.add(number);
      found.push(number);
      repeat = 0;
    }
  }
  return found;
}
