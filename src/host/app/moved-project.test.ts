import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { WorkbenchError } from '../../shared/contract/errors.ts';
import { ProjectStore } from '../project-store.ts';
import { setScript, tinyRecipe } from '../testing/project-fixture.ts';
import { openWorkbench } from '../testing/workbench-fixture.ts';

const failure = (promise: Promise<unknown>): Promise<WorkbenchError> =>
  promise.then(
    () => expect.fail('must not succeed'),
    (error) => error as WorkbenchError,
  );

async function openOne() {
  const fixture = openWorkbench();
  const project = join(fixture.folder, 'a.eqnet');
  const view = await fixture.client.projects.create({ folder: project, recipe: tinyRecipe(), window: 'one' });
  const log = await fixture.listen('one');
  return { ...fixture, project, view, log };
}

const GONE = { code: 'project-missing', message: expect.stringMatching(/was moved, renamed or deleted while it was open: put it back/) };

// Windows keeps a folder with open files where it is
describe.skipIf(process.platform === 'win32')('a project folder that goes away while it is open', () => {
  test.each([
    ['moved', (from: string, to: string) => renameSync(from, to)],
    ['deleted', (from: string) => rmSync(from, { recursive: true })],
  ])('%s: nothing is written to its old place', async (_name, take) => {
    const { client, project, view, folder } = await openOne();
    take(project, join(folder, 'b.eqnet'));
    const { draft: recipe, revision } = view;
    for (const write of [
      () => client.projects.saveDraft({ project, recipe, revision, window: 'one' }),
      () => client.projects.saveUi({ project, ui: {}, window: 'one' }),
      () => client.runs.start({ project, recipe }),
    ])
      expect(await failure(write())).toMatchObject(GONE);
    expect(existsSync(project)).toBe(false);
  });

  test('its new place can be opened at once, with everything', async () => {
    const { client, project, folder, view } = await openOne();
    await client.projects.saveDraft({ project, recipe: { ...view.draft, seed: 7 }, revision: view.revision, window: 'one' });
    const moved = join(folder, 'b.eqnet');
    renameSync(project, moved);
    expect(await client.projects.open({ folder: moved, window: 'one' })).toMatchObject({ folder: moved, draft: { seed: 7 } });
  });

  test('a run that is at work ends with the reason, and goes on when the folder is back', async () => {
    const { client, project, folder, log } = await openOne();
    const go = join(folder, 'go');
    setScript({ phase: 'supernet', how: 'hang', until: go });
    const { job, run } = await client.runs.start({ project, recipe: tinyRecipe() });
    await log.find((event) => event.type === 'log');
    renameSync(project, join(folder, 'b.eqnet'));
    writeFileSync(go, '');
    expect((await log.job(job, 'failed')).error).toMatchObject(GONE);
    expect(existsSync(project)).toBe(false);
    renameSync(join(folder, 'b.eqnet'), project);
    setScript(null);
    await log.job((await client.runs.resume({ project, run })).job, 'done');
  });
});

test('the newest run is the one that was made last, also when the clock was set back', async () => {
  const { folder, workbench } = openWorkbench();
  await workbench.close();
  const store = await ProjectStore.open(join(folder, 'clock.eqnet'));
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2030-01-01') });
  try {
    const make = () => store.createRun(tinyRecipe(), 'f', { executor: 'portable', version: '1' }).id;
    const first = make();
    vi.setSystemTime(new Date('2020-01-01'));
    const second = make();
    expect(store.runs().map(({ id }) => id)).toEqual([first, second]);
  } finally {
    vi.useRealTimers();
    store.close();
  }
});

test('a window that opens a project and is never heard of again lets it go', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const { client, folder } = openWorkbench();
    const project = join(folder, 'a.eqnet');
    mkdirSync(project);
    await client.projects.create({ folder: project, recipe: tinyRecipe(), window: 'ghost' });
    await vi.advanceTimersByTimeAsync(30_000);
    expect((await failure(client.projects.view({ project }))).code).toBe('project-missing');
  } finally {
    vi.useRealTimers();
  }
});
