/** Values of cells placed in rows and columns; null where there is no cell. */
export function heatOf<Row, Column, Cell>(
  rows: readonly Row[],
  columns: readonly Column[],
  cells: readonly Cell[],
  rowOf: (cell: Cell) => Row,
  columnOf: (cell: Cell) => Column,
  value: (cell: Cell) => number,
): (number | null)[][] {
  return rows.map((row) =>
    columns.map((column) => {
      const cell = cells.find((each) => rowOf(each) === row && columnOf(each) === column);
      return cell === undefined ? null : value(cell);
    }),
  );
}
