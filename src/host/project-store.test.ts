import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, test } from 'vitest';
import { WorkbenchError } from '../shared/contract/errors.ts';
import type { Configuration } from '../shared/schema/configuration.ts';
import { identityOf } from './process-identity.ts';
import { LOCK_FILE, lockOwner, OWNER_FILE } from './project-lock.ts';
import { inTransaction } from './project-database.ts';
import { ProjectStore } from './project-store.ts';
import { storageError } from './storage-error.ts';
import { scriptedEngine, temporaryFolder, tinyRecipe } from './testing/project-fixture.ts';

const attempt = async (path: string): Promise<WorkbenchError> => {
  try {
    (await ProjectStore.open(path)).close();
  } catch (error) {
    expect(error).toBeInstanceOf(WorkbenchError);
    expect((error as WorkbenchError).message).not.toContain('\n');
    return error as WorkbenchError;
  }
  return expect.fail('must not open');
};

/** A process that takes the project's lock as another host would, and says when it has it. */
async function otherHost(folder: string) {
  const program = join(folder, '..', 'other-host.cjs');
  const owner = JSON.stringify(join(folder, OWNER_FILE));
  writeFileSync(
    program,
    `const Database = require(${JSON.stringify(createRequire(import.meta.url).resolve('libsql'))});
     const lock = new Database(${JSON.stringify(join(folder, LOCK_FILE))});
     lock.exec('BEGIN EXCLUSIVE');
     require('fs').writeFileSync(${owner}, JSON.stringify({ host: { pid: process.pid, started: null }, worker: null }));
     process.send('locked');
     setInterval(() => {}, 1000);`,
  );
  const child = fork(program, [], { execArgv: [] });
  await once(child, 'message');
  return child;
}

test('a new project has a readable description and keeps runs, phases, units, metrics and log', async () => {
  const folder = join(temporaryFolder(), 'deep', 'digits.eqnet');
  const store = await ProjectStore.open(folder);
  const run = store.createRun(tinyRecipe(), 'f'.repeat(64), scriptedEngine);
  store.setPhaseState(run.id, 'pretrain', 'running');
  store.addPhaseSeconds(run.id, 'pretrain', 1.5);
  store.addPhaseSeconds(run.id, 'pretrain', 2);
  store.finishPhase(run.id, 'pretrain', { steps: 5, testAccuracy: 0.5 });
  const cell = { form: 'tss' as const, weightBits: 4, activationBits: 4, accuracy: 0.1, images: 10 };
  store.putUnit(run.id, 'grid', cell);
  store.putUnit(run.id, 'grid', { ...cell, accuracy: 0.2 });
  store.putMetrics(run.id, 'supernet', [
    { series: 'loss', step: 2, value: 1 },
    { series: 'loss', step: 1, value: 3 },
  ]);
  store.putMetrics(run.id, 'supernet', [{ series: 'loss', step: 2, value: 0.5 }]);
  store.log(run.id, 'hello');
  store.close();

  const description = JSON.parse(readFileSync(join(folder, 'project.json'), 'utf8'));
  expect(description).toMatchObject({ schemaVersion: 1, name: 'digits', runs: [{ id: 'tiny-1', recipe: 'tiny' }] });
  const reader = ProjectStore.openReadOnly(folder);
  expect(reader.runs()).toMatchObject([{ id: 'tiny-1', state: 'stopped', engine: scriptedEngine, opened: null }]);
  expect(reader.phases(run.id)[0]).toEqual({ phase: 'pretrain', state: 'done', seconds: 3.5 });
  expect(reader.result(run.id, 'pretrain')).toEqual({ steps: 5, testAccuracy: 0.5 });
  expect(reader.units(run.id, 'grid')).toEqual([{ ...cell, accuracy: 0.2 }]);
  expect(reader.metrics(run.id)).toMatchObject([
    { step: 1, value: 3 },
    { step: 2, value: 0.5 },
  ]);
  expect(reader.logLines(run.id)).toMatchObject([{ text: 'hello' }]);
  expect(() => reader.log(run.id, 'no')).toThrow(/reading only/);
  reader.close();
});

