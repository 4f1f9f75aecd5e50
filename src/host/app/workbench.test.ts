import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ContractRouter } from '@orpc/contract';
import type { implement, RouterClient } from '@orpc/server';
import { contract, type Contract } from '../../shared/contract/api/index.ts';
import type { HostClient } from '../../shared/contract/client.ts';
import type { WorkbenchError } from '../../shared/contract/errors.ts';
import { setScript, temporaryFolder, tinyRecipe } from '../testing/project-fixture.ts';
import { openWorkbench, type Fixture } from '../testing/workbench-fixture.ts';
import type { WorkbenchRouter } from './index.ts';

const failure = (promise: Promise<unknown>): Promise<WorkbenchError> =>
  promise.then(
    () => expect.fail('must not succeed'),
    (error) => error as WorkbenchError,
  );

async function newProject({ client, folder }: Fixture, window = 'one', name = 'a.eqnet') {
  return client.projects.create({ folder: join(folder, name), recipe: tinyRecipe(), window });
}

test('the router implements the contract, in types and at run time', () => {
  const client = (router: WorkbenchRouter): RouterClient<WorkbenchRouter> extends HostClient ? WorkbenchRouter : never => router as never;
  const { workbench } = openWorkbench();
  const router: Parameters<ReturnType<typeof implement<Contract>>['router']>[0] = client(workbench.router);
  const paths = (tree: ContractRouter<never> | object): string[] =>
    Object.entries(tree).flatMap(([part, procedures]) => Object.keys(procedures as object).map((name) => `${part}.${name}`));
  expect(paths(router)).toEqual(paths(contract));
});

