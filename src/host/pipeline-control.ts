/** What a pipeline lets others do to the phase that is running. */
export interface Steered {
  pause(): void;
  resume(): void;
  snapshot(): void;
  finish(): void;
}

/** Steers a pipeline from outside, at any time: before its worker is there, in a phase, and between two phases. */
export class PipelineControl implements Steered {
  private target: Steered | null = null;
  private gate: { passed: Promise<void>; open: () => void } | null = null;
  private ending = false;

  /** Whether the phase that is running is the last one. */
  get finishing(): boolean {
    return this.ending;
  }

  /** Holds the pipeline at the end of its current step, or before its next phase. */
  pause(): void {
    if (this.gate || this.ending) return;
    let open = () => {};
    const passed = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.gate = { passed, open };
    this.target?.pause();
  }

  resume(): void {
    this.gate?.open();
    this.gate = null;
    this.target?.resume();
  }

  /** Writes a checkpoint at the end of the current step and goes on. */
  snapshot(): void {
    this.target?.snapshot();
  }

  /** Takes training as it is now for finished, and ends the pipeline before the next phase; stops any other phase. */
  finish(): void {
    this.ending = true;
    this.gate?.open();
    this.gate = null;
    this.target?.finish();
  }

  /** The session that is steered from now on; null at its end. */
  attach(target: Steered | null): void {
    this.target = target;
  }

  /** Waits here, before a phase, while the pipeline is to be held. */
  async passage(tell: (state: 'paused' | 'resumed') => void, signal?: AbortSignal): Promise<void> {
    const { gate } = this;
    if (!gate || signal?.aborted) return;
    tell('paused');
    const stop = () => this.resume();
    signal?.addEventListener('abort', stop);
    await gate.passed;
    signal?.removeEventListener('abort', stop);
    tell('resumed');
  }
}
