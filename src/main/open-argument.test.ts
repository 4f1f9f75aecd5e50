import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { projectArgument } from './open-argument.ts';

const folder = mkdtempSync(join(tmpdir(), 'eqnet-argument-'));
const project = join(folder, 'digits.eqnet');
mkdirSync(project);
mkdirSync(join(folder, 'other'));
writeFileSync(join(project, 'project.json'), '{}');
writeFileSync(join(folder, 'file.eqnet'), '');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['a folder', [project], project],
  ['a relative folder', ['digits.eqnet'], project],
  ['the project.json in it', [join(project, 'project.json')], project],
  ['after the app and switches', ['.', '--no-sandbox', 'digits.eqnet'], project],
  ['before switches', ['digits.eqnet', '--inspect=0'], project],
  ['as the address of a file', [pathToFileURL(project).href], project],
  ['an address elsewhere', ['file://server%zz/digits.eqnet'], null],
  ['nothing', [], null],
  ['a switch', ['--open=digits.eqnet'], null],
  ['a folder of another kind', ['other'], null],
  ['a file of that name', ['file.eqnet'], null],
  ['a folder that is not there', ['gone.eqnet'], null],
])('%s', (_name, argv, expected) => {
  expect(projectArgument(argv, folder)).toBe(expected);
});
