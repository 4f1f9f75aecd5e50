import { describe, expect, test } from 'vitest';
import { ACTIONS } from '../shared/actions.ts';
import { chooseLanguage, messages, text, type MessageTree } from '../shared/i18n/index.ts';
import { setLanguage, t } from './i18n.ts';

const files = import.meta.glob<string>('./**/*.{vue,ts}', { query: '?raw', import: 'default', eager: true });
const sources = Object.entries(files)
  .filter(([name]) => !name.endsWith('.test.ts'))
  .map(([name, source]) => ({ name, source }));

function keysOf(tree: MessageTree, path = ''): string[] {
  return Object.entries(tree).flatMap(([key, value]) => (typeof value === 'string' ? [path + key] : keysOf(value, `${path}${key}.`)));
}
const keys = { en: keysOf(messages.en), de: keysOf(messages.de) };
const placeholders = (message: string): string[] => [...new Set([...message.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort();

describe('texts', () => {
  test('both languages have the same keys', () => {
    expect(keys.de.filter((key) => !keys.en.includes(key))).toEqual([]);
    expect(keys.en.filter((key) => !keys.de.includes(key))).toEqual([]);
  });

  test('both languages fill in the same values, and none is empty', () => {
    const wrong = keys.en.filter((key) => {
      const [en, de] = [text('en', key), text('de', key)];
      return !en.trim() || !de.trim() || placeholders(en).join() !== placeholders(de).join();
    });
    expect(wrong).toEqual([]);
  });

  test('every text can be compiled', () => {
    const values = Object.fromEntries([...new Set(keys.en.flatMap((key) => placeholders(text('en', key))))].map((name) => [name, '1']));
    for (const language of ['de', 'en'] as const) {
      setLanguage(language);
      expect(keys[language].filter((key) => /[{}]/.test(t(key, values, 1)))).toEqual([]);
    }
  });

  test('every key in the sources exists', () => {
    const known = new Set(keys.en);
    const missing = sources.flatMap(({ name, source }) =>
      [...source.matchAll(/(?<![\w.])t\(\s*'([^']+)'|keypath="([^"]+)"/g)]
        .map(([, call, path]) => call ?? path)
        .filter((key) => !known.has(key))
        .map((key) => `${name}: ${key}`),
    );
    expect(missing).toEqual([]);
  });

  test('every key made from parts begins like existing ones', () => {
    const missing = sources.flatMap(({ name, source }) =>
      [...source.matchAll(/(?<![\w.])t\(\s*`([^`$]+)\$\{/g)]
        .map(([, start]) => start)
        .filter((start) => !keys.en.some((key) => key.startsWith(start)))
        .map((start) => `${name}: ${start}`),
    );
    expect(missing).toEqual([]);
  });

  test('every action and its group have a title', () => {
    const wanted = ACTIONS.flatMap(({ titleKey, group }) => [titleKey, `actions.group.${group}`]);
    expect(wanted.filter((key) => !keys.en.includes(key))).toEqual([]);
  });
});

test('templates hold no text of their own', () => {
  const found = sources
    .filter(({ name }) => name.endsWith('.vue'))
    .flatMap(({ name, source }) => {
      const template = /<template>([\s\S]*)<\/template>/.exec(source)?.[1] ?? '';
      const bare = template
        .replace(/<!--[\s\S]*?-->/g, '')
        .replace(/\{\{[\s\S]*?\}\}/g, '')
        .replace(/<(?:[^>"]|"[^"]*")*>/g, '\n');
      return bare
        .split('\n')
        .map((line) => line.replace(/&\w+;/g, ' ').trim())
        .filter((line) => /\p{L}{2,}/u.test(line))
        .map((line) => `${name}: ${line}`);
    });
  expect(found).toEqual([]);
});

test.each([
  ['system', ['de-AT', 'en'], 'de'],
  ['system', ['fr', 'en-GB', 'de'], 'en'],
  ['system', ['fr'], 'en'],
  ['en', ['de'], 'en'],
  ['de', ['en'], 'de'],
] as const)('%s with %j is %s', (setting, preferred, expected) => expect(chooseLanguage(setting, preferred)).toBe(expected));
