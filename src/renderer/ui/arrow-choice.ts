const ARROWS = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']);

/**
 * Listeners for the root of a Reka radio group, `v-on="arrowChoice()"`: an arrow key chooses what it moves the focus to.
 *
 * Reka does that from a timer, and only while the key is still down, so a quick press moves the focus and chooses nothing.
 */
export function arrowChoice() {
  let byArrow = false;
  return {
    keydown: ({ key }: KeyboardEvent) => {
      byArrow = ARROWS.has(key);
    },
    pointerdown: () => {
      byArrow = false;
    },
    focusin: ({ target }: FocusEvent) => {
      if (byArrow && target instanceof HTMLElement && target.getAttribute('role') === 'radio') target.click();
      byArrow = false;
    },
  };
}
