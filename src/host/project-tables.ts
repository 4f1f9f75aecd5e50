/** Values that SQLite takes from us. */
export type SqlValue = string | number | null | Uint8Array;

/** What the table classes of a project work with; every call throws WorkbenchError with a sentence for people. */
export interface ProjectTables {
  readonly isWritable: boolean;
  write(sql: string, ...values: SqlValue[]): void;
  all<T>(sql: string, ...values: SqlValue[]): T[];
  /** Rows as arrays, for many of them. */
  rows<T extends readonly SqlValue[]>(sql: string, ...values: SqlValue[]): T[];
  /** Writes all rows, or none. */
  writeMany(sql: string, rows: Iterable<readonly SqlValue[]>): void;
  /** Does all that an action writes, or, when it throws, nothing. */
  atomically(action: () => void): void;
}