test('forgetting from a phase on keeps what came before', async () => {
  const store = await ProjectStore.open(join(temporaryFolder(), 'a.eqnet'));
  const { id } = store.createRun(tinyRecipe(), 'f', scriptedEngine);
  store.finishPhase(id, 'pretrain', { steps: 5, testAccuracy: 0.5 });
  store.finishPhase(id, 'grid', { cells: [] });
  store.putMetrics(id, 'pretrain', [{ series: 'a', step: 0, value: 1 }]);
  store.putMetrics(id, 'supernet', [{ series: 'b', step: 0, value: 1 }]);
  store.putUnit(id, 'measure', { id: 'x', accuracy: 1, images: 1, interval: [0, 1], validationAccuracy: 1, versusUniform: null });
  store.resetFrom(id, 'supernet');
  expect(store.result(id, 'pretrain')).not.toBeNull();
  expect(store.result(id, 'grid')).toBeNull();
  expect(store.metrics(id)).toMatchObject([{ series: 'a' }]);
  expect(store.units(id, 'measure')).toEqual([]);
  store.close();
});

test.each([
  ['pretrain', null, null],
  ['supernet', null, null],
  ['grid', null, 0.75],
  ['predictor', null, 0.75],
  ['search', 0.5, 0.75],
] as const)('from %s on, a shelf entry keeps the prediction %s and the measurement %s', async (phase, predicted, accuracy) => {
  const store = await ProjectStore.open(join(temporaryFolder(), 'a.eqnet'));
  const entryOf = (run: string) =>
    store.shelf.add({
      run,
      name: 'mine',
      configuration: { layers: [] } as unknown as Configuration,
      candidateId: null,
      predicted: 0.5,
      measured: { accuracy: 0.75, images: 4, interval: [0, 1], classes: null },
    });
  const [{ id }, other] = [store.createRun(tinyRecipe(), 'f', scriptedEngine), store.createRun(tinyRecipe(), 'f', scriptedEngine)];
  const [mine, theirs] = [entryOf(id), entryOf(other.id)];
  store.resetFrom(id, phase);
  expect(store.shelf.get(mine.id)).toMatchObject({ predicted, measured: accuracy === null ? null : { accuracy } });
  expect(store.shelf.get(theirs.id)).toEqual(theirs);
  store.close();
});

