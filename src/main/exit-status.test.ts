import { expect, test } from 'vitest';
import { readExitStatus } from './exit-status.ts';

test.each([
  ['linux', 0, { code: 0, signal: null }],
  ['linux', 1 << 8, { code: 1, signal: null }],
  ['darwin', 134 << 8, { code: 134, signal: null }],
  ['linux', 9, { code: null, signal: 'SIGKILL' }],
  ['linux', 6, { code: null, signal: 'SIGABRT' }],
  // the bit of a core dump says nothing about the signal
  ['linux', 11 | 0x80, { code: null, signal: 'SIGSEGV' }],
  ['win32', 1, { code: 1, signal: null }],
  ['win32', 0xc0000005, { code: 0xc0000005, signal: null }],
] as const)('on %s the status %i is %o', (platform, status, expected) => {
  expect(readExitStatus(status, platform)).toEqual(expected);
});
