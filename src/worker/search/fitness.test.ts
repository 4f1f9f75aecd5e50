import { expect, test } from 'vitest';
import { RandomStream } from '../../shared/domain/random.ts';
import { ranking } from './fitness.ts';

test('scores are ranked as a stable sort ranks them', () => {
  const random = new RandomStream(0, 'test/ranking');
  const edges = [0, -0, 1, -1, 3.4e38, -3.4e38, 1e-45, -1e-45, 1.1754944e-38, 0.66, 0.6600001];
  for (let round = 0; round < 200; round++) {
    const scores = Float32Array.from({ length: 1 + random.integer(130) }, () =>
      random.integer(3) ? random.pick(edges) : 10 ** random.between(-3, 3) * random.normal(),
    );
    const expected = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
    expect([...ranking(scores)]).toEqual(expected);
  }
  expect([...ranking([])]).toEqual([]);
});
