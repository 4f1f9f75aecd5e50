import { describe, expect, test } from 'vitest';
import { RandomStream, threefry2x32 } from './random.ts';

// Known answers of the authors' own implementation (Random123, kat_vectors: threefry2x32, 20 rounds).
test.each([
  { key: [0, 0], counter: [0, 0], words: [0x6b200159, 0x99ba4efe] },
  { key: [0xffffffff, 0xffffffff], counter: [0xffffffff, 0xffffffff], words: [0x1cb996fc, 0xbb002be7] },
  { key: [0x13198a2e, 0x03707344], counter: [0x243f6a88, 0x85a308d3], words: [0xc4923a9c, 0x483df7a0] },
])('Threefry-2x32 with 20 rounds, counter $counter', ({ key, counter, words }) => {
  const out = new Uint32Array(4);
  threefry2x32(key[0], key[1], counter[0], counter[1], out);
  expect([...out.subarray(0, 2)]).toEqual(words);
  threefry2x32(key[0], key[1], counter[0] - 1, counter[1], out);
  expect([...out.subarray(2)]).toEqual(words);
});

const first = (stream: RandomStream) => Array.from({ length: 8 }, () => stream.uint32());

describe('a stream', () => {
  test.each([
    ['another seed', new RandomStream(1, 'a')],
    ['a seed that differs above 32 bits', new RandomStream(2 ** 32, 'a')],
    ['another name', new RandomStream(0, 'b')],
    ['another index', new RandomStream(0, 'a', 1)],
  ])('of %s is another one', (_what, other) => {
    expect(first(new RandomStream(0, 'a'))).toEqual(first(new RandomStream(0, 'a')));
    expect(first(other)).not.toEqual(first(new RandomStream(0, 'a')));
  });

  // tolerance: 5 standard errors of 20,000 draws
  test.each([
    ['uniform', (stream: RandomStream) => stream.uniform(), 1 / 2, 1 / 12],
    ['between', (stream: RandomStream) => stream.between(-1, 3), 1, 16 / 12],
    ['integer', (stream: RandomStream) => stream.integer(5), 2, 2],
    ['normal', (stream: RandomStream) => stream.normal(), 0, 1],
  ])('%s has its mean and variance', (_name, draw, mean, variance) => {
    const stream = new RandomStream(7, 'moments');
    const count = 20_000;
    const values = Array.from({ length: count }, () => draw(stream));
    const average = values.reduce((sum, value) => sum + value, 0) / count;
    const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    expect(Math.abs(average - mean)).toBeLessThan(5 * Math.sqrt(variance / count));
    expect(Math.abs(spread - variance)).toBeLessThan(5 * variance * Math.sqrt(2 / count));
  });

  test.each([1, 7, 2 ** 31 + 5, 3_000_000_000, 2 ** 32])('integer(%d) is what is left of the words below the last multiple', (n) => {
    const [words, drawn] = [new RandomStream(1, 'words'), new RandomStream(1, 'words')];
    for (let i = 0; i < 200; i++) {
      let word = words.uint32();
      while (word >= 2 ** 32 - (2 ** 32 % n)) word = words.uint32();
      expect(drawn.integer(n)).toBe(word % n);
    }
  });

  test('shuffles into a permutation', () => {
    const shuffled = new RandomStream(0, 'shuffle').shuffle(Int32Array.from({ length: 50 }, (_, i) => i));
    expect([...shuffled]).not.toEqual([...shuffled].toSorted((a, b) => a - b));
    expect([...shuffled].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });
});
