import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { inProject } from './in-project.ts';
import { ProjectStore } from './project-store.ts';

const root = mkdtempSync(join(tmpdir(), 'eqnet-in-project-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const fail = (folder: string, made: readonly string[] = []) =>
  inProject(folder, async (store) => {
    for (const name of made) {
      mkdirSync(join(store.folder, name, '..'), { recursive: true });
      writeFileSync(join(store.folder, name), '');
    }
    throw new Error('no such network');
  });

test('what fails leaves no project, and none of the folders made for it', async () => {
  await expect(fail(join(root, 'a', 'b', 'new.eqnet'), ['recipe.json'])).rejects.toThrow('no such network');
  expect(readdirSync(root)).toEqual([]);
});

test('an empty folder that was there before stays', async () => {
  mkdirSync(join(root, 'empty'));
  await expect(fail(join(root, 'empty'))).rejects.toThrow('no such network');
  expect(readdirSync(join(root, 'empty'))).toEqual([]);
});

test('files of others stay', async () => {
  await expect(fail(join(root, 'mine'), ['notes.txt'])).rejects.toThrow('no such network');
  expect(readdirSync(join(root, 'mine'))).toEqual(['notes.txt']);
});

test('a project that was there before stays, and one where the work is done', async () => {
  const folder = join(root, 'kept');
  expect(await inProject(folder, async (store) => store.folder)).toBe(folder);
  await expect(fail(folder)).rejects.toThrow('no such network');
  const store = await ProjectStore.open(folder, { create: false });
  try {
    await expect(fail(folder)).rejects.toMatchObject({ code: 'project-locked' });
    expect(existsSync(join(folder, 'project.json'))).toBe(true);
  } finally {
    store.close();
  }
});
