/** Undo and redo of whole values: each entry keeps the value before and after one edit. */
export interface Edit<Value> {
  /** what was done, for people */
  label: string;
  before: Value;
  after: Value;
  /** edits with the same key that follow each other closely become one */
  merge: string | null;
  time: number;
}

/** ms within which edits with the same merge key become one */
const MERGE_MS = 700;
const MAX_EDITS = 200;

export class DraftHistory<Value> {
  readonly done: Edit<Value>[] = [];
  readonly undone: Edit<Value>[] = [];

  /** Remembers an edit; everything that was undone is forgotten. */
  push(label: string, before: Value, after: Value, merge: string | null, time: number): void {
    const last = this.done.at(-1);
    this.undone.length = 0;
    if (last && merge !== null && last.merge === merge && time - last.time < MERGE_MS) {
      last.after = after;
      last.time = time;
      return;
    }
    this.done.push({ label, before, after, merge, time });
    if (this.done.length > MAX_EDITS) this.done.shift();
  }
  /** @returns the value before the last edit; undefined when there is none */
  undo(): Value | undefined {
    const edit = this.done.pop();
    if (!edit) return undefined;
    edit.merge = null;
    this.undone.push(edit);
    return edit.before;
  }
  /** @returns the value after the edit that was undone last; undefined when there is none */
  redo(): Value | undefined {
    const edit = this.undone.pop();
    if (!edit) return undefined;
    this.done.push(edit);
    return edit.after;
  }
  clear(): void {
    this.done.length = 0;
    this.undone.length = 0;
  }
}