describe('projects', () => {
  test('one that was made is there when it is opened again, with its draft and facts', async () => {
    const fixture = openWorkbench();
    const { client, folder } = fixture;
    const made = await newProject(fixture);
    expect(made).toMatchObject({ name: 'a', runs: [], shelf: [], ui: {}, draft: { name: 'tiny' } });
    const changed = { ...made.draft, seed: 7 };
    const { revision } = await client.projects.saveDraft({ project: made.folder, recipe: changed, revision: made.revision, window: 'one' });
    expect(revision).toBe(made.revision + 1);
    await client.projects.saveUi({ project: made.folder, ui: { run: 'x' }, window: 'one' });
    await fixture.workbench.close();
    const again = openWorkbench({}, folder);
    const view = await again.client.projects.open({ folder: made.folder, window: 'two' });
    expect(view).toMatchObject({ draft: { seed: 7 }, ui: { run: 'x' } });
    expect(await again.client.projects.recent()).toMatchObject([
      { folder: made.folder, name: 'a', summary: { state: 'empty' }, problem: null },
    ]);
  });

  test('a draft that is based on an older one is refused as stale', async () => {
    const fixture = openWorkbench();
    const { folder, draft, revision } = await newProject(fixture);
    const save = (window: string) => fixture.client.projects.saveDraft({ project: folder, recipe: draft, revision, window });
    await save('one');
    expect(await failure(save('two'))).toMatchObject({ code: 'stale', details: { revision: revision + 1 } });
  });

  test('an older project takes its draft from its newest run, a damaged one says so', async () => {
    const fixture = openWorkbench();
    const { folder } = await newProject(fixture);
    await fixture.client.runs.start({ project: folder, recipe: { ...tinyRecipe(), seed: 9 } });
    await fixture.workbench.close();
    rmSync(join(folder, 'recipe.json'));
    const second = openWorkbench({}, fixture.folder);
    expect((await second.client.projects.open({ folder, window: 'one' })).draft.seed).toBe(9);
    await second.workbench.close();
    writeFileSync(join(folder, 'recipe.json'), '{"name": 3}');
    const third = openWorkbench({}, fixture.folder);
    const log = await third.listen('one');
    expect((await third.client.projects.open({ folder, window: 'one' })).draft.seed).toBe(9);
    const notice = await log.find((event) => event.type === 'notice');
    expect(notice).toMatchObject({ level: 'warn', text: expect.stringContaining('recipe.damaged.json') });
    expect(existsSync(join(folder, 'recipe.damaged.json'))).toBe(true);
  });

  test.each([
    ['in a folder with other files', 'full', /not empty/],
    ['over a project', 'a.eqnet', /There is a project in .* already/],
    ['over a file', 'file', /is a file/],
  ])('none is made %s', async (_name, place, sentence) => {
    const fixture = openWorkbench();
    await newProject(fixture);
    writeFileSync(join(fixture.folder, 'file'), '');
    const path = place === 'full' ? fixture.folder : join(fixture.folder, place);
    expect(await fixture.client.files.checkNewProject({ path })).toMatch(sentence);
    expect((await failure(fixture.client.projects.create({ folder: path, recipe: tinyRecipe(), window: 'w' }))).message).toMatch(sentence);
  });

  test('a second host is refused until the first has closed it', async () => {
    const first = openWorkbench();
    const { folder } = await newProject(first);
    const second = openWorkbench();
    expect((await failure(second.client.projects.open({ folder, window: 'x' }))).message).toMatch(/^Project .* is open in this program/);
    await first.client.projects.close({ project: folder, window: 'one' });
    expect((await second.client.projects.open({ folder, window: 'x' })).folder).toBe(folder);
    expect((await failure(first.client.projects.view({ project: folder }))).code).toBe('project-missing');
  });

  test('a lost database is refused instead of being made anew, and recent projects say why', async () => {
    const fixture = openWorkbench();
    const { folder } = await newProject(fixture);
    await fixture.client.runs.start({ project: folder, recipe: tinyRecipe() });
    await fixture.workbench.close();
    for (const end of ['', '-wal', '-shm']) rmSync(join(folder, `project.db${end}`), { force: true });
    const again = openWorkbench({}, fixture.folder);
    expect(await failure(again.client.projects.open({ folder, window: 'x' }))).toMatchObject({
      code: 'project-invalid',
      message: expect.stringMatching(/project\.db is missing or empty although project\.json lists runs/),
    });
    expect((await again.client.projects.recent())[0]).toMatchObject({ summary: null, problem: expect.stringContaining('project.db') });
    rmSync(folder, { recursive: true });
    expect((await again.client.projects.recent())[0].problem).toMatch(/is gone/);
    await again.client.projects.forget({ folder });
    expect(await again.client.projects.recent()).toEqual([]);
  });
});

