import { afterEach, expect, test, vi } from 'vitest';
import { eqnet, shellArguments } from './command-line.ts';

afterEach(() => vi.unstubAllEnvs());

test.each([
  [undefined, 'eqnet show a.eqnet'],
  ['', 'eqnet show a.eqnet'],
  ['npm run eqnet --', 'npm run eqnet -- show a.eqnet'],
])('started as %j', (name, command) => {
  vi.stubEnv('EQNET_PROGRAM', name);
  expect(eqnet('show a.eqnet')).toBe(command);
});

test.each([
  [['run', './a b.json', '--project', 'x.eqnet'], 'run "./a b.json" --project x.eqnet'],
  [['C:\\a\\b.eqnet'], 'C:\\a\\b.eqnet'],
  [['a"b'], '"a\\"b"'],
])('%j as a shell takes it', (argv, text) => expect(shellArguments(argv)).toBe(text));
