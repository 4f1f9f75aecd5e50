import { describe, expect, test } from 'vitest';
import { PHASES, type Phase } from '../contract/job-protocol.ts';
import { recipeSchema } from '../schema/recipe.ts';
import { remainingOfRun, type RunCourse } from './run-estimate.ts';

const settings = recipeSchema.parse({
  name: 'quick',
  data: { dataset: 'cluttered-mnist' },
  pretrain: { epochs: 3 },
  supernet: { epochs: 0.7 },
  evaluation: { gridBits: [2, 3, 4, 8] },
  search: { targets: [2.5, 3, 4, 5], forms: ['tss', 'caa'], remeasure: 5 },
});
/** seconds of cluttered-quick, seed 0, in docs/results.md; the short phases share what is left of the whole */
const TOOK: Record<Phase, number> = {
  pretrain: 80,
  calibrate: 4,
  supernet: 61,
  grid: 49,
  sample: 115,
  predictor: 4,
  search: 3,
  measure: 50,
  export: 2,
};
const course = (before: Phase, change: Partial<RunCourse> = {}): RunCourse => {
  const place = PHASES.indexOf(before);
  const state = (index: number) => (index < place ? 'done' : index === place ? 'running' : 'pending');
  return {
    settings,
    images: { train: 55_000, validation: 5_000, test: 10_000 },
    phases: Object.fromEntries(
      PHASES.map((phase, index) => [phase, { state: state(index), seconds: index < place ? TOOK[phase] : 0 }]),
    ) as RunCourse['phases'],
    candidates: place > PHASES.indexOf('search') ? 24 : 0,
    ...change,
  };
};
const half = (phase: Phase) => ({ phase, done: 50, total: 100, left: [TOOK[phase] * 0.45, TOOK[phase] * 0.55] as const });
const truth = (phase: Phase): number =>
  TOOK[phase] / 2 + PHASES.slice(PHASES.indexOf(phase) + 1).reduce((sum, later) => sum + TOOK[later], 0);

describe('time left of a whole run', () => {
  test.each(PHASES)('holds the truth in the middle of %s, within a factor of 3.5', (phase) => {
    const left = remainingOfRun(course(phase), half(phase))!;
    expect(left[0]).toBeLessThanOrEqual(truth(phase));
    expect(left[1]).toBeGreaterThanOrEqual(truth(phase));
    expect(left[1] / left[0]).toBeLessThan(3.5);
  });

  test('is that of the phase in the last one that is asked for', () => {
    const now = half('grid');
    expect(remainingOfRun(course('grid'), now, 'grid')).toEqual([...now.left]);
    const whole = remainingOfRun(course('grid'), now)!;
    expect(whole[1]).toBeGreaterThan(now.left[1]);
  });

  test.each([
    ['before the phase knows its own pace', course('pretrain'), { ...half('pretrain'), left: null }],
    ['before anything is counted', course('pretrain'), { ...half('pretrain'), total: 0 }],
    ['while no image has been timed', course('calibrate', { phases: course('pretrain').phases }), half('calibrate')],
  ] as const)('is unknown %s', (_, of, now) => expect(remainingOfRun(of, now)).toBeNull());

  test('narrows as phases of the same kind are measured', () => {
    const width = (phase: Phase): number => {
      const [low, high] = remainingOfRun(course(phase), half(phase))!;
      return high / low;
    };
    expect(width('sample')).toBeLessThan(width('supernet'));
    expect(width('supernet')).toBeLessThanOrEqual(width('pretrain'));
  });
});
