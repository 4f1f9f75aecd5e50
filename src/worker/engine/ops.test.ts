import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Executor } from './executor.ts';
import { CASES, checkCase, programOf } from './ops-cases.ts';
import { nativeNote, plainSession, testExecutors } from './testing.ts';

describe.each(testExecutors())(`ops on the $kind executor${nativeNote}`, ({ create }) => {
  let executor: Executor;
  beforeAll(async () => {
    executor = await create(programOf(CASES));
  });
  afterAll(() => executor?.dispose());

  test.each(CASES.map((entry, i) => ({ i, ...entry })))('$name', ({ i, ...entry }) => checkCase(executor, i, entry));
});

const FUSED = CASES.filter(({ name }) => name.includes('FakeQuant'));

describe.skipIf(!plainSession)(`fused ops written with TensorFlow's${nativeNote}`, () => {
  let executor: Executor;
  beforeAll(async () => {
    executor = await plainSession!(programOf(FUSED));
  });
  afterAll(() => executor?.dispose());

  test.each(FUSED.map((entry, i) => ({ i, ...entry })))('$name', ({ i, ...entry }) => checkCase(executor, i, entry));
});
