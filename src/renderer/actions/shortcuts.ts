/** From key presses to actions. */
import { ACTIONS } from '../../shared/actions.ts';
import { isEnabled, runAction } from './registry.ts';

type KeyPress = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

const NAMED: Readonly<Record<string, string>> = { Left: 'arrowleft', Right: 'arrowright', Up: 'arrowup', Down: 'arrowdown', Space: ' ' };

/** Whether a key press is an accelerator such as `CmdOrCtrl+Shift+P`. */
export function matches(accelerator: string, press: KeyPress, mac: boolean): boolean {
  const parts = accelerator.split('+');
  const key = parts.pop() ?? '';
  const wants = (name: string): boolean => parts.includes(name);
  const command = mac ? press.metaKey : press.ctrlKey;
  const other = mac ? press.ctrlKey : press.metaKey;
  if (command !== wants('CmdOrCtrl') || other || press.altKey !== wants('Alt')) return false;
  // `?` and `/` are typed with Shift on some keyboards
  const symbol = key.length === 1 && !/[a-z0-9]/i.test(key);
  if (!symbol && press.shiftKey !== wants('Shift')) return false;
  const wanted = NAMED[key] ?? key.toLowerCase();
  if (press.key.toLowerCase() === wanted) return true;
  // with Alt or another layout the key may type something else: letters and digits also go by their place
  return /^[a-z]$/.test(wanted)
    ? press.altKey && press.code === `Key${wanted.toUpperCase()}`
    : /^\d$/.test(wanted) && press.code === `Digit${wanted}`;
}

const EDITABLE = 'input, textarea, select, [contenteditable="true"]';
/** what a text field does itself */
const OWN_IN_TEXT = new Set(['edit.undo', 'edit.redo', 'go.back', 'go.forward']);

/** The action that a key press asks for, given where the focus is; null for none. */
export function actionFor(press: KeyPress, target: EventTarget | null, mac: boolean): string | null {
  const editable =
    target instanceof Element && target.matches(EDITABLE) && !target.matches('input[type="checkbox"], input[type="radio"], [readonly]');
  for (const action of ACTIONS) {
    const accelerators = [action.accelerator, ...(action.also ?? [])].filter((text) => text !== undefined);
    const found = accelerators.find((accelerator) => matches(accelerator, press, mac));
    if (found === undefined) continue;
    if (editable && (OWN_IN_TEXT.has(action.id) || !/^(CmdOrCtrl|Alt)\+|^F\d/.test(found))) return null;
    return action.id;
  }
  return null;
}

/** Listens to the whole window. @returns ends it */
export function listenForShortcuts(isMac: () => boolean): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing) return;
    const id = actionFor(event, event.target, isMac());
    if (id === null) return;
    // behind an open dialog nothing else may happen
    const modal = document.querySelector('[role="dialog"][data-state="open"]');
    if (modal && id !== 'view.theme' && id !== 'view.palette') return;
    // Ctrl+S, Ctrl+1 and the like must not fall through to the browser, also where there is nothing to do
    event.preventDefault();
    if (isEnabled(id)) runAction(id);
  };
  window.addEventListener('keydown', onKey);
  return () => window.removeEventListener('keydown', onKey);
}
