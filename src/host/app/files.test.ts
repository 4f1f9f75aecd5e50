import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../testing/project-fixture.ts';
import { listFolder, whyNoNewProject } from './files.ts';
import { PathGuard, realPath } from './path-guard.ts';

function tree() {
  const folder = realPath(temporaryFolder());
  const root = join(folder, 'root');
  for (const path of ['root/b', 'root/a.eqnet', 'root/.hidden', 'outside/deep']) mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(root, 'a.eqnet', 'project.json'), '{}');
  writeFileSync(join(root, 'c.json'), '12345');
  symlinkSync(join(folder, 'outside'), join(root, 'way-out'));
  symlinkSync(join(root, 'b'), join(root, 'inside'));
  return { folder, root, guard: new PathGuard([root]) };
}

test('folders and projects first, no hidden files, no links that lead out', async () => {
  const { root, guard } = tree();
  const listing = await listFolder(guard);
  expect(listing).toMatchObject({ path: root, parent: null, truncated: false });
  expect(listing.entries.map(({ name, kind, bytes }) => [name, kind, bytes])).toEqual([
    ['a.eqnet', 'project', null],
    ['b', 'folder', null],
    ['inside', 'folder', null],
    ['c.json', 'file', 5],
  ]);
  expect((await listFolder(guard, join(root, 'b'))).parent).toBe(root);
});

describe('a path outside of the served folders is refused', () => {
  test.each([
    ['the parent', '..'],
    ['a climb', 'b/../../outside'],
    ['through a link', 'way-out'],
    ['below a link', 'way-out/deep'],
    ['a new name below a link', 'way-out/new.eqnet'],
    ['a folder whose name begins alike', '../root-2'],
  ])('%s', async (_name, path) => {
    const { root, guard } = tree();
    mkdirSync(`${root}-2`);
    await expect(listFolder(guard, `${root}/${path}`)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('does not lie in'),
    });
    expect(whyNoNewProject(guard, `${root}/${path}`)).toMatch(/does not lie in/);
  });

  test('without roots every path is allowed', async () => {
    const { folder } = tree();
    expect((await listFolder(new PathGuard([]), folder)).parent).not.toBeNull();
  });

  test.each([
    ['missing', /does not exist/],
    ['c.json', /is a file/],
  ])('%s is told in words', async (name, sentence) => {
    const { root, guard } = tree();
    await expect(listFolder(guard, join(root, name))).rejects.toThrow(sentence);
  });
});
