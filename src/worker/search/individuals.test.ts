import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../shared/domain/random.ts';
import { genomeKey } from '../../shared/domain/space.ts';
import { collectDistinct, Individuals, Marks } from './individuals.ts';

describe('Individuals', () => {
  it.each([1, 3, 6, 35, 110])('numbers 30,000 genomes of %d genes as a map of their keys does', (length) => {
    const random = new RandomStream(length, 'test/individuals');
    const individuals = new Individuals();
    const known = new Map<string, number>();
    const genes = new Uint8Array(length);
    for (let i = 0; i < 30_000; i++) {
      // Few bit-widths, and mostly changes of one gene, so that many come again.
      genes[random.integer(length)] = 2 + random.integer(length > 6 ? 3 : 7);
      const key = genomeKey(genes);
      const expected = known.get(key) ?? known.size;
      known.set(key, expected);
      expect(individuals.add(genes)).toBe(expected);
    }
    expect(individuals.count).toBe(known.size);
    for (const [key, number] of known) expect(genomeKey(individuals.genome(number))).toBe(key);
  });

  it('tells genomes of different lengths apart', () => {
    const individuals = new Individuals();
    expect([[2], [2, 2], [], [2], [2, 2]].map((genes) => individuals.add(Uint8Array.from(genes)))).toEqual([0, 1, 2, 0, 1]);
  });
});

it('marks are gone after clear, however many there were', () => {
  const marks = new Marks();
  expect(marks.has(5000)).toBe(false);
  for (const number of [0, 7, 5000]) marks.add(number);
  expect([0, 1, 7, 4999, 5000, 5001].filter((number) => marks.has(number))).toEqual([0, 7, 5000]);
  marks.clear();
  expect([0, 7, 5000].some((number) => marks.has(number))).toBe(false);
  marks.add(1);
  expect([0, 1, 7].filter((number) => marks.has(number))).toEqual([1]);
});

describe('collectDistinct', () => {
  const collect = (count: number, drawn: (number | null)[], patience = 3) => {
    const individuals = new Individuals();
    const taken = new Marks();
    taken.add(individuals.add(Uint8Array.of(9)));
    let at = 0;
    const found = collectDistinct(count, individuals, taken, patience, new Uint8Array(1), (genes) => {
      const value = drawn[at++ % drawn.length];
      genes[0] = value ?? 0;
      return value !== null;
    });
    return { found: found.map((number) => individuals.genome(number)[0]), draws: at };
  };

  it.each([
    ['as many as are wanted, each once', 3, [2, 2, 9, 3, 2, 4, 5], { found: [2, 3, 4], draws: 6 }],
    ['fewer after so many repeats in a row', 3, [2, 2, 9, 3, 2], { found: [2, 3], draws: 7 }],
    ['none where nothing can be drawn', 3, [null], { found: [], draws: 3 }],
    ['none where none is wanted', 0, [2], { found: [], draws: 0 }],
  ])('gives %s', (_, count, drawn, expected) => expect(collect(count, drawn)).toEqual(expected));
});