describe('runs', () => {
  test('one is done, every window hears it, and its numbers can be read', async () => {
    const fixture = openWorkbench();
    const { client } = fixture;
    const { folder: project } = await newProject(fixture);
    await client.projects.open({ folder: project, window: 'two' });
    const [one, two, stranger] = await Promise.all(['one', 'two', 'three'].map((window) => fixture.listen(window)));
    const { job, run } = await client.runs.start({ project, recipe: tinyRecipe() });
    for (const log of [one, two]) {
      const ended = await log.job(job, 'done');
      expect(ended).toMatchObject({ kind: 'run', run, title: 'tiny-1', error: null });
      const metrics = await log.find((event) => event.type === 'metrics');
      expect(metrics).toMatchObject({ project, run, blocks: [{ series: 'pretrain/loss', count: 2 }] });
      await log.find((event) => event.type === 'project' && event.view.runs[0]?.state === 'done');
    }
    await stranger.job(job, 'done');
    expect(stranger.events.filter(({ type }) => type === 'project' || type === 'metrics')).toEqual([]);
    const view = await client.projects.view({ project });
    expect(view.runs).toMatchObject([{ id: run, state: 'done', slot: 1, label: '', settings: { name: 'tiny' } }]);
    const [block] = await client.runs.metrics({ project, run, prefixes: ['pretrain/'] });
    expect(block).toMatchObject({ series: 'pretrain/loss', count: 2 });
    const floats = (text: string, Type: typeof Float64Array | typeof Float32Array) => [
      ...new Type(new Uint8Array(Buffer.from(text, 'base64')).buffer),
    ];
    expect(block.steps).toEqual({ first: 0, stride: 1 });
    expect(floats(block.values, Float32Array)).toEqual([Math.fround(2.3), Number.NaN]);
    expect(Date.now() - floats(block.times, Float64Array)[0]).toBeLessThan(120_000);
    expect(await client.runs.metrics({ project, run, series: ['none'] })).toMatchObject([{ count: 0 }]);
    expect(await client.projects.recent()).toMatchObject([{ summary: { state: 'done', phase: null, bestAccuracy: expect.any(Number) } }]);
  });

  test('pause holds it, resume goes on, a snapshot is told, stop and keep takes training for finished', async () => {
    const fixture = openWorkbench();
    const { client } = fixture;
    setScript({ phase: 'supernet', how: 'hang', until: join(fixture.folder, 'go') });
    const { folder: project } = await newProject(fixture);
    const log = await fixture.listen('one');
    const { job, run } = await client.runs.start({ project, recipe: tinyRecipe() });
    await log.find((event) => event.type === 'log');
    await client.jobs.pause({ job });
    await log.job(job, 'paused');
    await client.jobs.resume({ job });
    await log.find((event) => event.type === 'jobs' && event.jobs[0].state === 'running' && event.jobs[0].rss === 1e8);
    await client.jobs.snapshot({ job });
    await log.find((event) => event.type === 'jobs' && event.jobs[0].checkpoint?.step === 7);
    await client.jobs.pause({ job });
    await client.jobs.stop({ job, keep: true });
    await log.job(job, 'stopped');
    const { runs } = await client.projects.view({ project });
    expect(runs[0]).toMatchObject({ state: 'stopped', phases: { supernet: { state: 'done' }, grid: { state: 'pending' } } });
    setScript(null);
    const resumed = await client.runs.resume({ project, run });
    await log.job(resumed.job, 'done');
    expect((await client.projects.view({ project })).runs[0].state).toBe('done');
  });

  test('a pause between two phases holds as well', async () => {
    const fixture = openWorkbench();
    const { client } = fixture;
    const go = join(fixture.folder, 'go');
    setScript({ phase: 'pretrain', how: 'hang', until: go });
    const { folder: project } = await newProject(fixture);
    const log = await fixture.listen('one');
    const { job } = await client.runs.start({ project, recipe: tinyRecipe() });
    await log.find((event) => event.type === 'log');
    await client.jobs.pause({ job });
    await log.job(job, 'paused');
    writeFileSync(go, '');
    await client.jobs.resume({ job });
    await log.job(job, 'done');
  });

  test('until ends it early; the rest goes on later, and what is not done yet may be amended', async () => {
    const fixture = openWorkbench();
    const { client } = fixture;
    const { folder: project } = await newProject(fixture);
    const log = await fixture.listen('one');
    const { job, run } = await client.runs.start({ project, recipe: tinyRecipe(), until: 'grid' });
    await log.job(job, 'done');
    const state = async () => (await client.projects.view({ project })).runs[0];
    expect(await state()).toMatchObject({ state: 'stopped', phases: { grid: { state: 'done' }, sample: { state: 'pending' } } });
    const recipe = { ...tinyRecipe(), predictor: { ...tinyRecipe().predictor, epochs: 3 } };
    await client.runs.amend({ project, run, recipe });
    expect((await state()).settings.predictor.epochs).toBe(3);
    const wrong = { ...recipe, supernet: { ...recipe.supernet, epochs: 9 } };
    expect(await failure(client.runs.amend({ project, run, recipe: wrong }))).toMatchObject({
      code: 'fingerprint-mismatch',
      message: expect.stringContaining('supernet.epochs: 2 -> 9'),
    });
    await log.job((await client.runs.resume({ project, run })).job, 'done');
    expect((await failure(client.runs.resume({ project, run }))).message).toMatch(/is finished/);
    await log.job((await client.runs.resume({ project, run, from: 'predictor', until: 'search' })).job, 'done');
    expect(await state()).toMatchObject({ state: 'stopped', phases: { search: { state: 'done' }, measure: { state: 'pending' } } });
  });

  test.each(['crash', 'kill'])('a worker that dies (%s) leaves a sentence, and the run goes on', async (how) => {
    const fixture = openWorkbench();
    const { client } = fixture;
    setScript({ phase: 'grid', after: 2, how, once: join(fixture.folder, 'happened') });
    const { folder: project } = await newProject(fixture);
    const log = await fixture.listen('one');
    const { job, run } = await client.runs.start({ project, recipe: tinyRecipe() });
    const failed = await log.job(job, 'failed');
    expect(failed.error).toMatchObject({ code: 'worker-died', message: expect.stringMatching(/resume the run to go on\.$/) });
    if (how === 'crash') expect(failed.error?.details?.lastLines).toContain('Segmentation fault in kernel Conv2D');
    expect((await client.projects.view({ project })).runs[0]).toMatchObject({ state: 'failed', error: { code: 'worker-died' } });
    const notice = await log.find((event) => event.type === 'notice' && event.level === 'error');
    expect(notice).toMatchObject({ text: failed.error?.message });
    await log.job((await client.runs.resume({ project, run })).job, 'done');
  });

  test('closing the host lets a run write its checkpoint; the next start can resume it', async () => {
    const fixture = openWorkbench();
    setScript({ phase: 'supernet', how: 'hang', once: join(fixture.folder, 'happened') });
    const { folder: project } = await newProject(fixture);
    const log = await fixture.listen('one');
    const { run } = await fixture.client.runs.start({ project, recipe: tinyRecipe() });
    await log.find((event) => event.type === 'log');
    await fixture.workbench.close();
    const again = openWorkbench({}, fixture.folder);
    const view = await again.client.projects.open({ folder: project, window: 'one' });
    expect(view.runs[0]).toMatchObject({ state: 'stopped', phases: { supernet: { state: 'stopped' } } });
    const later = await again.listen('one');
    await later.job((await again.client.runs.resume({ project, run })).job, 'done');
  });

  test('as many jobs work at a time as the settings allow, and one that waits can be stopped', async () => {
    const fixture = openWorkbench();
    const { client } = fixture;
    setScript({ phase: 'supernet', how: 'hang', until: join(fixture.folder, 'go') });
    const { folder: project } = await newProject(fixture);
    const log = await fixture.listen('one');
    const start = () => client.runs.start({ project, recipe: tinyRecipe() });
    const [first, second, third] = [await start(), await start(), await start()];
    await log.find((event) => event.type === 'log');
    const states = async () => (await client.jobs.list()).map(({ state }) => state);
    expect(await states()).toEqual(['running', 'queued', 'queued']);
    expect((await failure(client.runs.remove({ project, run: second.run }))).message).toMatch(/still at work/);
    await client.jobs.stop({ job: second.job });
    await client.settings.set({ jobs: 2 });
    await log.find((event) => event.type === 'log' && event.run === third.run);
    expect(await states()).toEqual(['running', 'stopped', 'running']);
    await client.jobs.dismiss({ job: second.job });
    writeFileSync(join(fixture.folder, 'go'), '');
    await Promise.all([first, third].map(({ job }) => log.job(job, 'done')));
    expect((await failure(client.jobs.pause({ job: first.job }))).message).toMatch(/is not running any more/);
    await client.runs.remove({ project, run: second.run });
    const { runs } = await client.projects.view({ project });
    expect(runs.map(({ id, slot }) => [id, slot])).toEqual([
      ['tiny-1', 1],
      ['tiny-3', 3],
    ]);
    expect(existsSync(join(project, 'runs', second.run))).toBe(false);
    expect(JSON.parse(readFileSync(join(project, 'project.json'), 'utf8')).runs).toHaveLength(2);
  });
});

