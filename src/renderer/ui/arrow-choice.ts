const ARROWS = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']);

/**
 * Attributes for the root of a Reka radio group, `v-bind="arrowChoice()"`: an arrow key chooses what it moves the focus to.
 *
 * Reka does that from a timer, and only while the key is still down, so a quick press moves the focus and chooses nothing.
 * Reka moves the focus in a microtask, before the key press bubbles: it has to be seen on its way down.
 */
export function arrowChoice() {
  let byArrow = false;
  return {
    onKeydownCapture: ({ key }: KeyboardEvent) => {
      byArrow = ARROWS.has(key);
    },
    onPointerdownCapture: () => {
      byArrow = false;
    },
    onFocusin: ({ target }: FocusEvent) => {
      if (byArrow && target instanceof HTMLElement && target.getAttribute('role') === 'radio') target.click();
      byArrow = false;
    },
  };
}
