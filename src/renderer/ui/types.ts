/** One choice of a select, a segmented control or a list. */
export interface Option<Value extends string | number = string> {
  value: Value;
  label: string;
  /** a second line or a unit */
  hint?: string;
  disabled?: boolean;
}

export type Tone = 'neutral' | 'ok' | 'warn' | 'err' | 'accent';

/** A line of a menu. */
export interface MenuItem {
  id: string;
  label: string;
  /** as shown, e.g. `Ctrl+Z` */
  shortcut?: string;
  disabled?: boolean;
  danger?: boolean;
  /** shows a tick where true and keeps its room where false */
  checked?: boolean;
}
export type MenuEntry = MenuItem | 'separator';

/** A column of a table over rows of one type. */
export interface Column<Row> {
  key: string;
  /** heading, with the unit: `Size, kB` */
  title: string;
  align?: 'left' | 'right';
  /** a track of a CSS grid: `120px`, `minmax(80px, 1fr)` */
  width?: string;
  /** what it is sorted by; a column without one cannot be sorted. null and NaN come last in both directions */
  sort?: (row: Row) => string | number | null;
  /** first press sorts descending (accuracy) */
  descendingFirst?: boolean;
  /** text of a cell; the slot `cell-KEY` takes its place where there is one */
  format?: (row: Row) => string;
  /** ids, JSON, commands */
  mono?: boolean;
  /** left out while the table is narrower than this, px */
  hideBelow?: number;
}

export interface SortOrder {
  key: string;
  descending: boolean;
}
