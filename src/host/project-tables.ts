/** Values that SQLite takes from us. */
export type SqlValue = string | number | null;

/** What the table classes of a project work with; every call throws WorkbenchError with a sentence for people. */
export interface ProjectTables {
  write(sql: string, ...values: SqlValue[]): void;
  all<T>(sql: string, ...values: SqlValue[]): T[];
  /** Rows as arrays, for many of them. */
  rows<T extends readonly SqlValue[]>(sql: string, ...values: SqlValue[]): T[];
  /** Writes all rows, or none. */
  writeMany(sql: string, rows: Iterable<readonly SqlValue[]>): void;
}
