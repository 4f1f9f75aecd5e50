/**
 * Stores a value some time after its last change: one call at a time, and again when it changed meanwhile. A failed call is
 * not repeated by itself; the next change or `flush` tries again.
 */
export type SaveState = 'saved' | 'unsaved' | 'saving' | 'failed';

export interface SaverOptions {
  /** ms after the last change */
  delay: number;
  save: () => Promise<void>;
  onState: (state: SaveState, error: unknown) => void;
}

export class DraftSaver {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: Promise<void> | null = null;
  private dirty = false;

  constructor(private readonly options: SaverOptions) {}

  /** Something is not stored yet, or is being stored. */
  get pending(): boolean {
    return this.dirty || this.running !== null;
  }

  /** The value changed. */
  touch(): void {
    this.dirty = true;
    this.options.onState('unsaved', null);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), this.options.delay);
  }

  /** The value was replaced by the stored one: there is nothing left to store. */
  settle(): void {
    this.dirty = false;
    clearTimeout(this.timer);
    this.options.onState('saved', null);
  }

  /** Stores now; resolves when everything is stored or has failed. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    while (this.running || this.dirty) {
      if (this.running) {
        await this.running;
        continue;
      }
      this.running = this.once();
      const went = this.running;
      await went;
      if (this.failed) return;
    }
  }

  private failed = false;
  private async once(): Promise<void> {
    this.dirty = false;
    this.failed = false;
    this.options.onState('saving', null);
    try {
      await this.options.save();
      if (!this.dirty) this.options.onState('saved', null);
    } catch (error) {
      this.failed = true;
      this.dirty = true;
      this.options.onState('failed', error);
    } finally {
      this.running = null;
    }
  }
}