describe('a trained run', () => {
  async function trained() {
    const fixture = openWorkbench();
    const { folder: project } = await newProject(fixture);
    const log = await fixture.listen('one');
    const { job, run } = await fixture.client.runs.start({ project, recipe: tinyRecipe() });
    await log.job(job, 'done');
    const [view] = (await fixture.client.projects.view({ project })).runs;
    return { ...fixture, project, run, log, candidates: view.candidates };
  }

  test('the shelf keeps configurations with their letters and what was measured of them', async () => {
    const { client, project, run, log, candidates } = await trained();
    const [candidate] = candidates;
    const { configuration } = candidate;
    const shelved = await client.shelf.add({ project, run, name: 'Best', configuration, candidateId: candidate.id, compare: true });
    expect(shelved).toMatchObject({
      compare: 'A',
      predicted: candidate.predicted,
      measured: { accuracy: candidate.measured, classes: null },
    });
    const mine = structuredClone(configuration);
    mine.layers[1].weightBits = 5;
    const edited = await client.shelf.update({ project, id: shelved.id, configuration: mine, name: 'Mine' });
    expect(edited).toMatchObject({ name: 'Mine', predicted: null, measured: null, compare: 'A', candidateId: candidate.id });
    const { predicted } = await client.runs.predict({ project, run, configurations: [mine] });
    const { job } = await client.jobs.measure({ project, run, entries: [{ configuration: mine, name: 'x', candidateId: null }] });
    expect(await log.job(job, 'done')).not.toHaveProperty('result');
    expect(await client.jobs.result({ job })).toEqual({ measured: [{ shelf: shelved.id, accuracy: 0.91 }] });
    const view = await client.projects.view({ project });
    expect(view.shelf).toMatchObject([{ name: 'Mine', predicted: predicted[0], measured: { accuracy: 0.91, classes: expect.any(Array) } }]);
    const more = async (name: string) => client.shelf.add({ project, run, name, configuration, candidateId: null, compare: true });
    for (const name of ['b', 'c', 'd']) await more(name);
    expect((await failure(more('e'))).message).toMatch(/^Compare holds 4 configurations already/);
    expect((await client.projects.view({ project })).shelf).toHaveLength(4);
    const moved = view.shelf[0].id;
    expect(await client.shelf.compare({ project, id: moved, slot: 'C' })).toMatchObject({ compare: 'C' });
    expect((await client.projects.view({ project })).shelf.map(({ compare }) => compare)).toEqual(['C', 'B', null, 'D']);
    await client.shelf.remove({ project, id: moved });
    expect((await failure(client.shelf.remove({ project, id: moved }))).message).toMatch(/not on the shelf any more/);
    const wrong = structuredClone(configuration);
    wrong.layers[0].weightBits = 4;
    expect((await failure(client.shelf.add({ project, run, name: 'w', configuration: wrong, candidateId: null }))).code).toBe(
      'config-invalid',
    );
  });

  test('searches, exports and answers questions', async () => {
    const { client, project, run, log, candidates } = await trained();
    const searched = await client.jobs.search({ project, run, weights: 3, activations: 3, forms: ['tss'] });
    await log.job(searched.job, 'done');
    expect(await client.jobs.result(searched)).toMatchObject({ weights: 3, candidates: [{ target: 3 }, { target: 3 }] });
    const { configuration, id } = candidates[0];
    const wanted = { project, run, configuration, name: 'three bits', candidateId: id, format: 'onnx' as const };
    await log.job((await client.jobs.export(wanted)).job, 'done');
    await log.job((await client.jobs.export(wanted)).job, 'done');
    const { exports } = (await client.projects.view({ project })).runs[0];
    const files = exports.slice(-2).map(({ file }) => file);
    expect(files).toEqual(['three-bits.onnx', 'three-bits-2.onnx'].map((name) => join(project, 'runs', run, 'exports', name)));
    expect(exports.at(-1)).toMatchObject({ candidateId: id, configuration });
    expect(await client.runs.sensitivity({ project, run, activations: true })).toEqual({ layers: [] });
    const look = { project, run, layer: 'conv1', bits: 4, granularity: 'tensor', symmetry: 'symmetric' } as const;
    const [first, second] = await Promise.all([client.runs.layer(look), client.recipes.network({ recipe: tinyRecipe() })]);
    expect([first, second]).toMatchObject([{ asked: 'layer' }, { asked: 'network' }]);
  });

  test('a measurement can be stopped, and the next one starts a worker of its own', async () => {
    const { client, project, run, log, candidates, folder } = await trained();
    setScript({ phase: 'evaluate', how: 'hang', once: join(folder, 'hung') });
    const entries = [{ configuration: candidates[0].configuration, name: 'x', candidateId: null }];
    const { job } = await client.jobs.measure({ project, run, entries });
    await log.job(job, 'running');
    await client.jobs.stop({ job });
    await log.job(job, 'stopped');
    setScript(null);
    await log.job((await client.jobs.measure({ project, run, entries })).job, 'done');
  });
});

