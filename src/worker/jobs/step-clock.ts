import type { Reporter } from './reporter.ts';

/** Steps that one point of the metrics stands for. */
const WINDOW = 10;
const TITLES = { pretrain: 'Float training', supernet: 'Supernet training' } as const;

/** Sums over some steps, ms. */
interface Times {
  steps: number;
  total: number;
  idle: number;
}
const none = (): Times => ({ steps: 0, total: 0, idle: 0 });

/**
 * Measures what the steps of a training take and for which share of that nothing is computed because a batch is waited for or
 * made into tensors. Checkpoints, evaluations and pauses lie between the steps and do not count.
 *
 * Every tenth step notes `PHASE/ms/step`, the mean of the steps since the last note, and `PHASE/idle-share`, 0..1 of it.
 */
export class StepClock {
  private window = none();
  private readonly all = none();
  /** index of the step done last */
  private last = 0;

  /**
   * @param idleSoFar milliseconds waited and fed until now, in all
   * @param now       milliseconds
   */
  constructor(
    private readonly phase: keyof typeof TITLES,
    private readonly reporter: Pick<Reporter, 'metric' | 'send'>,
    private readonly idleSoFar: () => number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Runs a step, the wait for its batch included. A step that fails or is given up does not count. */
  async step<T>(index: number, work: () => Promise<T>): Promise<T> {
    const [started, idle] = [this.now(), this.idleSoFar()];
    const result = await work();
    const [took, waited] = [this.now() - started, this.idleSoFar() - idle];
    for (const times of [this.window, this.all]) {
      times.steps++;
      times.total += took;
      times.idle += waited;
    }
    this.last = index;
    if (this.window.steps === WINDOW) this.note();
    return result;
  }

  /** Notes the steps since the last note and says in the run's log what all of them took. */
  end(): void {
    if (this.window.steps > 0) this.note();
    const { steps, total, idle } = this.all;
    if (steps === 0) return;
    const share = total > 0 ? (100 * idle) / total : 0;
    const counted = steps === 1 ? 'one step' : `${steps.toLocaleString('en-US')} steps`;
    const text = `${TITLES[this.phase]}: ${counted} of ${(total / steps).toFixed(1)} ms on average, ${share.toFixed(1)} % of it waiting for images.`;
    this.reporter.send({ type: 'log', text });
  }

  private note(): void {
    const { steps, total, idle } = this.window;
    this.reporter.metric(`${this.phase}/ms/step`, this.last, total / steps);
    this.reporter.metric(`${this.phase}/idle-share`, this.last, total > 0 ? idle / total : 0);
    this.window = none();
  }
}
