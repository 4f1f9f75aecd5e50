import { effectScope, ref } from 'vue';
import { afterEach, describe, expect, test } from 'vitest';
import { acceleratorText, ACTIONS } from '../../shared/actions.ts';
import { isEnabled, registerAction, runAction, useAction } from './registry.ts';
import { focusRegion } from './regions.ts';
import { actionFor, listenForShortcuts, matches } from './shortcuts.ts';

const press = (key: string, held: string[] = [], code = '') => ({
  key,
  code,
  ctrlKey: held.includes('ctrl'),
  metaKey: held.includes('meta'),
  altKey: held.includes('alt'),
  shiftKey: held.includes('shift'),
});

describe('the list of actions', () => {
  test('ids and accelerators are used once', () => {
    const ids = ACTIONS.map(({ id }) => id);
    const keys = ACTIONS.flatMap(({ accelerator, also = [] }) => [accelerator, ...also].filter((each) => each !== undefined));
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test.each([
    ['CmdOrCtrl+Shift+P', false, 'Ctrl+Shift+P'],
    ['CmdOrCtrl+Shift+P', true, '⌘+⇧+P'],
    ['Alt+Left', false, 'Alt+←'],
  ])('%s, on a Mac: %s', (accelerator, mac, text) => expect(acceleratorText(accelerator, mac)).toBe(text));
});

describe('accelerators', () => {
  test.each([
    ['CmdOrCtrl+Shift+P', press('P', ['ctrl', 'shift']), false, true],
    ['CmdOrCtrl+Shift+P', press('p', ['ctrl']), false, false],
    ['CmdOrCtrl+Shift+P', press('P', ['meta', 'shift']), true, true],
    ['CmdOrCtrl+Shift+P', press('P', ['meta', 'shift']), false, false],
    ['CmdOrCtrl+Z', press('z', ['ctrl']), false, true],
    ['CmdOrCtrl+Z', press('Z', ['ctrl', 'shift']), false, false],
    ['CmdOrCtrl+3', press('3', ['ctrl']), false, true],
    ['CmdOrCtrl+3', press('"', ['ctrl'], 'Digit3'), false, true],
    ['CmdOrCtrl+/', press('/', ['ctrl', 'shift']), false, true],
    ['?', press('?', ['shift']), false, true],
    ['Alt+T', press('†', ['alt'], 'KeyT'), true, true],
    ['Alt+Left', press('ArrowLeft', ['alt']), false, true],
    ['F6', press('F6'), false, true],
    ['Shift+F6', press('F6', ['shift']), false, true],
    ['F6', press('F6', ['ctrl']), false, false],
  ])('%s', (accelerator, event, mac, expected) => expect(matches(accelerator, event, mac)).toBe(expected));
});

describe('where the focus is', () => {
  const field = document.createElement('input');
  const box = Object.assign(document.createElement('input'), { type: 'checkbox' });
  test.each([
    ['undo in a text field is that of the field', press('z', ['ctrl']), field, null],
    ['undo elsewhere', press('z', ['ctrl']), document.body, 'edit.undo'],
    ['undo on a tick box', press('z', ['ctrl']), box, 'edit.undo'],
    ['a question mark in a text field', press('?', ['shift']), field, null],
    ['a question mark elsewhere', press('?', ['shift']), document.body, 'help.shortcuts'],
    ['a screen from a text field', press('2', ['ctrl']), field, 'go.space'],
    ['the other redo', press('y', ['ctrl']), document.body, 'edit.redo'],
    ['quick find', press('k', ['ctrl']), document.body, 'view.palette'],
    ['a letter', press('c'), document.body, null],
  ])('%s', (_, event, target, expected) => expect(actionFor(event, target, false)).toBe(expected));
});

describe('handlers', () => {
  const undo: (() => void)[] = [];
  afterEach(() => {
    for (const each of undo.splice(0)) each();
    document.body.innerHTML = '';
  });

  test('the last one acts, and gives way when it is gone', () => {
    const said: string[] = [];
    undo.push(registerAction('edit.undo', { run: () => void said.push('shell') }));
    const away = registerAction('edit.undo', { run: (argument) => void said.push(`screen ${argument}`) });
    runAction('edit.undo', 'x');
    away();
    runAction('edit.undo');
    expect(said).toEqual(['screen x', 'shell']);
  });

  test('one that cannot act now does not', () => {
    const on = ref(false);
    let runs = 0;
    undo.push(registerAction('run.pause', { run: () => void runs++, enabled: () => on.value }));
    expect([isEnabled('run.pause'), runAction('run.pause'), runs]).toEqual([false, false, 0]);
    on.value = true;
    expect([isEnabled('run.pause'), runAction('run.pause'), runs]).toEqual([true, true, 1]);
  });

  test('those of a component go with it; unknown ids are refused', () => {
    const scope = effectScope();
    scope.run(() => useAction('run.snapshot', () => undefined));
    expect(isEnabled('run.snapshot')).toBe(true);
    scope.stop();
    expect(isEnabled('run.snapshot')).toBe(false);
    expect(() => registerAction('no.such', { run: () => undefined })).toThrow("'no.such' is not in the list of actions");
  });

  test('keys reach them, but not behind an open dialog', () => {
    let undone = 0;
    undo.push(registerAction('edit.undo', { run: () => void undone++ }));
    undo.push(listenForShortcuts(() => false));
    const key = () => {
      const event = new KeyboardEvent('keydown', { key: 'z', ctrlKey: true, bubbles: true, cancelable: true });
      document.body.dispatchEvent(event);
      return event.defaultPrevented;
    };
    expect([key(), undone]).toEqual([true, 1]);
    document.body.innerHTML = '<div role="dialog" data-state="open"></div>';
    expect([key(), undone]).toEqual([false, 1]);
  });
});

test('F6 goes round the regions', () => {
  document.body.innerHTML = `
    <header data-region><button id="a">a</button></header>
    <nav data-region><button id="b">b</button><button id="c" aria-current="page">c</button></nav>
    <section data-region tabindex="-1" id="d"></section>`;
  for (const region of document.querySelectorAll<HTMLElement>('[data-region]'))
    region.getClientRects = () => [{}] as unknown as DOMRectList;
  const visit = (by: 1 | -1): string | undefined => {
    focusRegion(by);
    return document.activeElement?.id;
  };
  expect([visit(1), visit(1), visit(1), visit(1), visit(-1)]).toEqual(['a', 'c', 'd', 'a', 'd']);
});
