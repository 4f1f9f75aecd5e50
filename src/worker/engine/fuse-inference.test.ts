import { describe, expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import { nodesOf } from './fuse.ts';
import { gradientsOf } from './gradients.ts';
import { attributesOf, type Program, type Value } from './graph.ts';
import { normal, positive } from './ops-cases.ts';
import { nativeNote, plainSession, testExecutors } from './testing.ts';

type Body = (b: GraphBuilder, y: Value) => Value;

/** What follows a batch normalization with given statistics, and the bounds that the fused op clips to. */
const CASES: [name: string, body: Body, bounds: [number, number]][] = [
  ['nothing', (_, y) => y, [-Infinity, Infinity]],
  ['ReLU', (b, y) => b.relu(y), [0, Infinity]],
  ['ReLU6', (b, y) => b.relu6(y), [0, 6]],
  ['a ReLU that is not alone', (b, y) => b.plus(b.relu(y), b.sigmoid(y)), [-Infinity, Infinity]],
  ['two readers of the ReLU', (b, y) => b.mul(b.relu(y), b.sigmoid(b.relu(y))), [-Infinity, Infinity]],
];

function programOf(body: Body, channels: number): Program {
  const b = new GraphBuilder();
  b.function('run', () => {
    const x = b.feed('x', [3, 5, 7, channels]);
    const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map((name) => b.feed(name, [channels]));
    const y = body(b, b.batchNormInference(x, gamma, beta, mean, variance, 1e-3));
    const [dx, dgamma, dbeta] = gradientsOf(b, b.sum(b.square(y)), [x, gamma, beta]);
    return { y, dx: dx!, dgamma: dgamma!, dbeta: dbeta! };
  });
  return b.build();
}

test.each(CASES)('behind a batch normalization with given statistics: %s', (_, body, bounds) => {
  const { nodes } = nodesOf(programOf(body, 8).functions.get('run')!, true);
  const found = nodes.filter(({ op }) => op === 'ClippedBatchNormInference').map((node) => attributesOf(node, 'ClippedBatchNormInference'));
  expect(found.map(({ low, high }) => [low, high])).toEqual([bounds]);
  expect(nodes.filter(({ op }) => op === 'BatchNormInference')).toEqual([]);
});

const session = testExecutors().find(({ kind }) => kind === 'session');

function feedsOf(channels: number) {
  const vectors = Object.fromEntries(['gamma', 'beta', 'mean'].map((name) => [name, normal([channels], 1).data]));
  return { x: normal([3, 5, 7, channels], 4).data as Float32Array, ...vectors, variance: positive([channels]).data };
}

describe.skipIf(!plainSession)(`batch normalization with given statistics computes what TensorFlow's ops do${nativeNote}`, () => {
  const all = CASES.flatMap(([name, body]) => [3, 8, 20].map((channels) => ({ name, body, channels })));
  test.each(all)('$name, $channels channels', async ({ body, channels }) => {
    const feeds = feedsOf(channels);
    const results = [];
    for (const create of [session!.create, plainSession!]) {
      const executor = await create(programOf(body, channels));
      try {
        results.push(await executor.run('run', feeds));
      } finally {
        executor.dispose();
      }
    }
    const [ours, theirs] = results;
    for (const [name, expected] of Object.entries(theirs)) {
      const scale = Math.max(1, ...Array.from(expected, Math.abs));
      const errors = Array.from(expected, (value, i) => Math.abs(value - ours[name][i]) / scale);
      // single precision; sums of 105 values
      expect(Math.max(...errors), name).toBeLessThanOrEqual(1e-5);
    }
  });

  test('a NaN comes out as a NaN', async () => {
    const feeds = feedsOf(8);
    feeds.x[8] = NaN;
    const executor = await session!.create(programOf((b, y) => b.relu6(y), 8));
    try {
      const { y } = await executor.run('run', feeds, ['y']);
      expect(Array.from(y.subarray(0, 17), Number.isNaN)).toEqual(Array.from({ length: 17 }, (_, i) => i === 8));
    } finally {
      executor.dispose();
    }
  });
});
