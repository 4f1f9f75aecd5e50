import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './testkit.ts';

interface BuildLibrary {
  withLockFile<T>(lock: string, action: () => T): Promise<T>;
  ensureFresh(target: { folder: string; product: string; sources: string[]; build(out: string): Promise<unknown> }): Promise<string>;
}
const { withLockFile, ensureFresh } = (await import(String(new URL('../../scripts/lib/build.mjs', import.meta.url)))) as BuildLibrary;

/** More than any number of a process. */
const DEAD = 2 ** 30;

test.each([
  ['of a dead process', String(DEAD), 0],
  ['left empty by a process that died', '', 60],
  ['of a process whose number another one has by now', String(process.pid), 3600],
])('a lock %s does not hold', { timeout: 10_000 }, async (_name, content, age) => {
  const lock = join(temporaryFolder(), 'building.pid');
  writeFileSync(lock, content);
  const time = Date.now() / 1000 - age;
  utimesSync(lock, time, time);
  expect(await withLockFile(lock, () => readFileSync(lock, 'utf8'))).toBe(String(process.pid));
  expect(() => readFileSync(lock)).toThrow(/ENOENT/);
});

test('one at a time; a target is built once, again when a source is newer, and stays when that fails', async () => {
  const folder = temporaryFolder();
  const [source, out] = [join(folder, 'source'), join(folder, 'out')];
  writeFileSync(source, 'a');
  let built = 0;
  const target = (build: (path: string) => void) => ({
    folder: out,
    product: 'product',
    sources: [source],
    build: async (path: string) => build(path),
  });
  const copy = target((path) => {
    built++;
    mkdirSync(path);
    writeFileSync(join(path, 'product'), readFileSync(source));
  });
  await Promise.all([ensureFresh(copy), ensureFresh(copy)]);
  expect(built).toBe(1);
  writeFileSync(source, 'b');
  utimesSync(source, 1, Date.now() / 1000 + 10);
  const broken = target(() => {
    throw new Error('no compiler');
  });
  await expect(ensureFresh(broken)).rejects.toThrow('no compiler');
  expect(readFileSync(join(out, 'product'), 'utf8')).toBe('a');
  await ensureFresh(copy);
  expect([built, readFileSync(join(out, 'product'), 'utf8')]).toEqual([2, 'b']);
});