test('the worker of quick questions is started again when it has died', async () => {
  const { client, folder } = openWorkbench();
  setScript({ phase: 'look', how: 'crash', once: join(folder, 'happened') });
  const ask = () => client.recipes.network({ recipe: tinyRecipe() });
  expect(await failure(ask())).toMatchObject({ code: 'worker-died', message: expect.stringMatching(/nothing was changed, try again\.$/) });
  expect(await ask()).toMatchObject({ asked: 'network' });
});

test('settings are kept, told to every window, and a damaged file falls back to the defaults', async () => {
  const fixture = openWorkbench();
  const log = await fixture.listen('one');
  expect(await fixture.client.settings.set({ theme: 'dark' })).toMatchObject({ theme: 'dark', jobs: 1 });
  await log.find((event) => event.type === 'settings');
  expect(await openWorkbench({}, fixture.folder).client.settings.get()).toMatchObject({ theme: 'dark' });
  writeFileSync(join(fixture.folder, 'data', 'settings.json'), '{"jobs": -1}');
  expect(await openWorkbench({}, fixture.folder).client.settings.get()).toMatchObject({ theme: 'system', jobs: 1 });
});

test('recipes are read with a phrase for every problem', async () => {
  const { client, folder } = openWorkbench();
  expect((await client.recipes.samples()).map(({ recipe }) => recipe.name)).toContain('mnist-quick');
  const { problems } = await client.recipes.parse({ text: '{"name": "x", "seed": -1, "nonsense": 1}' });
  expect(problems).toEqual([expect.stringMatching(/'seed' is -1/), expect.stringMatching(/unknown field 'nonsense'/)]);
  expect((await client.recipes.parse({ text: '{' })).problems).toEqual([expect.stringMatching(/not valid JSON/)]);
  const path = join(folder, 'r.json');
  writeFileSync(path, '{"name": "mine"}');
  expect(await client.recipes.parse({ path })).toMatchObject({ recipe: { name: 'mine' }, problems: [] });
});

test('a wrong input is a sentence, and what only the desktop has says so', async () => {
  const { client } = openWorkbench({ kind: 'browser', roots: [temporaryFolder()] });
  expect(await failure(client.settings.set({ jobs: 99 }))).toMatchObject({ code: 'usage', message: expect.stringMatching(/'jobs'/) });
  expect((await failure(client.app.openExternal({ url: 'https://example.org/' }))).code).toBe('usage');
  expect(await client.app.info()).toMatchObject({ host: 'browser', nativeDialogs: false });
});

test('a project that is opened from outside waits for the first window', async () => {
  const { workbench, listen } = openWorkbench();
  workbench.openFromOutside('/some/where.eqnet');
  const log = await listen('one');
  expect(await log.find((event) => event.type === 'action')).toMatchObject({ action: 'project.open', argument: '/some/where.eqnet' });
});
