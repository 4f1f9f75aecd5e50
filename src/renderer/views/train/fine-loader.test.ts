import { expect, it } from 'vitest';
import type { StepRange } from '../../charts/zoom.ts';
import { FineLoader } from './fine-loader.ts';

function setUp() {
  const asked: StepRange[] = [];
  const answers: { done: (exact: boolean) => void; fail: (error: Error) => void }[] = [];
  const told: unknown[] = [];
  const loader = new FineLoader({
    bring: (range) => {
      asked.push(range);
      return new Promise((done, fail) => answers.push({ done, fail }));
    },
    forget: () => void told.push('forgotten'),
    fail: (error) => void told.push(error),
  });
  /** answers the oldest request, and lets what follows from that happen */
  const answer = async (exact = false): Promise<void> => {
    answers.shift()!.done(exact);
    await Promise.resolve();
    await Promise.resolve();
  };
  return { loader, asked, answers, told, answer };
}

it('asks for what is shown and as much again around it', async () => {
  const { loader, asked, answer } = setUp();
  loader.want({ from: 100, to: 200 });
  expect(asked).toEqual([{ from: 50, to: 250 }]);
  await answer();
  loader.want({ from: 60, to: 160 });
  loader.want({ from: 130, to: 200 });
  expect(asked).toHaveLength(1);
});

it.each([
  ['it leads out of what is there', { from: 10, to: 110 }, false],
  ['it leads out of all the points that are there', { from: 10, to: 110 }, true],
  ['it is much narrower', { from: 120, to: 140 }, false],
])('asks again where %s', async (_, next, exact) => {
  const { loader, asked, answer } = setUp();
  loader.want({ from: 100, to: 200 });
  await answer(exact);
  loader.want(next);
  expect(asked).toHaveLength(2);
});

it('does not ask again for a part of what is there with all its points', async () => {
  const { loader, asked, answer } = setUp();
  loader.want({ from: 100, to: 200 });
  await answer(true);
  loader.want({ from: 120, to: 125 });
  expect(asked).toHaveLength(1);
});

it('asks once for what was wanted last while an answer was on its way', async () => {
  const { loader, asked, answer } = setUp();
  loader.want({ from: 100, to: 200 });
  for (const to of [300, 400, 500]) loader.want({ from: 290, to });
  expect(asked).toHaveLength(1);
  await answer();
  expect(asked.slice(1)).toEqual([{ from: 185, to: 605 }]);
});

it('forgets what it has when the whole run is shown again, also while an answer is on its way', async () => {
  const { loader, asked, told, answer } = setUp();
  loader.want({ from: 100, to: 200 });
  loader.want(null);
  expect(told).toEqual([]);
  await answer();
  expect([asked.length, told]).toEqual([1, ['forgotten']]);
  loader.want(null);
  expect(told).toHaveLength(1);
});

it('asks anew after a reset', async () => {
  const { loader, asked, answer } = setUp();
  loader.want({ from: 100, to: 200 });
  await answer(true);
  loader.reset();
  expect(asked).toHaveLength(2);
});

it('tells a failure, and does not ask for the same again by itself', async () => {
  const { loader, asked, answers, told } = setUp();
  loader.want({ from: 100, to: 200 });
  const error = new Error('no');
  answers.shift()!.fail(error);
  await expect.poll(() => told).toEqual([error]);
  loader.want({ from: 100, to: 200 });
  expect(asked).toHaveLength(1);
  loader.want({ from: 1000, to: 1200 });
  expect(asked).toHaveLength(2);
});
