import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, describe, expect, test } from 'vitest';
import { useRouter } from './router.ts';
import { formatHash, parseHash } from './views.ts';

describe('addresses', () => {
  test.each([
    ['', 'home', {}],
    ['#/', 'home', {}],
    ['#/train', 'train', {}],
    ['#/inspect?id=c-1&run=a-2', 'inspect', { id: 'c-1', run: 'a-2' }],
    ['#/search?q=a%20b%26c', 'search', { q: 'a b&c' }],
    ['#/nowhere?x=1', 'home', {}],
    ['#token=abc', 'home', {}],
  ])('%j', (hash, view, params) => {
    expect(parseHash(hash)).toEqual({ view, params });
  });

  test('what is written is read back', () => {
    const route = { view: 'inspect', params: { run: 'a-1', id: 'x/ä&=?' } } as const;
    expect(parseHash(formatHash(route))).toEqual(route);
  });
});

describe('the router', () => {
  beforeEach(() => {
    window.location.hash = '';
    setActivePinia(createPinia());
  });

  test('goes to a screen, puts it into the address and leaves undefined parameters out', () => {
    const router = useRouter();
    router.go('inspect', { run: 'a-1', layer: undefined });
    expect([router.view, router.params, window.location.hash]).toEqual(['inspect', { run: 'a-1' }, '#/inspect?run=a-1']);
  });

  test('a step to the present screen leaves no trace in the history', () => {
    const router = useRouter();
    const before = window.history.length;
    router.go('runs');
    router.go('runs');
    router.setParams({ run: 'b' });
    expect([window.history.length - before, router.params]).toEqual([1, { run: 'b' }]);
  });

  test('follows the address when the browser changes it', () => {
    const router = useRouter();
    window.history.replaceState(null, '', '#/settings');
    window.dispatchEvent(new PopStateEvent('popstate'));
    expect(router.view).toBe('settings');
  });
});
