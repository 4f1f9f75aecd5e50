import { beforeEach, expect, test } from 'vitest';
import { subprotocols, takeToken } from './token.ts';

const take = (): string | null => takeToken(window.location, window.history, window.sessionStorage);

beforeEach(() => {
  window.sessionStorage.clear();
  window.history.replaceState(null, '', '/?x=1');
});

test('the token leaves the address and stays with the tab', () => {
  window.location.hash = '#token=ab-C_1';
  expect(take()).toBe('ab-C_1');
  expect(window.location.href).toMatch(/\/\?x=1$/);
  expect(take()).toBe('ab-C_1');
});

test('a newer token replaces that of the tab', () => {
  window.sessionStorage.setItem('eqnet.token', 'old');
  window.location.hash = '#token=new';
  expect(take()).toBe('new');
});

test.each(['', '#token=', '#token=a b', '#/home', '#token=a&x=1'])('%j holds none', (hash) => {
  window.location.hash = hash;
  expect(take()).toBeNull();
});

test('the token is one of the subprotocols, after the one that is answered', () => {
  expect(subprotocols('abc')).toEqual(['eqnet.v1', 'eqnet.token.abc']);
});
