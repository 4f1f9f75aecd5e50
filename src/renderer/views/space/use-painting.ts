/**
 * Painting with the mouse: a click switches one bit-width, dragging allows a range (also over rows), Shift works on the
 * column in all layers, Alt takes out. Nothing is stored before the button is let go.
 */
import { computed, shallowRef, type Ref } from 'vue';
import { areaBetween, bitsOf, targetOf, type Area, type Place } from './matrix-area.ts';
import { cellOf, columnOf, type Row } from './matrix-rows.ts';
import type { Paint } from './space-edits.ts';
import type { SpaceModel } from './use-space.ts';

interface Drag {
  start: Place;
  end: Place;
  /** Shift: all layers */
  everywhere: boolean;
  /** Alt: takes out */
  remove: boolean;
  moved: boolean;
  /** rows as they were: what a click does depends on them and not on what is shown meanwhile */
  rows: readonly Row[];
}

/** @param onStart is told where painting begins */
export function usePainting(root: Readonly<Ref<HTMLElement | null>>, model: SpaceModel, onStart: (place: Place) => void) {
  const drag = shallowRef<Drag | null>(null);
  const area = computed<Area | null>(() => {
    const now = drag.value;
    const found = now && areaBetween(now.start, now.end);
    return found && now.everywhere ? { ...found, top: 0, bottom: now.rows.length - 1 } : found;
  });

  function placeAt(event: PointerEvent): Place | null {
    const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>('[data-column]');
    if (!cell || !root.value?.contains(cell)) return null;
    return { row: Number(cell.dataset.row), column: Number(cell.dataset.column) };
  }
  function paint(): Paint | null {
    const [now, found] = [drag.value, area.value];
    const at = now && columnOf(now.start.column);
    if (!now || !found || !at) return null;
    const on = !now.remove && (now.moved || cellOf(now.rows[now.everywhere ? 0 : now.start.row], at.axis, at.bits) !== 'on');
    return { target: now.everywhere ? 'all' : targetOf(now.rows, found), axis: found.axis, bits: bitsOf(found), on };
  }
  function end(): void {
    drag.value = null;
    model.tryPaint(null);
  }

  function onDown(event: PointerEvent): void {
    if (event.button !== 0) return;
    const place = placeAt(event);
    const at = place && columnOf(place.column);
    if (!place || !at) return;
    event.preventDefault();
    onStart(place);
    const rows = model.rows.value;
    if (rows[place.row].locked[at.axis]) return;
    root.value?.setPointerCapture(event.pointerId);
    drag.value = { start: place, end: place, everywhere: event.shiftKey, remove: event.altKey, moved: false, rows };
    model.tryPaint(paint());
  }
  function onMove(event: PointerEvent): void {
    const now = drag.value;
    const place = now && placeAt(event);
    if (!now || !place || columnOf(place.column)?.axis !== columnOf(now.start.column)?.axis) return;
    // the row of the network is edited alone, and layers without it
    const row = now.start.row === 0 || now.everywhere ? now.start.row : Math.max(1, place.row);
    if (row === now.end.row && place.column === now.end.column) return;
    drag.value = { ...now, end: { row, column: place.column }, moved: row !== now.start.row || place.column !== now.start.column };
    model.tryPaint(paint());
  }
  function onUp(): void {
    const what = paint();
    end();
    if (what) model.paint(what);
  }

  return { drag, area, end, onDown, onMove, onUp };
}
