import { expect, test } from 'vitest';
import { shortName } from './short-name.ts';

test('a short name is stable, short and rarely shared', () => {
  expect(shortName('tss:88-34-88')).toBe(shortName('tss:88-34-88'));
  const names = Array.from({ length: 1000 }, (_, n) => shortName(`tss:88-${n}-88`));
  expect(names.every((name) => /^c-[a-z0-9]{5}$/.test(name))).toBe(true);
  expect(new Set(names).size).toBeGreaterThan(990);
});
