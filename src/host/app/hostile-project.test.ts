import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { WorkbenchError } from '../../shared/contract/errors.ts';
import { temporaryFolder, tinyRecipe } from '../testing/project-fixture.ts';
import { openWorkbench } from '../testing/workbench-fixture.ts';

const failure = (promise: Promise<unknown>): Promise<WorkbenchError> =>
  promise.then(
    () => expect.fail('must not succeed'),
    (error) => error as WorkbenchError,
  );

const OUTSIDE = /does not lie in .*the only folders that are served here/;

/** A project that was made where everything is served, then a host that serves its folder alone. */
async function served(recipe = tinyRecipe()) {
  const folder = temporaryFolder();
  const root = join(folder, 'root');
  const outside = join(folder, 'outside');
  for (const each of [root, outside]) mkdirSync(each);
  const author = openWorkbench({}, folder);
  const project = join(root, 'a.eqnet');
  await author.client.projects.create({ folder: project, recipe: tinyRecipe(), window: 'author' });
  const log = await author.listen('author');
  const { job, run } = await author.client.runs.start({ project, recipe, until: 'pretrain' });
  await log.job(job, 'done');
  await author.workbench.close();
  const host = openWorkbench({ kind: 'browser', roots: [root] }, folder);
  return { ...host, root, outside, project, run };
}

describe.skipIf(process.platform === 'win32')('a project that somebody else has written', () => {
  test.each(['project.json', 'project.db', 'recipe.json', 'ui.json', 'runs'])(
    '%s may not be a link out of the served folders',
    async (name) => {
      const { client, outside, project } = await served();
      const target = join(outside, name);
      writeFileSync(target, '{"secret": 1}');
      rmSync(join(project, name), { recursive: true, force: true });
      symlinkSync(target, join(project, name));
      expect((await failure(client.projects.open({ folder: project, window: 'w' }))).message).toMatch(OUTSIDE);
      expect(readFileSync(target, 'utf8')).toBe('{"secret": 1}');
    },
  );

  test('a run that names images outside may be read, and goes on nowhere', async () => {
    const recipe = tinyRecipe();
    const { client, project, run, root } = await served({ ...recipe, data: { ...recipe.data, root: temporaryFolder() } });
    await client.projects.open({ folder: project, window: 'w' });
    expect(await client.runs.metrics({ project, run })).not.toEqual([]);
    expect((await failure(client.runs.resume({ project, run }))).message).toMatch(OUTSIDE);
    expect((await failure(client.runs.start({ project, recipe: { ...recipe, data: { ...recipe.data, root: '/etc' } } }))).message).toMatch(
      OUTSIDE,
    );
    await client.runs.start({ project, recipe: { ...recipe, data: { ...recipe.data, root } } });
  });

  test('nothing is written through a folder of a run that leads out', async () => {
    const { client, outside, project, run } = await served();
    const folder = join(project, 'runs', run);
    rmSync(folder, { recursive: true });
    symlinkSync(outside, folder);
    await client.projects.open({ folder: project, window: 'w' });
    expect((await failure(client.runs.resume({ project, run }))).message).toMatch(OUTSIDE);
    await client.runs.remove({ project, run });
    expect(existsSync(outside)).toBe(true);
  });

  test('a link to what is not there yet is followed before it is judged', async () => {
    const { client, outside, root } = await served();
    for (const [name, target] of [
      ['later.eqnet', join(outside, 'later.eqnet')],
      ['relative.eqnet', '../outside/later.eqnet'],
    ] as const) {
      symlinkSync(target, join(root, name));
      for (const path of [name, `${name}/inner`]) expect(await client.files.checkNewProject({ path: join(root, path) })).toMatch(OUTSIDE);
    }
    symlinkSync('loop', join(root, 'loop'));
    await client.files.checkNewProject({ path: join(root, 'loop') });
  });
});

test.skipIf(process.platform === 'win32').each([
  ['a pipe', (path: string) => execFileSync('mkfifo', [path]), /is no file: choose a recipe's JSON file/],
  ['a folder', (path: string) => mkdirSync(path), /is no file/],
  [
    'a file that is far too large',
    (path: string) => {
      writeFileSync(path, '');
      truncateSync(path, 2 ** 33);
    },
    /has 8590 MB, a recipe at most 1 MB/,
  ],
])('%s is no recipe, and nobody waits for it', async (_name, make, sentence) => {
  const { client, folder } = openWorkbench();
  const path = join(folder, 'r.json');
  make(path);
  expect(await client.recipes.parse({ path })).toMatchObject({ recipe: null, problems: [expect.stringMatching(sentence)] });
});

test('names that mean something to JavaScript stay names', async () => {
  const { client, folder } = openWorkbench();
  const { folder: project } = await client.projects.create({ folder: join(folder, 'a.eqnet'), recipe: tinyRecipe(), window: 'w' });
  const ui = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}') as Record<string, unknown>;
  await client.projects.saveUi({ project, ui, window: 'w' });
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  await client.recipes.parse({ text: '{"name": "x", "__proto__": {"polluted": 1}}' });
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect(await failure(client.projects.saveUi({ project, ui: { text: 'x'.repeat(2 ** 20) }, window: 'w' }))).toMatchObject({
    code: 'usage',
    message: expect.stringMatching(/'ui': holds more than 1 MB/),
  });
});

test('a page cannot end the stream on which the program itself listens', async () => {
  const { HOST_LISTENER } = await import('./event-hub.ts');
  expect(HOST_LISTENER).toMatch(/^[0-9a-f-]{36}$/);
});
