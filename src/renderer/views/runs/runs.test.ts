import { describe, expect, test } from 'vitest';
import type { JobView, RunView } from '../../../shared/contract/api/views.ts';
import { PHASES } from '../../../shared/contract/job-protocol.ts';
import { recipeSchema } from '../../../shared/schema/recipe.ts';
import { diffRecipes, isDifferent, valueText } from './recipe-diff.ts';
import { bestSearched, engineText, filterRows, lowestOfForms, rowOf } from './run-rows.ts';
import { COLUMNS, readRunsSettings } from './runs-settings.ts';
import { runsCsv } from './run-csv.ts';
import { redoable } from './use-run-actions.ts';

function runOf(change: Partial<RunView> = {}, done: number = PHASES.length): RunView {
  return {
    id: 'a-1',
    recipe: 'a',
    title: '',
    state: done === PHASES.length ? 'done' : 'stopped',
    createdAt: '2026-01-01T00:00:00.000Z',
    error: null,
    engine: { executor: 'session', version: 'tensorflow-2.21.0-tfjs-4.22.0-linux-x64-cpu', threads: 2, gpu: false },
    images: null,
    network: null,
    phases: Object.fromEntries(
      PHASES.map((phase, index) => [phase, { state: index < done ? 'done' : 'pending', seconds: index < done ? 2 : 0 }]),
    ) as RunView['phases'],
    digest: null,
    float: null,
    calibrationOnly: [],
    supernet: null,
    grid: [],
    predictor: null,
    front: [],
    candidates: [],
    exports: [],
    settings: recipeSchema.parse({ name: 'a', seed: 5 }),
    slot: 1,
    label: '',
    log: [],
    ...change,
  };
}
const jobOf = (change: Partial<JobView>): JobView => ({
  id: 'j',
  kind: 'run',
  state: 'running',
  project: null,
  run: 'a-1',
  title: '',
  phase: null,
  phaseNumber: 1,
  phases: 9,
  until: null,
  progress: null,
  rss: null,
  mostRss: null,
  checkpoint: null,
  startedAt: null,
  endedAt: null,
  error: null,
  ...change,
});
const cell = (weightBits: number, activationBits: number, accuracy: number) => ({
  weightBits,
  activationBits,
  accuracy,
  form: 'tss' as const,
  images: 100,
});

describe('numbers of a run', () => {
  test('the lowest accuracy of the forms, of uniform bits alone', () => {
    const grid = [cell(4, 4, 0.9), cell(4, 4, 0.8), cell(4, 8, 0.1)];
    expect([lowestOfForms(grid, 4), lowestOfForms(grid, 8)]).toEqual([0.8, null]);
  });
  test('the best searched is chosen on the validation images', () => {
    const candidate = (rank: number | 'uniform', validationAccuracy: number | null, measured: number | null) =>
      ({ rank, validationAccuracy, measured }) as RunView['candidates'][number];
    expect(
      bestSearched([candidate(0, 0.8, 0.9), candidate(1, 0.9, 0.85), candidate('uniform', 0.99, 0.99), candidate(2, null, null)]),
    ).toBe(0.85);
    expect(bestSearched([candidate('uniform', 0.9, 0.9)])).toBeNull();
  });
  test.each([
    ['session', 'tensorflow-2.21.0-tfjs-4.22.0-linux-x64-cpu', false, 'TensorFlow 2.21.0'],
    ['eager', 'tensorflow-2.21.0-x', true, 'TensorFlow 2.21.0, GPU, eager'],
    ['portable', 'wasm-4.22.0', null, 'wasm-4.22.0'],
  ] as const)('%s %s', (executor, version, gpu, text) => expect(engineText({ executor, version, gpu, threads: null })).toBe(text));
});

