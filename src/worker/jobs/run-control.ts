import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { Phase, WorkerMessage } from '../../shared/contract/job-protocol.ts';

/** What a training phase lends out for its duration: `save` writes a checkpoint (and reports it) of the steps done so far. */
export interface Trainable {
  save(): Promise<void>;
}

/**
 * What a person asked of the work that is going on: stop, hold, go on, write a checkpoint, take the training for finished.
 * Work asks here between its units; nothing here changes what it computes.
 */
export class RunControl {
  private stopping = false;
  private holding = false;
  private told = false;
  private finishing = false;
  private snapshots = false;
  private wake: (() => void) | null = null;
  private phase: Phase | null = null;
  /** whether the running phase has steps to train: then snapshots and `finish` wait for the end of one */
  private stepsAhead = false;
  private training: Trainable | null = null;
  private heldMs = 0;

  /**
   * @param send to the host
   * @param done units of a phase that are stored; for snapshots of phases that store each unit as it comes
   */
  constructor(
    private readonly send: (message: WorkerMessage) => void,
    private readonly done: (phase: Phase) => number,
  ) {}

  /** Whether a phase waits for `resume`. */
  get paused(): boolean {
    return this.told;
  }

  /** Milliseconds that work has been held, in all. */
  get heldMilliseconds(): number {
    return this.heldMs;
  }

  begin(phase: Phase): void {
    this.phase = phase;
    this.stepsAhead = phase === 'pretrain' || phase === 'supernet';
    this.finishing = false;
    this.snapshots = false;
  }

  end(): void {
    this.phase = null;
    this.training = null;
    this.stepsAhead = false;
  }

  train(training: Trainable): void {
    this.training = training;
  }

  /** The steps are over and their checkpoint is written; what is left of the phase only measures. */
  trained(): void {
    this.training = null;
    this.stepsAhead = false;
    this.finishing = false;
    this.tellStored();
  }

  stop(): void {
    this.stopping = true;
    this.wake?.();
  }

  pause(): void {
    this.holding = true;
    if (this.told) this.send({ type: 'paused' });
  }

  resume(): void {
    this.holding = false;
    if (this.told) this.wake?.();
    else this.send({ type: 'resumed' });
  }

  snapshot(): void {
    this.snapshots = true;
    if (this.stepsAhead) this.wake?.();
    else this.tellStored();
  }

  /** Behind its steps a training phase has nothing to cut short; without a phase there is nothing to finish. */
  finish(): void {
    if (this.stepsAhead) {
      this.finishing = true;
      this.wake?.();
    } else if (this.phase && this.phase !== 'pretrain' && this.phase !== 'supernet') this.stop();
  }

  /** Lets messages in, inside a step that must be completed unless the run is stopped. @throws WorkbenchError `stopped` */
  readonly insideStep = async (): Promise<void> => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.checkStop();
  };

  /** Lets messages in, and holds while a person wants it. @throws WorkbenchError `stopped` when the host asked to stop */
  readonly breathe = async (): Promise<void> => {
    await this.insideStep();
    if (!this.holding) return;
    const since = performance.now();
    this.told = true;
    this.send({ type: 'paused' });
    try {
      while (this.holding && !this.finishing) {
        await new Promise<void>((resolve) => (this.wake = resolve));
        this.checkStop();
        await this.saveIfAsked();
      }
    } finally {
      this.told = false;
      this.wake = null;
      this.heldMs += performance.now() - since;
    }
    this.holding = false;
    this.send({ type: 'resumed' });
  };

  /**
   * The end of a training step: as `breathe`, and writes the checkpoint that a person asked for.
   * @returns whether to go on; false when the training is to count as finished
   */
  async stepBorder(): Promise<boolean> {
    await this.breathe();
    await this.saveIfAsked();
    return !this.finishing;
  }

  private checkStop(): void {
    if (this.stopping) throw new WorkbenchError('stopped', 'The run was stopped at your request; continue it with --resume.');
  }

  private async saveIfAsked(): Promise<void> {
    if (!this.snapshots || !this.training) return;
    this.snapshots = false;
    await this.training.save();
  }

  /** Units are stored as they come, and behind the last step its checkpoint is there: nothing needs to be written. */
  private tellStored(): void {
    if (!this.snapshots) return;
    this.snapshots = false;
    const phase = this.phase ?? 'pretrain';
    this.send({ type: 'checkpoint', phase, step: this.done(phase) });
  }
}
