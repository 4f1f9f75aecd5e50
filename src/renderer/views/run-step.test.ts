import { describe, expect, test } from 'vitest';
import type { JobView, RunView } from '../../shared/contract/api/views.ts';
import { PHASES, type Phase } from '../../shared/contract/job-protocol.ts';
import { recipeSchema } from '../../shared/schema/recipe.ts';
import { limitsOf, readNumbers, withSchema } from './recipe-form.ts';
import { recipeWith, secondsFrom } from './redo.ts';
import { changesOf, predictorRedo, stageOf } from './run-step.ts';

type State = RunView['phases'][Phase]['state'];
const phases = (done: number, rest: State = 'pending', next: State = rest): RunView['phases'] =>
  Object.fromEntries(
    PHASES.map((phase, index) => [phase, { state: index < done ? 'done' : index === done ? next : rest, seconds: 10 }]),
  ) as RunView['phases'];
const job = (state: JobView['state'], phase: Phase | null): JobView => ({ state, phase }) as JobView;
const OWN = ['search', 'measure'] as const;

describe('where a step stands', () => {
  test.each<[string, Parameters<typeof stageOf>[0], JobView | null, string]>([
    ['no run', null, null, 'none'],
    ['training runs', { phases: phases(2), state: 'running' }, job('running', 'supernet'), 'waiting'],
    ['training was stopped', { phases: phases(2, 'pending', 'stopped'), state: 'stopped' }, null, 'before'],
    ['all before is done', { phases: phases(6), state: 'stopped' }, job('done', null), 'ready'],
    ['it runs', { phases: phases(6, 'pending', 'running'), state: 'running' }, job('running', 'search'), 'running'],
    ['it is about to run', { phases: phases(6), state: 'stopped' }, job('queued', null), 'running'],
    ['it was stopped', { phases: phases(7, 'pending', 'stopped'), state: 'stopped' }, job('stopped', 'measure'), 'stopped'],
    ['it failed', { phases: phases(6, 'pending', 'failed'), state: 'failed' }, job('failed', 'search'), 'failed'],
    ['it is done', { phases: phases(8), state: 'failed' }, job('failed', 'export'), 'done'],
  ])('%s', (_, run, now, expected) => expect(stageOf(run, now, OWN)).toBe(expected));
});

describe('what a run does not follow', () => {
  const settings = recipeSchema.parse({ name: 'test' });
  const change = (part: object) => recipeSchema.parse({ ...settings, ...part });
  test.each([
    [{}, { training: [], predictor: false, search: false }],
    [{ seed: 3 }, { training: ['seed'], predictor: false, search: false }],
    [{ search: { generations: 3 } }, { training: [], predictor: false, search: true }],
    [{ predictor: { epochs: 3 } }, { training: [], predictor: true, search: false }],
    [{ name: 'other' }, { training: [], predictor: false, search: false }],
  ])('%j', (part, expected) => expect(changesOf(change(part), { settings })).toEqual(expected));

  test.each([
    [{}, null],
    [{ epochs: 3 }, 'predictor'],
    [{ trainSamples: 3 }, 'sample'],
    [{ heldOut: 'forms', epochs: 2 }, 'sample'],
  ])('predictor %j is done again from %s', (part, expected) => {
    expect(predictorRedo({ ...settings.predictor, ...part } as typeof settings.predictor, settings.predictor)).toBe(expected);
  });

  test('only the named sections are taken over', () => {
    const draft = change({ seed: 3, predictor: { epochs: 3 }, search: { generations: 3 } });
    expect(recipeWith({ settings }, draft, ['predictor'])).toEqual({ ...settings, predictor: draft.predictor });
    expect(secondsFrom({ phases: phases(9) }, 'search')).toBe(30);
  });
});

describe('fields of the recipe', () => {
  test.each([
    ['2..8', { min: 2, max: 8 }],
    ['>= 1', { min: 1 }],
    ['> 0, <= 1', { min: 0, max: 1 }],
    ['0..0.99', { min: 0, max: 0.99 }],
    ['adam | sgd', {}],
    ['', {}],
  ])('limits %j', (range, expected) => expect(limitsOf(range)).toEqual(expected));

  test('limits, choices and default come from the schema', () => {
    expect(withSchema('predictor', { name: 'momentum', kind: 'number' })).toMatchObject({ min: 0, max: 0.99, fallback: 0 });
    expect(withSchema('predictor', { name: 'heldOut', kind: 'choice' })).toMatchObject({
      choices: ['random', 'bits', 'forms'],
      fallback: 'random',
    });
    expect(withSchema('search', { name: 'measureImages', kind: 'integer', optional: true }).fallback).toBeUndefined();
    expect(() => withSchema('search', { name: 'nothing', kind: 'integer' })).toThrow('no field search.nothing');
  });

  test.each([
    ['64, 64', 'integers', [64, 64]],
    ['64,32', 'integers', [64, 32]],
    ['64.5', 'integers', null],
    ['2.5, 3, 4', 'numbers', [2.5, 3, 4]],
    ['2,5; 3', 'numbers', [2.5, 3]],
    ['9', 'numbers', null],
    ['two', 'numbers', null],
    ['', 'integers', null],
  ] as const)('list %j', (text, kind, expected) => {
    expect(readNumbers(text, kind === 'numbers' ? { kind, min: 2, max: 8 } : { kind })).toEqual(expected);
  });
});
