import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Candidate, MeasuredCandidate, WorkerMessage } from '../../shared/contract/job-protocol.ts';
import { uniformConfiguration } from '../../shared/domain/configuration.ts';
import { parseForm } from '../../shared/domain/form.ts';
import { costsOf } from '../../shared/domain/cost.ts';
import type { Executor } from '../engine/executor.ts';
import { nativeNote, testExecutors } from '../engine/testing.ts';
import { evaluatorOf, type Evaluator } from '../supernet/evaluator.ts';
import { readSupernet } from '../supernet/measuring.ts';
import { TINY, TINY_RECIPE, TINY_SIZES, tinyExecutor, tinyImages } from '../supernet/testing.ts';
import { measure } from './measure.ts';
import { Reporter } from './reporter.ts';

function candidate(id: string, target: number, bits: number, rank: Candidate['rank']): Candidate {
  const configuration = uniformConfiguration(TINY.facts, bits, parseForm('csa'), TINY.points);
  return { id, target, form: 'csa', rank, predicted: null, configuration, costs: costsOf(configuration, TINY.facts) };
}

// The search lists the baseline of a target behind what it found; nothing is uniform at an average of 3.5 bits.
const CANDIDATES = [
  candidate('a', 3, 2, 0),
  candidate('same', 3, 3, 1),
  candidate('3/uniform/csa', 3, 3, 'uniform'),
  candidate('b', 3.5, 4, 0),
];
const TEST = tinyImages(20, 2);
const ALL = CANDIDATES.map(({ id }) => id);

describe.each(testExecutors())(`the measure phase on the $kind executor${nativeNote}`, ({ create }) => {
  let executor: Executor;
  let evaluator: Evaluator;
  beforeAll(async () => {
    ({ executor } = await tinyExecutor(create));
    const supernet = await readSupernet(executor, TINY, tinyImages(20, 1));
    evaluator = evaluatorOf(executor, supernet, TINY_SIZES.evaluationBatch);
    // An untrained network prefers one class for all images; with centred logits, bits change predictions.
    const options = { recalibrationImages: TINY_SIZES.recalibration[0] };
    const { logits } = await evaluator.measure(CANDIDATES[2].configuration, TEST, options);
    const { name } = TINY.facts.at(-1)!;
    const centre = [0, 1, 2].map((c) => logits.filter((_, i) => i % 3 === c).reduce((a, b) => a + b) / TEST.count);
    const bias = supernet.parameters.get(`${name}/bias`)!;
    bias.forEach((value, c) => (bias[c] = value - centre[c]));
  });
  afterAll(() => executor?.dispose());

  /** Counts batches of 5 images: one of validation and four of test images for each candidate. */
  async function run(done: MeasuredCandidate[] = []) {
    const units: MeasuredCandidate[] = [];
    let batches = 0;
    const post = (message: WorkerMessage) => {
      if (message.type === 'unit' && message.phase === 'measure') units.push(message.unit);
    };
    const { measured } = await measure(
      {
        recipe: { ...TINY_RECIPE, evaluation: { ...TINY_RECIPE.evaluation, recalibrationImages: TINY_SIZES.recalibration[0] } },
        layout: TINY,
        data: { train: tinyImages(20, 1), validation: tinyImages(5, 3), test: TEST, classNames: ['a', 'b', 'c'], digest: '' },
        reporter: new Reporter(post),
        breathe: async () => void batches++,
        stateOf: async () => executor,
        evaluator: async () => evaluator,
      },
      { candidates: CANDIDATES, done },
    );
    return { measured, units: units.map(({ id }) => id), batches };
  }

  test('uniform configurations first, results in the order of the candidates, differences image by image', async () => {
    const { measured, units, batches } = await run();
    expect(units).toEqual(['3/uniform/csa', 'a', 'same', 'b']);
    expect(measured.map(({ id }) => id)).toEqual(ALL);
    expect(batches).toBe(4 * (1 + 4));
    const [a, same, uniform, alone] = measured;
    expect(a.versusUniform!.difference).toBeCloseTo(a.accuracy - uniform.accuracy, 12);
    const [low, high] = a.versusUniform!.interval;
    expect((low + high) / 2).toBeCloseTo(a.versusUniform!.difference, 12);
    expect(high).toBeGreaterThan(low);
    expect(same.versusUniform).toEqual({ difference: 0, interval: [0, 0] });
    expect([uniform.versusUniform, alone.versusUniform]).toEqual([null, null]);
  });

  test.each([
    ['only the baseline', ['3/uniform/csa'], ['a', 'same', 'b'], 3 * 5 + 4],
    ['all but what has no baseline', ['a', 'same', '3/uniform/csa'], ['b'], 5],
    ['everything', ALL, [], 0],
  ])('a run interrupted with %s done finds the same and measures no more than it needs', async (_, finished, left, batches) => {
    const { measured } = await run();
    const resumed = await run(measured.filter(({ id }) => finished.includes(id)));
    expect(resumed).toEqual({ measured, units: left, batches });
  });
});
