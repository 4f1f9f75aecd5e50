/** F6 and Shift+F6: from one region of the window to the next (title bar, rail, head, panels, status bar). */

const FOCUSABLE = 'button:not([disabled]), [href], input:not([disabled]), [tabindex="0"]';

/** Puts the focus on the next region in document order, round the ends. */
export function focusRegion(by: 1 | -1, root: ParentNode = document): void {
  const regions = [...root.querySelectorAll<HTMLElement>('[data-region]')].filter((region) => region.getClientRects().length > 0);
  if (regions.length === 0) return;
  const holder = document.activeElement?.closest<HTMLElement>('[data-region]') ?? null;
  const at = holder ? regions.indexOf(holder) : by > 0 ? -1 : 0;
  const next = regions[(at + by + regions.length) % regions.length];
  const inside = next.querySelector<HTMLElement>('[aria-current="page"]') ?? next.querySelector<HTMLElement>(FOCUSABLE);
  (inside ?? next).focus();
}
