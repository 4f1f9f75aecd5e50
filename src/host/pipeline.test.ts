import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { WorkbenchError } from '../shared/contract/errors.ts';
import type { Phase } from '../shared/contract/job-protocol.ts';
import { runPipeline, type PipelineEvent } from './pipeline.ts';
import { reportProject } from './project-report.ts';
import { ProjectStore } from './project-store.ts';
import { runRecipe, type RunRecipeOptions } from './run-recipe.ts';
import { scriptedEngine, scriptedWorker, setScript, temporaryFolder, tinyRecipe } from './testing/project-fixture.ts';

const options = (project: string, over: Partial<RunRecipeOptions> = {}): RunRecipeOptions => ({
  project,
  recipe: tinyRecipe(),
  engine: scriptedEngine,
  workerPath: scriptedWorker,
  ...over,
});

const failure = (promise: Promise<unknown>): Promise<WorkbenchError> =>
  promise.then(
    () => expect.fail('must not succeed'),
    (error) => error as WorkbenchError,
  );

let undisturbed: Promise<string> | null = null;

/** Digest of a run that nothing interrupted. */
function reference(): Promise<string> {
  return (undisturbed ??= runRecipe(options(join(temporaryFolder(), 'reference.eqnet'))).then(({ digest }) => digest!));
}

