import { describe, expect, test } from 'vitest';
import type { JobView, ProjectView, RunView } from '../../shared/contract/api/views.ts';
import { PHASES, type Phase } from '../../shared/contract/job-protocol.ts';
import { setLanguage } from '../i18n.ts';
import { recipeOf } from '../testing/memory-host.ts';
import { fuzzyScore } from './fuzzy.ts';
import { isFolderName, joinPath, projectPath } from './new-project.ts';
import { pipelineSteps } from './pipeline-steps.ts';
import { commandOf } from './shell-actions.ts';

setLanguage('en');
const draft = recipeOf();

/** A run whose phases up to and including `last` are done, and the next one in `state`. */
function runOf(last: Phase | null, state: 'pending' | 'running' | 'failed' | 'stopped' = 'pending', settings = draft): RunView {
  const done = last === null ? 0 : PHASES.indexOf(last) + 1;
  const phases = PHASES.map((phase, index) => [phase, { state: index < done ? 'done' : index === done ? state : 'pending', seconds: 1 }]);
  return {
    id: 'a-1',
    settings,
    state: state === 'pending' ? 'done' : state,
    phases: Object.fromEntries(phases),
    error: state === 'failed' ? { code: 'out-of-memory', message: 'x' } : null,
    grid: [2, 4, 8].map((bits) => ({ weightBits: bits, activationBits: bits, form: 'tss', accuracy: 0.8 + bits / 100, images: 1000 })),
    predictor: { kendall: 0.874 },
    front: [{}, {}, {}],
    exports: [],
  } as unknown as RunView;
}
const jobOf = (phase: Phase, change: Partial<JobView> = {}): JobView =>
  ({ state: 'running', phase, progress: { unit: 'step', done: 11_934, total: 21_060 }, ...change }) as JobView;
const steps = (run: RunView | null, job: JobView | null = null): string[] => {
  const project = { runs: run ? [run] : [], shelf: [] } as unknown as ProjectView;
  return pipelineSteps(project, draft, run, job, { text: '5.7', problems: [] }).map(({ state, fact }) => `${state}: ${fact}`);
};

describe('steps of the pipeline', () => {
  test('without a run', () => {
    expect(steps(null)).toEqual([
      'done: MNIST · Small CNN',
      'done: 5.7 configurations',
      'todo: Not started',
      'todo: After training',
      'todo: After the predictor',
      'todo: No configurations',
      'todo: Nothing to export',
    ]);
  });

  test('a space that cannot be trained', () => {
    const project = { runs: [], shelf: [] } as unknown as ProjectView;
    const space = (problems: string[]) => pipelineSteps(project, draft, null, null, { text: null, problems })[1];
    expect(space(['a'])).toMatchObject({ state: 'error', fact: '1 problem' });
    expect(space(['a', 'b'])).toMatchObject({ state: 'error', fact: '2 problems' });
    expect(space([])).toMatchObject({ state: 'done', fact: '' });
  });

  test.each([
    [
      'training',
      runOf('calibrate', 'running'),
      jobOf('supernet'),
      ['running: Step 11,934 of 21,060', 'todo: After training', 'todo: After the predictor'],
    ],
    [
      'paused',
      runOf('calibrate', 'running'),
      jobOf('supernet', { state: 'paused' }),
      ['running: Paused', 'todo: After training', 'todo: After the predictor'],
    ],
    ['trained', runOf('grid'), null, ['done: 2-bit 82.0 · 8-bit 88.0', 'todo: Ready', 'todo: After the predictor']],
    ['all done', runOf('export'), null, ['done: 2-bit 82.0 · 8-bit 88.0', 'done: Kendall 0.87', 'done: 3 measured on the front']],
    ['failed', runOf('calibrate', 'failed'), null, ['error: Stopped with an error', 'todo: After training', 'todo: After the predictor']],
    ['stopped', runOf('grid', 'stopped'), null, ['done: 2-bit 82.0 · 8-bit 88.0', 'todo: Stopped', 'todo: After the predictor']],
    [
      'another seed since',
      runOf('export', 'pending', recipeOf({ seed: 5 })),
      null,
      ['stale: Changed since the run', 'stale: Changed since the run', 'stale: Changed since the run'],
    ],
    [
      'another search since',
      runOf('export', 'pending', { ...draft, search: { ...draft.search, population: 7 } }),
      null,
      ['done: 2-bit 82.0 · 8-bit 88.0', 'done: Kendall 0.87', 'stale: Changed since the run'],
    ],
  ] as const)('%s', (_, run, job, expected) => expect(steps(run, job).slice(2, 5)).toEqual(expected));
});

test.each([
  ['npr', 'New project…', true],
  ['theme', 'Light or dark theme', true],
  ['', 'anything', true],
  ['xyz', 'New project…', false],
])('%s fits %s: %s', (query, text, fits) => expect(fuzzyScore(query, text) !== null).toBe(fits));

test('beginnings of words and whole words fit best', () => {
  const best = ['Restart', 'Stop and keep', 'Start a run'].sort(
    (a, b) => (fuzzyScore('start', b) ?? -99) - (fuzzyScore('start', a) ?? -99),
  );
  expect(best[0]).toBe('Start a run');
});

test.each([
  ['/home/a', 'x', '/home/a/x.eqnet'],
  ['/', 'x', '/x.eqnet'],
  ['C:\\work', 'x', 'C:\\work\\x.eqnet'],
  ['/home/a', 'x.eqnet', '/home/a/x.eqnet'],
])('%s and %s', (folder, name, path) => expect(projectPath(folder, name)).toBe(path));

test.each([
  ['mnist-quick', true],
  ['Ä 2', true],
  ['a/b', false],
  ['a\\b', false],
  ['a|b', false],
  ['.hidden', false],
  ['end.', false],
  [' a', false],
])('%j as the name of a folder', (name, fine) => expect(isFolderName(name)).toBe(fine));

test('the command that does the same', () => {
  expect(commandOf('/p/a.eqnet', null)).toBe('eqnet run /p/a.eqnet/recipe.json --project /p/a.eqnet');
  expect(commandOf("/my it's/a.eqnet", 'r-1')).toContain(`--project '/my it'\\''s/a.eqnet' --resume`);
  expect(joinPath('C:\\a', 'b')).toBe('C:\\a\\b');
});
