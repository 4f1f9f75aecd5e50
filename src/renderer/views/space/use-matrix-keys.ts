/** Which cell of the matrix has the focus, what is selected by keys, and what the keys do. */
import { computed, nextTick, ref, shallowRef, watch, type Ref } from 'vue';
import { ALL_BITS } from '../../../shared/domain/form.ts';
import { runAction } from '../../actions/registry.ts';
import { areaBetween, bitsOf, targetOf, type Area, type Place } from './matrix-area.ts';
import { cellOf, columnIndex, columnOf, MARK_COLUMN, NAME_COLUMN } from './matrix-rows.ts';
import type { SpaceModel } from './use-space.ts';

const MOVES: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

interface Hooks {
  /** ends what the mouse does; false when it does nothing */
  stopPainting: () => boolean;
  choose: (layer: string) => void;
}

export function useMatrixKeys(root: Readonly<Ref<HTMLElement | null>>, model: SpaceModel, { stopPainting, choose }: Hooks) {
  const rows = model.rows;
  const wanted = ref<Place>({ row: 0, column: columnIndex('weightBits', ALL_BITS[0]) });
  /** The last column that can have the focus in a row. */
  const lastColumn = (row: number): number => (rows.value[row]?.overridden ? MARK_COLUMN : MARK_COLUMN - 1);
  /** the cell that has or takes the focus: rows may have gone, and marks with their overrides */
  const focus = computed<Place>(() => {
    const row = Math.max(0, Math.min(wanted.value.row, rows.value.length - 1));
    return { row, column: Math.min(wanted.value.column, lastColumn(row)) };
  });
  /** where the selection began; null without one */
  const anchor = shallowRef<Place | null>(null);
  const selected = computed<Area | null>(() => anchor.value && areaBetween(anchor.value, focus.value));
  watch(model.view, () => {
    anchor.value = null;
    wanted.value = { ...wanted.value, row: 0 };
  });

  function setFocus(place: Place): void {
    wanted.value = place;
    void nextTick(() => {
      const { row, column } = focus.value;
      root.value?.querySelector<HTMLElement>(`[data-row="${row}"][data-column="${column}"]`)?.focus();
    });
  }
  function onFocusIn(event: FocusEvent): void {
    const cell = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>('[data-column]') : null;
    if (cell) wanted.value = { row: Number(cell.dataset.row), column: Number(cell.dataset.column) };
  }
  function clear(): void {
    anchor.value = null;
  }

  function step(down: number, right: number): void {
    const { row, column } = focus.value;
    clear();
    const next = Math.max(0, Math.min(rows.value.length - 1, row + down));
    setFocus({ row: next, column: Math.max(NAME_COLUMN, Math.min(lastColumn(next), column + right)) });
  }
  /** The selection stays in its axis, and either in the row of the network or in those of layers. */
  function extend(down: number, right: number): void {
    const from = anchor.value ?? focus.value;
    const row = from.row === 0 ? 0 : Math.max(1, Math.min(rows.value.length - 1, focus.value.row + down));
    const next = { row, column: focus.value.column + right };
    if (!areaBetween(from, next)) return;
    anchor.value = from;
    setFocus(next);
  }

  /** Switches bit-widths in the selection, or in all layers: on, unless all of them are on. */
  function switchBits(bits: number[] | null, everywhere: boolean): boolean {
    const area = selected.value ?? areaBetween(focus.value, focus.value);
    if (!area) return false;
    const what = bits ?? bitsOf(area);
    const among = everywhere ? rows.value.slice(0, 1) : rows.value.slice(area.top, area.bottom + 1).filter((row) => !row.locked[area.axis]);
    if (among.length === 0) return true;
    const on = among.some((row) => what.some((each) => cellOf(row, area.axis, each) !== 'on'));
    model.paint({ target: everywhere ? 'all' : targetOf(rows.value, area), axis: area.axis, bits: what, on });
    return true;
  }
  function resetRows(top: number, bottom = top): void {
    model.reset(rows.value.slice(top, bottom + 1).flatMap(({ layers }) => layers));
    // a button that had the focus is gone with its override
    setFocus(focus.value);
  }
  /** Keeps the rows of the selection at 8 bits, or frees them where all of them are kept. */
  function pinRows(): boolean {
    const { row } = focus.value;
    const among = rows.value.slice(selected.value?.top ?? row, (selected.value?.bottom ?? row) + 1).filter(({ layers }) => layers.length);
    model.pin(
      among.flatMap(({ layers }) => layers),
      !among.every(({ pinned }) => pinned),
    );
    return true;
  }
  function chooseRow(row: number): boolean {
    const { layers } = rows.value[row];
    if (layers.length === 1) choose(layers[0]);
    return layers.length === 1;
  }
  function escape(): boolean {
    if (stopPainting()) return true;
    if (!anchor.value) return false;
    clear();
    return true;
  }

  /** @returns whether the key meant something */
  function act(event: KeyboardEvent, command: boolean): boolean {
    const { row, column } = focus.value;
    const { key } = event;
    const onButton = event.target instanceof HTMLButtonElement;
    if (key in MOVES) {
      const extends_ = event.shiftKey && columnOf(column) !== null;
      (extends_ ? extend : step)(...MOVES[key]);
    } else if (key === 'Home') setFocus(command ? { row: 0, column } : { row, column: NAME_COLUMN });
    else if (key === 'End') setFocus(command ? { row: rows.value.length - 1, column } : { row, column: lastColumn(row) });
    else if (/^[2-8]$/.test(key)) return switchBits([Number(key)], false);
    else if (key.toLowerCase() === 'f' && !event.shiftKey) return pinRows();
    else if (key === ' ') return !onButton && switchBits(null, command);
    else if (key === 'Enter') return !onButton && chooseRow(row);
    else if (key === 'Delete' || key === 'Backspace') resetRows(selected.value?.top ?? row, selected.value?.bottom ?? row);
    else if (key === '[' || key === ']') return runAction(key === '[' ? 'layer.previous' : 'layer.next');
    else return key === 'Escape' && escape();
    return true;
  }
  /**
   * Arrows move, with Shift they extend the selection; digits switch that bit-width, Space what is selected, Ctrl+Space the
   * column in all layers; F keeps the rows at 8 bits or frees them; Delete resets the rows; Enter shows the layer; Esc ends painting or the selection.
   */
  function onKey(event: KeyboardEvent): void {
    const command = event.ctrlKey || event.metaKey;
    // on some keyboards brackets are typed with Alt or AltGr
    const bracket = event.key === '[' || event.key === ']';
    if (rows.value.length === 0 || (event.altKey && !bracket) || (command && !bracket && !['Home', 'End', ' '].includes(event.key))) return;
    if (!act(event, command)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  return { focus, selected, setFocus, clear, onFocusIn, onKey, resetRows, chooseRow };
}