describe('one writer', () => {
  test('a second opening in the same program is refused, a reader is not, and closing frees it', async () => {
    const folder = join(temporaryFolder(), 'a.eqnet');
    const store = await ProjectStore.open(folder);
    expect(await attempt(folder)).toMatchObject({
      code: 'project-locked',
      message: `Project ${folder} is open in this program: wait for it or end it, then try again.`,
    });
    ProjectStore.openReadOnly(folder).close();
    expect(lockOwner(folder)?.pid).toBe(process.pid);
    store.close();
    (await ProjectStore.open(folder)).close();
    expect(lockOwner(folder)).toBeNull();
  });

  test('another process is named; killed with SIGKILL, its lock is gone at once', async () => {
    const folder = join(temporaryFolder(), 'a.eqnet');
    (await ProjectStore.open(folder)).close();
    const child = await otherHost(folder);
    const error = await attempt(folder);
    expect(error).toMatchObject({ code: 'project-locked', details: { pid: child.pid } });
    expect(error.message).toContain(`process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(lockOwner(folder)).toBeNull();
    (await ProjectStore.open(folder)).close();
  });

  test.runIf(process.platform === 'linux')('a worker that outlived its killed host is ended before anyone goes on', async () => {
    const folder = join(temporaryFolder(), 'a.eqnet');
    (await ProjectStore.open(folder)).close();
    const orphan = await otherHost(join(folder, '..'));
    writeFileSync(join(folder, OWNER_FILE), JSON.stringify({ host: { pid: 2 ** 22 + 1, started: '1' }, worker: identityOf(orphan.pid!) }));
    const ended = once(orphan, 'exit');
    (await ProjectStore.open(folder)).close();
    expect(await ended).toEqual([null, 'SIGKILL']);
  });

  test('a process number that was given to another program is left alone', async () => {
    const folder = join(temporaryFolder(), 'a.eqnet');
    (await ProjectStore.open(folder)).close();
    writeFileSync(
      join(folder, OWNER_FILE),
      JSON.stringify({ host: { pid: 1, started: '1' }, worker: { pid: process.pid, started: 'another time' } }),
    );
    (await ProjectStore.open(folder)).close();
  });
});

describe('a folder that cannot be used', () => {
  const prepared = async (change: (folder: string) => void): Promise<string> => {
    const folder = join(temporaryFolder(), 'a.eqnet');
    const store = await ProjectStore.open(folder);
    store.createRun(tinyRecipe(), 'f', scriptedEngine);
    store.close();
    change(folder);
    return folder;
  };
  const withDescription = (change: (description: Record<string, unknown>) => unknown) =>
    prepared((folder) => {
      const path = join(folder, 'project.json');
      writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')))));
    });

  test.each([
    [
      'newer project.json',
      () => withDescription((description) => ({ ...description, schemaVersion: 2 })),
      'project-newer',
      /newer .*format 2/,
    ],
    [
      'unknown field',
      () => withDescription((description) => ({ ...description, colour: 1 })),
      'project-invalid',
      /Unrecognized key: "colour"/,
    ],
    ['not an object', () => withDescription(() => 5), 'project-invalid', /not a valid project file/],
    [
      'cut off project.json',
      () => prepared((folder) => writeFileSync(join(folder, 'project.json'), '{"schema')),
      'project-invalid',
      /no valid JSON/,
    ],
    [
      'newer tables',
      () => prepared((folder) => void new Database(join(folder, 'project.db')).exec('PRAGMA user_version = 9')),
      'project-newer',
      /tables 9/,
    ],
    [
      'damaged database',
      () => prepared((folder) => writeFileSync(join(folder, 'project.db'), 'nonsense '.repeat(2000))),
      'project-invalid',
      /project\.db is damaged/,
    ],
    [
      'foreign folder',
      async () => {
        const folder = temporaryFolder();
        writeFileSync(join(folder, 'thesis.tex'), '');
        return folder;
      },
      'project-missing',
      /holds 'thesis\.tex' but no project\.json/,
    ],
    [
      'a file in the way',
      async () => {
        const file = join(temporaryFolder(), 'file');
        writeFileSync(file, '');
        return join(file, 'a.eqnet');
      },
      'project-readonly',
      /choose another place/,
    ],
  ])('%s', async (_name, make, code, message) => {
    const folder = await make();
    const before = existsSync(folder) ? readdirSync(folder).sort() : null;
    const error = await attempt(folder);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    // a refused project is left as it was, apart from the lock file that stays for good
    if (before)
      expect(
        readdirSync(folder)
          .filter((name) => !name.startsWith('project.'))
          .sort(),
      ).toEqual(before.filter((name) => !name.startsWith('project.')));
    expect((await attempt(folder)).code).toBe(code);
  });

  test.runIf(process.platform === 'linux')('a folder without write permission', async () => {
    expect(await attempt('/sys/a.eqnet')).toMatchObject({ code: 'project-readonly' });
  });

  test('reading where there is no project', () => {
    expect(() => ProjectStore.openReadOnly(join(temporaryFolder(), 'none.eqnet'))).toThrow(/There is no project in/);
  });

  test('what a killed first start left behind is no obstacle', async () => {
    const folder = join(temporaryFolder(), 'a.eqnet');
    mkdirSync(folder);
    for (const name of [LOCK_FILE, OWNER_FILE, 'project.json.123-ab.tmp']) writeFileSync(join(folder, name), '');
    (await ProjectStore.open(folder)).close();
  });
});

test('a full disk is told as such', () => {
  const path = join(temporaryFolder(), 'small.db');
  const database = new Database(path);
  database.exec('CREATE TABLE t (x)');
  database.pragma('max_page_count = 4');
  const fill = () => database.prepare('INSERT INTO t VALUES (zeroblob(100000))').run();
  let thrown: unknown;
  try {
    fill();
  } catch (error) {
    thrown = error;
  }
  expect(storageError(thrown, path)).toMatchObject({
    code: 'disk-full',
    message: `The disk is full while writing ${path}: free some space and run the same command again, a run with --resume.`,
  });
});

test('a full disk in the middle of a transaction is told as such, and nothing of it is kept', () => {
  const database = new Database(join(temporaryFolder(), 'small.db'));
  database.exec('CREATE TABLE t (x)');
  database.pragma('max_page_count = 4');
  const rows = () => database.prepare('SELECT x FROM t').all();
  const insert = (bytes: number) => database.prepare('INSERT INTO t VALUES (zeroblob(?))').run(bytes);
  expect(() =>
    inTransaction(database, () => {
      insert(10);
      insert(100_000);
    }),
  ).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }));
  expect(rows()).toEqual([]);
  inTransaction(database, () => insert(10));
  expect(rows()).toHaveLength(1);
});
