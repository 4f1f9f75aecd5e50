import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AugmentationStep } from '../../shared/schema/augmentations.ts';
import { BatchSource, type BatchPlan } from '../data/batch-source.ts';
import { sharedBytes, type ImageSet } from '../data/dataset.ts';
import { builtThread, type BuiltThread } from '../data/testing/built-thread.ts';
import type { Executor } from '../engine/executor.ts';
import type { Program } from '../engine/graph.ts';
import { nativeNote, testExecutors } from '../engine/testing.ts';
import { trainingVariables } from '../supernet/program.ts';
import { stateDigest, TINY, TINY_RECIPE, TINY_SIZES, tinyExecutor, tinyImages, tinyState } from '../supernet/testing.ts';
import { elasticStep } from '../supernet/trainer.ts';

const STEPS = 14;
const AUGMENT: AugmentationStep[] = [
  { kind: 'padCrop', pixels: 1 },
  { kind: 'flip', share: 0.5 },
  { kind: 'mixup', alpha: 0.4 },
];
const PLAN: BatchPlan = { batch: TINY_SIZES.trainBatch, seed: 11, shift: 1, augment: AUGMENT };
const plain = tinyImages(60);
const SET: ImageSet = { ...plain, images: sharedBytes(plain.images.length) };
SET.images.set(plain.images);
const [{ kind, create }] = testExecutors();

describe(`elastic training on the ${kind} executor${nativeNote} with batches that are prepared ahead`, () => {
  let built: BuiltThread;
  let executor: Executor;
  let program: Program;
  beforeAll(async () => {
    [built, { executor, program }] = await Promise.all([builtThread(), tinyExecutor(create)]);
  });
  afterAll(() => {
    executor?.dispose();
    built?.remove();
  });

  /** Steps `from` .. `to`-1 with batches of a source of their own, which is gone behind them. */
  async function train(threads: number, from: number, to: number): Promise<void> {
    const source = threads ? new BatchSource(SET, PLAN, built.threadFile, threads) : new BatchSource(SET, PLAN, null);
    source.start(from);
    try {
      for (let step = from; step < to; step++) await elasticStep(executor, TINY, TINY_RECIPE, await source.next(step), step, STEPS);
    } finally {
      await source.close();
    }
  }

  /** What training without interruption and without threads ends with. */
  let straight: Promise<string> | null = null;
  const reference = () =>
    (straight ??= (async () => {
      await executor.write(tinyState(program));
      await train(0, 0, STEPS);
      return stateDigest(executor, program);
    })());

  test.each([1, 2, 3])('ends with the same digest as without, %i threads, and leaves no tensor behind', async (threads) => {
    const expected = await reference();
    await executor.write(tinyState(program));
    const { tensors } = executor.memory();
    await train(threads, 0, STEPS);
    expect(await stateDigest(executor, program)).toBe(expected);
    expect(executor.memory().tensors).toBe(tensors);
  });

  test('goes on from a checkpoint in the middle of an epoch with the batches that it would have had', async () => {
    const expected = await reference();
    await executor.write(tinyState(program));
    await train(1, 0, 5);
    const kept = await executor.read(trainingVariables(program));
    await executor.write(tinyState(program));
    await executor.write(kept);
    await train(2, 5, STEPS);
    expect(await stateDigest(executor, program)).toBe(expected);
  });
});

test(`the ${kind} executor${nativeNote} counts the time in which it makes tensors of what it is fed with`, async () => {
  const { executor, program } = await tinyExecutor(create);
  try {
    await executor.write(tinyState(program));
    const source = new BatchSource(SET, PLAN, null);
    const batch = await source.next(0);
    const [before, started] = [executor.feedMilliseconds, performance.now()];
    await elasticStep(executor, TINY, TINY_RECIPE, batch, 0, STEPS);
    const fed = executor.feedMilliseconds - before;
    expect(fed).toBeGreaterThan(0);
    expect(fed).toBeLessThan(performance.now() - started);
    await source.close();
  } finally {
    executor.dispose();
  }
});