describe('state of a run', () => {
  test.each([
    ['done', runOf(), null, ['done', null, null]],
    ['stopped before a phase', runOf({}, 2), null, ['stopped', 'supernet', null]],
    [
      'at work',
      runOf({}, 2),
      jobOf({ phase: 'supernet', progress: { unit: 'step', done: 3, total: 4, note: '', rate: 0, left: null } }),
      ['running', 'supernet', 0.75],
    ],
    ['waiting', runOf({}, 2), jobOf({ state: 'queued' }), ['queued', 'supernet', null]],
    ['its job failed', runOf({}, 2), jobOf({ state: 'failed', phase: 'supernet' }), ['failed', 'supernet', null]],
  ])('%s', (_, run, job, expected) => {
    const row = rowOf(run, job);
    expect([row.status, row.phase, row.share]).toEqual(expected);
  });
  test('the phase at work is that of the job, and a phase without a job does not run', () => {
    const run = runOf({}, 2);
    run.phases.supernet.state = 'running';
    const state = (job: JobView | null) => rowOf(run, job).phases[2].state;
    expect([state(null), state(jobOf({ phase: 'supernet' }))]).toEqual(['stopped', 'running']);
  });
  test('the sum of its phases', () => expect(rowOf(runOf({}, 3), null).seconds).toBe(6));
});

describe('the filter', () => {
  const rows = [
    rowOf(runOf({ id: 'a-1', label: 'Base line' }), null),
    rowOf(runOf({ id: 'b-2', recipe: 'mnist' }, 2), null),
    rowOf(runOf({ id: 'c-3' }, 2), jobOf({})),
  ];
  test.each([
    ['', null, ['a-1', 'b-2', 'c-3']],
    ['base', null, ['a-1']],
    ['line tensorflow', null, ['a-1']],
    ['line mnist', null, []],
    ['', 'done', ['a-1']],
    ['', 'stopped', ['b-2']],
    ['', 'live', ['c-3']],
    ['', 'failed', []],
  ] as const)('%j %s', (text, state, expected) => expect(filterRows(rows, text, state).map(({ id }) => id)).toEqual(expected));
});

describe('recipes side by side', () => {
  const base = recipeSchema.parse({ name: 'a' });
  const other = recipeSchema.parse({ name: 'a', seed: 2, data: { trainImages: 10 }, space: { weightBits: [2, 4] } });
  test('differ in leaves; a list is one', () => {
    const rows = diffRecipes([base, other], 0).filter(isDifferent);
    expect(rows.map(({ path, values }) => [path, ...values])).toEqual([
      ['seed', '0', '2'],
      ['data.trainImages', null, '10'],
      ['space.weightBits', '[2, 3, 4, 5, 6, 7, 8]', '[2, 4]'],
    ]);
  });
  test('the baseline never differs from itself', () => {
    const rows = diffRecipes([base, other, base], 1);
    expect(rows.some(({ differs }) => differs[1])).toBe(false);
    expect(rows.find(({ path }) => path === 'seed')?.differs).toEqual([true, false, true]);
  });
  test.each([
    ['"adam"', 'adam'],
    ['"a\\"b"', '"a\\"b"'],
    ['[2, 3]', '[2, 3]'],
  ])('%s', (json, text) => expect(valueText(json)).toBe(text));
});

test('phases can be done again up to the first that is not done', () => {
  const run = runOf({}, 2);
  expect(redoable(run)).toEqual(['pretrain', 'calibrate']);
  run.phases.supernet.state = 'failed';
  expect(redoable(run)).toEqual(['pretrain', 'calibrate', 'supernet']);
});

test('settings of the table: nonsense gets defaults, and fixed columns stay', () => {
  expect(readRunsSettings({ sort: { key: 'x' }, columns: 3, state: 1 })).toEqual(readRunsSettings(undefined));
  expect(readRunsSettings({ columns: ['seed', 'nowhere'] }).columns).toEqual(['state', 'name', 'seed']);
  expect(COLUMNS.length).toBe(16);
});

test('the table as CSV has a line for each run, with units in the headings', () => {
  const [head, line] = runsCsv([rowOf(runOf({ label: 'a, b', float: { accuracy: 0.91234, images: 10 } }), null)]).split('\r\n');
  expect(head).toContain('id,label,state,recipe,started,pretrain [s],');
  expect(head).toContain('float [%],');
  expect(line).toMatch(/^a-1,"a, b",done,a,2026-01-01T00:00:00.000Z,2,2,2,2,2,2,2,2,2,18,91.23,,,,,,,0,0,tensorflow-/);
});
