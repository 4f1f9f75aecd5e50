import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadWindowState, MIN_HEIGHT, MIN_WIDTH, placeWindow, saveWindowState } from './window-state.ts';

const folder = mkdtempSync(join(tmpdir(), 'eqnet-window-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LEFT = { x: 0, y: 0, width: 1920, height: 1040 };
const RIGHT = { x: 1920, y: -200, width: 2560, height: 1400 };
const saved = { x: 100, y: 80, width: 1300, height: 800, maximized: false };

describe('placeWindow', () => {
  test.each([
    { name: 'the first time it is centred', saved: null, areas: [LEFT], expected: { width: 1440, height: 900, maximized: false } },
    { name: 'it comes back where it was', saved, areas: [LEFT], expected: saved },
    {
      name: 'also on a second display',
      saved: { ...saved, x: 2500, y: -100 },
      areas: [LEFT, RIGHT],
      expected: { ...saved, x: 2500, y: -100 },
    },
    {
      name: 'not on a display that is gone',
      saved: { ...saved, x: 2500, y: 0 },
      areas: [LEFT],
      expected: { width: 1300, height: 800, maximized: false },
    },
    {
      name: 'not with its title bar above the display',
      saved: { ...saved, y: -300 },
      areas: [LEFT],
      expected: { width: 1300, height: 800, maximized: false },
    },
    {
      name: 'not with a sliver of its title bar',
      saved: { ...saved, x: 1900 },
      areas: [LEFT],
      expected: { width: 1300, height: 800, maximized: false },
    },
    {
      name: 'never larger than its display',
      saved: { ...saved, x: 0, y: 0, width: 3000, height: 2000 },
      areas: [LEFT],
      expected: { x: 0, y: 0, width: 1920, height: 1040, maximized: false },
    },
    {
      name: 'never smaller than the smallest window',
      saved: { ...saved, width: 10, height: 10, x: 500 },
      areas: [LEFT],
      expected: { width: MIN_WIDTH, height: MIN_HEIGHT, maximized: false },
    },
    { name: 'maximized stays', saved: { ...saved, maximized: true }, areas: [LEFT], expected: { ...saved, maximized: true } },
  ])('$name', ({ saved: state, areas, expected }) => {
    expect(placeWindow(state, areas)).toEqual(expected);
  });
});

test('the state survives a round trip', () => {
  const file = join(folder, 'window.json');
  saveWindowState(file, saved);
  expect(loadWindowState(file)).toEqual(saved);
});

test.each([['not JSON'], ['{}'], ['{"x":"1"}'], ['[]']])('%s is no state', (text) => {
  const file = join(folder, 'broken.json');
  writeFileSync(file, text);
  expect(loadWindowState(file)).toBeNull();
});

test('without a file, or a folder to write to, there is no state and no error', () => {
  expect(loadWindowState(join(folder, 'missing.json'))).toBeNull();
  const file = join(folder, 'taken');
  writeFileSync(file, '');
  saveWindowState(join(file, 'window.json'), saved);
  expect(loadWindowState(join(file, 'window.json'))).toBeNull();
});
