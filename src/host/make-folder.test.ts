import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeFolder } from './make-folder.ts';
import { temporaryFolder } from './testing/project-fixture.ts';

describe('makeFolder', () => {
  test('makes what is missing, and leaves what is there', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a', 'b', 'c');
    makeFolder(path);
    writeFileSync(join(path, 'kept'), '');
    makeFolder(path);
    expect(statSync(path).isDirectory()).toBe(true);
    expect(existsSync(join(path, 'kept'))).toBe(true);
  });

  test.each<[string, (folder: string) => string, string]>([
    ['below a file', (folder) => (writeFileSync(join(folder, 'file'), ''), join(folder, 'file', 'a')), 'ENOTDIR'],
    [
      'in place of a link to nothing',
      (folder) => (symlinkSync(join(folder, 'nothing'), join(folder, 'link')), join(folder, 'link')),
      'EEXIST',
    ],
    // Node's recursive mkdir goes round for ever there; elsewhere the folder above is a file
    [
      'where the system refuses it with ENOENT',
      (folder) =>
        existsSync('/proc/self')
          ? '/proc/eqnet/a'
          : (mkdirSync(join(folder, 'x')), writeFileSync(join(folder, 'x', 'f'), ''), resolve(folder, 'x', 'f', 'a')),
      existsSync('/proc/self') ? 'ENOENT' : 'ENOTDIR',
    ],
  ])('%s it says why not', (_name, make, code) => {
    expect(() => makeFolder(make(temporaryFolder()))).toThrow(expect.objectContaining({ code }));
  });
});
