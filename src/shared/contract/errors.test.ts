import { expect, test } from 'vitest';
import { toErrorPayload, WorkbenchError, type ErrorCode } from './errors.ts';

const system = (code: string, rest: object = {}) =>
  Object.assign(new Error(`${code}: what the system says, open '/a/b'`), { code, ...rest });

test.each<[string, unknown, string | undefined, ErrorCode, string]>([
  ['a full disk', system('ENOSPC'), '/a/b', 'disk-full', 'The disk is full while writing /a/b: free some space'],
  ['a quota', system('EDQUOT', { path: '/a/c' }), undefined, 'disk-full', 'The disk is full while writing /a/c: '],
  ['no permission', system('EACCES', { path: '/a/b' }), undefined, 'project-readonly', '/a/b cannot be written (EACCES): choose a folder'],
  ['no permission, no path', system('EACCES'), undefined, 'project-readonly', 'A file or folder cannot be written (EACCES): '],
  ['a folder for a file', system('EISDIR'), '/a/b', 'project-readonly', '/a/b is a folder where a file belongs: move it away'],
  ['a file for a folder', system('ENOTDIR', { path: '/a/b' }), undefined, 'project-readonly', '/a/b has a file in its path where a folder'],
  [
    'a file that is gone',
    system('ENOENT', { path: '/a/b' }),
    undefined,
    'project-invalid',
    '/a/b does not exist: see whether it was moved',
  ],
  ['a program that is not there', system('ENOENT', { path: 'git', syscall: 'spawn git' }), undefined, 'internal', 'ENOENT: what'],
  ['another code', system('EMFILE', { path: '/a/b' }), undefined, 'internal', 'EMFILE: what'],
  ['no error at all', 'text', undefined, 'internal', 'text'],
  ['nothing', undefined, undefined, 'internal', 'undefined'],
  ['one of ours', new WorkbenchError('usage', 'Say more.'), '/a/b', 'usage', 'Say more.'],
])('%s is a sentence', (_name, error, path, code, message) => {
  const payload = toErrorPayload(error, path);
  expect(payload.code).toBe(code);
  expect(payload.message.startsWith(message), payload.message).toBe(true);
});
