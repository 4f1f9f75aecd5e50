import { describe, expect, it } from 'vitest';
import { PHASES, type Phase } from '../../../shared/contract/job-protocol.ts';
import type { JobState, PhaseState, RunState } from '../../../shared/contract/api/views.ts';
import { recipeSchema } from '../../../shared/schema/recipe.ts';
import { NO_SERIES, type SeriesView } from '../../stores/metric-series.ts';
import {
  bestOf,
  checkpointsOf,
  idleShare,
  isTrained,
  lastOf,
  lostSteps,
  nextPhase,
  planOf,
  roundUpSeconds,
  runStatus,
} from './train-state.ts';

const series = (steps: number[], values: number[], times = steps.map((step) => 1000 + step)): SeriesView => ({
  count: steps.length,
  total: steps.length,
  means: null,
  steps: Float64Array.from(steps),
  times: Float64Array.from(times),
  values: Float32Array.from(values),
});
const phases = (done: number, then: PhaseState = 'pending') =>
  Object.fromEntries(
    PHASES.map((phase, index) => [phase, { state: index < done ? 'done' : index === done ? then : 'pending', seconds: 0 }]),
  ) as Record<Phase, { state: PhaseState; seconds: number }>;

describe('state of a run', () => {
  it.each<[RunState | null, JobState | null, string]>([
    [null, null, 'none'],
    ['stopped', 'queued', 'queued'],
    ['running', 'paused', 'paused'],
    ['running', null, 'stopped'],
    ['done', 'done', 'done'],
    ['failed', 'failed', 'failed'],
    ['stopped', 'failed', 'failed'],
    ['stopped', 'stopped', 'stopped'],
    ['failed', 'running', 'running'],
  ])('run %s with job %s is %s', (run, job, expected) => {
    expect(runStatus(run && { state: run }, job && { state: job })).toBe(expected);
  });

  it.each<[number, Phase | null, boolean]>([
    [0, 'pretrain', false],
    [2, 'supernet', false],
    [3, 'grid', false],
    [4, 'sample', true],
    [PHASES.length, null, true],
  ])('after %i phases %s is next', (done, next, trained) => {
    expect(nextPhase({ phases: phases(done) })).toBe(next);
    expect(isTrained({ phases: phases(done) })).toBe(trained);
  });
});

describe('plan of a training phase', () => {
  const settings = recipeSchema.parse({ name: 'a', supernet: { epochs: 2.5, batch: 30 }, pretrain: { epochs: 0 } });
  const run = { settings, phases: phases(0), supernet: null };
  it('drops the last incomplete batch of an epoch', () => {
    expect(planOf({ ...run, images: { train: 100, validation: 1, test: 1 } }, 'supernet')).toEqual({ total: 8, perEpoch: 3 });
  });
  it('has no steps without epochs', () => {
    expect(planOf({ ...run, images: { train: 1000, validation: 1, test: 1 } }, 'pretrain')?.total).toBe(0);
  });
  it('is unknown while the count of images is', () => {
    expect(planOf({ ...run, images: null }, 'supernet')).toBeNull();
  });
});

describe('checkpoints', () => {
  it('joins what was noted with what the job tells of this phase', () => {
    const noted = series([10, 20], [5, 5], [NaN, 2000]);
    expect(checkpointsOf(noted, { phase: 'supernet', checkpoint: { step: 30, at: 9 } }, 'supernet')).toEqual([
      { step: 10, at: null },
      { step: 20, at: 2000 },
      { step: 30, at: 9 },
    ]);
    expect(checkpointsOf(noted, { phase: 'pretrain', checkpoint: { step: 30, at: 9 } }, 'supernet')).toHaveLength(2);
  });
  it.each([
    ['nothing ran', NO_SERIES, [], null],
    ['none was written', series([0, 1, 2], [1, 1, 1]), [], 3],
    ['some steps came after it', series([0, 1, 2, 3], [1, 1, 1, 1]), [2], 2],
    ['it is the newest step', series([0, 1], [1, 1]), [2], 0],
  ])('lost steps: %s', (_, loss, steps, expected) => {
    expect(
      lostSteps(
        loss,
        steps.map((step) => ({ step, at: null })),
      ),
    ).toBe(expected);
  });
});

describe('values of a series', () => {
  it('skips what is no number', () => {
    const given = series([1, 2, 3, 4], [0.5, NaN, 0.75, NaN]);
    expect(lastOf(given)).toBe(0.75);
    expect(bestOf(given)).toEqual({ value: 0.75, step: 3 });
    expect(lastOf(NO_SERIES)).toBeNull();
    expect(bestOf(series([1], [NaN]))).toBeNull();
  });
});

describe('idle share of a training', () => {
  it.each([
    ['weighs each point with the time that it stands for', [0.5, 0], [10, 90], 0.05],
    ['is that of the points there are', [0.25], [40], 0.25],
    ['leaves out what is no number', [NaN, 0.1, 0.1], [10, NaN, 30], 0.1],
    ['uses points that have both numbers', [0.2, 0.9], [10], 0.2],
    ['is unknown without points', [], [], null],
  ])('%s', (_, shares, times, expected) => {
    const steps = (values: number[]) => values.map((__, i) => 10 * i);
    const found = idleShare(series(steps(shares), shares), series(steps(times), times));
    // float32 values
    if (expected === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(expected, 6);
  });
});

it.each([
  [0, 0],
  [3.2, 4],
  [41, 45],
  [99, 100],
  [730, 750],
])('%d s are rounded up to %d s', (seconds, expected) => {
  expect(roundUpSeconds(seconds)).toBe(expected);
});