test('a whole run leaves its results, metrics, exports and digest', async () => {
  const project = join(temporaryFolder(), 'a.eqnet');
  const events: PipelineEvent[] = [];
  const report = await runRecipe(options(project, { onEvent: (event) => events.push(event) }));
  expect(report).toMatchObject({ id: 'tiny-1', state: 'done', float: { accuracy: 0.97, images: 100 }, predictor: { kendall: 0.5 } });
  expect(Object.values(report.phases).map(({ state }) => state)).toEqual(Array(9).fill('done'));
  expect(report.grid).toHaveLength(6);
  expect(report.candidates).toHaveLength(4);
  expect(report.candidates.every(({ measured }) => measured !== null)).toBe(true);
  expect(report.front.length).toBeGreaterThan(0);
  expect(report.exports.map(({ file }) => existsSync(file))).toEqual([true]);
  expect(report.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(events.filter(({ type }) => type === 'phase-done')).toHaveLength(9);
  const store = ProjectStore.openReadOnly(project);
  expect(store.metrics('tiny-1', 'pretrain/loss')).toMatchObject([
    { step: 0, value: 2.3 },
    { step: 1, value: null },
  ]);
  store.close();
});

describe('a worker that dies', () => {
  test.each([
    { phase: 'open', how: 'crash', code: 'worker-died' },
    { phase: 'pretrain', how: 'kill', code: 'worker-died' },
    { phase: 'grid', after: 2, how: 'crash', code: 'worker-died' },
    { phase: 'sample', after: 5, how: 'kill', code: 'worker-died' },
    { phase: 'measure', after: 1, how: 'kill', code: 'worker-died' },
    { phase: 'supernet', how: 'fail', code: 'data-invalid' },
  ])('$how in $phase: one sentence, and a resume ends with the same digest', async ({ code, ...script }) => {
    const folder = temporaryFolder();
    setScript({ ...script, once: join(folder, 'happened') });
    const project = join(folder, 'a.eqnet');
    const error = await failure(runRecipe(options(project)));
    expect(error.code).toBe(code);
    expect(error.message).not.toContain('\n');
    const store = ProjectStore.openReadOnly(project);
    const [failed] = reportProject(store).runs;
    const kept = store.units('tiny-1', 'sample').length;
    store.close();
    expect(failed).toMatchObject({ state: 'failed', error: { code } });
    if (script.phase === 'sample') expect(kept).toBe(5);
    const resumed = await runRecipe(options(project, { resume: true }));
    expect(resumed.digest).toBe(await reference());
  });

  test('its last words and exit code are in the sentence', async () => {
    setScript({ phase: 'supernet', how: 'crash' });
    const error = await failure(runRecipe(options(join(temporaryFolder(), 'a.eqnet'))));
    expect(error.message).toBe(
      'The worker ended with exit code 7; its last words: Segmentation fault in kernel Conv2D; what it finished is stored, run again with --resume.',
    );
    expect(error.details).toMatchObject({ exitCode: 7, signal: null });
  });

  test('a worker file that is missing is a sentence too', async () => {
    const folder = temporaryFolder();
    const error = await failure(runRecipe(options(join(folder, 'a.eqnet'), { workerPath: join(folder, 'missing.mjs') })));
    expect(error.message).toMatch(/^The worker program .*missing.mjs is missing: run 'npm run build'/);
  });
});

test('stop lets the worker answer, and the run goes on later', async () => {
  const folder = temporaryFolder();
  setScript({ phase: 'supernet', how: 'hang', once: join(folder, 'happened') });
  const project = join(folder, 'a.eqnet');
  const stopper = new AbortController();
  const onEvent = (event: PipelineEvent) => event.type === 'log' && stopper.abort();
  const error = await failure(runRecipe(options(project, { signal: stopper.signal, onEvent })));
  expect(error.code).toBe('stopped');
  const store = ProjectStore.openReadOnly(project);
  expect(reportProject(store).runs[0]).toMatchObject({
    state: 'stopped',
    phases: { supernet: { state: 'stopped' }, calibrate: { state: 'done' } },
  });
  store.close();
  const kinds: string[] = [];
  const skipped: string[] = [];
  const resumed = await runRecipe(
    options(project, {
      resume: true,
      onPlan: (kind) => kinds.push(kind),
      onEvent: (event) => event.type === 'phase-skipped' && skipped.push(event.phase),
    }),
  );
  expect(kinds).toEqual(['resume']);
  expect(skipped).toEqual(['pretrain', 'calibrate']);
  expect(resumed.digest).toBe(await reference());
});

describe('which run a command means', () => {
  test('an unfinished run is not started anew by mistake', async () => {
    const folder = temporaryFolder();
    setScript({ phase: 'grid', how: 'crash', once: join(folder, 'happened') });
    const project = join(folder, 'a.eqnet');
    await failure(runRecipe(options(project)));
    expect((await failure(runRecipe(options(project)))).message).toBe(
      'Run tiny-1 of this recipe is not finished: add --resume to go on with it (nothing is lost).',
    );
  });

  test('a finished run is done again without --resume and left alone with it; --resume in an empty project starts', async () => {
    const project = join(temporaryFolder(), 'a.eqnet');
    const kinds: string[] = [];
    const onPlan = (kind: string, run: string) => kinds.push(`${kind} ${run}`);
    await runRecipe(options(project, { onPlan, resume: true }));
    await runRecipe(options(project, { onPlan, resume: true }));
    const second = await runRecipe(options(project, { onPlan }));
    expect(kinds).toEqual(['new tiny-1', 'finished tiny-1', 'new tiny-2']);
    expect(second.digest).toBe(await reference());
  });

  test('another recipe is refused, and the sentence names the fields', async () => {
    const folder = temporaryFolder();
    setScript({ phase: 'grid', how: 'crash', once: join(folder, 'happened') });
    const project = join(folder, 'a.eqnet');
    await failure(runRecipe(options(project)));
    const changed = { recipe: tinyRecipe({ supernet: { epochs: 3 }, seed: 5 }), resume: true };
    const error = await failure(runRecipe(options(project, changed)));
    expect(error.code).toBe('fingerprint-mismatch');
    expect(error.message).toContain('seed: 0 -> 5; supernet.epochs: 2 -> 3');
    const otherEngine = await failure(runRecipe(options(project, { engine: { executor: 'session', version: 'tf' }, resume: true })));
    expect(otherEngine.message).toContain('engine.executor: "portable" -> "session"');
    expect((await runRecipe(options(project, { resume: true }))).state).toBe('done');
  });

  test('other images are refused', async () => {
    const folder = temporaryFolder();
    const project = join(folder, 'a.eqnet');
    setScript({ phase: 'grid', how: 'crash', once: join(folder, 'happened') });
    await failure(runRecipe(options(project)));
    setScript(null, { DATA_DIGEST: 'e2'.repeat(32) });
    expect((await failure(runRecipe(options(project, { resume: true })))).message).toMatch(/images are not those that it began with/);
  });
});

test('--from does a phase and the later ones again, without their checkpoints', async () => {
  const project = join(temporaryFolder(), 'a.eqnet');
  const first = await runRecipe(options(project));
  const checkpoints = join(project, 'runs', 'tiny-1', 'checkpoints');
  for (const name of ['supernet-last.safetensors', 'supernet.safetensors']) writeFileSync(join(checkpoints, name), 'old');
  const done: string[] = [];
  const again = await runRecipe(
    options(project, { from: 'supernet', onEvent: (event) => event.type === 'phase-done' && done.push(event.phase) }),
  );
  expect(done).toEqual(['supernet', 'grid', 'sample', 'predictor', 'search', 'measure', 'export']);
  expect(existsSync(join(checkpoints, 'supernet-last.safetensors'))).toBe(false);
  expect(readFileSync(join(checkpoints, 'supernet.safetensors'), 'utf8')).not.toBe('old');
  expect(existsSync(join(checkpoints, 'pretrain.safetensors'))).toBe(true);
  expect(again.digest).toBe(first.digest);
});

test('a checkpoint that a killed --from left behind is not gone on with', async () => {
  const project = join(temporaryFolder(), 'a.eqnet');
  const recipe = tinyRecipe();
  await runRecipe(options(project, { recipe }));
  const store = await ProjectStore.open(project);
  store.resetFrom('tiny-1', 'supernet');
  store.close();
  // the scripted worker writes others over those of the right name
  const checkpoint = join(project, 'runs', 'tiny-1', 'checkpoints', 'supernet-last.safetensors');
  writeFileSync(checkpoint, 'of other settings');
  const changed = { ...recipe, supernet: { ...recipe.supernet, learningRate: 0.002 } };
  const report = await runRecipe(options(project, { recipe: changed, resume: true }));
  expect(report).toMatchObject({ id: 'tiny-1', state: 'done' });
  expect(existsSync(checkpoint)).toBe(false);
});

test('--from refuses a phase whose predecessors are not done', async () => {
  const folder = temporaryFolder();
  setScript({ phase: 'calibrate', how: 'crash' });
  const project = join(folder, 'a.eqnet');
  setScript({ phase: 'supernet', how: 'crash', once: join(folder, 'happened') });
  await failure(runRecipe(options(project)));
  const error = await failure(runRecipe(options(project, { from: 'search' })));
  expect(error).toMatchObject({
    code: 'usage',
    message: "Run tiny-1 cannot be done again from 'search' because 'supernet' is not done yet: use --resume.",
  });
});

test('exports may change after a run: --from export writes the new choice', async () => {
  const project = join(temporaryFolder(), 'a.eqnet');
  await runRecipe(options(project));
  const recipe = tinyRecipe({ export: { targets: [4], uniformBits: [2] } });
  const report = await runRecipe(options(project, { recipe, from: 'export' }));
  expect(report.exports.map(({ candidateId }) => candidateId)).toEqual([expect.stringMatching(/^4.tss/), '2/uniform/tss']);
});

test('--from takes a recipe that says the same of the phases before, and --resume one of the phases that have begun', async () => {
  const folder = temporaryFolder();
  setScript({ phase: 'sample', after: 3, how: 'crash', once: join(folder, 'happened') });
  const project = join(folder, 'a.eqnet');
  await failure(runRecipe(options(project)));
  const other = (over: object) => ({ recipe: tinyRecipe({ predictor: { epochs: 7 }, ...over }) });
  const resumed = await runRecipe(options(project, { ...other({}), resume: true }));
  expect(resumed).toMatchObject({ id: 'tiny-1', state: 'done' });
  const searched = await runRecipe(options(project, { ...other({ search: { targets: [4], remeasure: 1 } }), from: 'search' }));
  expect(searched).toMatchObject({ id: 'tiny-1', state: 'done' });
  expect(searched.candidates.map(({ target }) => target)).toEqual([4, 4]);
  const refused = await failure(runRecipe(options(project, { ...other({ predictor: { epochs: 8 } }), from: 'search' })));
  expect(refused.message).toContain(
    "predictor.epochs: 7 -> 8): take back the change, or do it again from 'predictor' with --from predictor",
  );
  const anew = await runRecipe(options(project, { recipe: tinyRecipe({ seed: 5 }), from: 'pretrain' }));
  expect(anew).toMatchObject({ id: 'tiny-1', state: 'done' });
  expect((await runRecipe(options(project, { recipe: tinyRecipe({ seed: 5 }), resume: true }))).id).toBe('tiny-1');
});

test('until ends a run early with everything stored', async () => {
  const project = join(temporaryFolder(), 'a.eqnet');
  const store = await ProjectStore.open(project);
  const run = store.createRun(tinyRecipe(), 'f', scriptedEngine);
  const until = (phase?: Phase) =>
    runPipeline({ store, run: store.run(run.id), engine: scriptedEngine, workerPath: scriptedWorker, until: phase });
  expect(await until('grid')).toBeNull();
  expect(store.run(run.id).state).toBe('stopped');
  expect(await until('grid')).toBeNull();
  expect(await until()).toMatch(/^[0-9a-f]{64}$/);
  expect(store.run(run.id).state).toBe('done');
  store.close();
});
