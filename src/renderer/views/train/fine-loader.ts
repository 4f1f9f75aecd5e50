import type { StepRange } from '../../charts/zoom.ts';

/** How many times wider than what is shown finer points may reach before they are too coarse. */
const MOST_WIDER = 3;

interface Source {
  /** brings the points of a range. @returns whether all of them came */
  bring: (range: StepRange) => Promise<boolean>;
  forget: () => void;
  fail: (error: unknown) => void;
}

/**
 * Has the points of what is zoomed into brought, with as much again around it, so that the next page is there already. One request
 * at a time: whoever turns a wheel asks for the range where it has come to a rest, and for few of those before.
 */
export class FineLoader {
  private wanted: StepRange | null = null;
  private have: { range: StepRange; exact: boolean } | null = null;
  /** asked for again when something else is wanted, not by itself */
  private failed: StepRange | null = null;
  private busy = false;

  constructor(private readonly source: Source) {}

  /** What is shown now; null = the whole run, for which the coarse points do. */
  want(range: StepRange | null): void {
    this.wanted = range;
    if (!this.busy) void this.pump();
  }

  /** What was brought is not there any more, or belongs to something else. */
  reset(): void {
    this.forget();
    this.failed = null;
    this.want(this.wanted);
  }

  private async pump(): Promise<void> {
    this.busy = true;
    try {
      while (this.wanted && !this.isEnough(this.wanted) && !this.hasFailed(this.wanted)) {
        const { from, to } = this.wanted;
        this.failed = this.wanted;
        const around = { from: from - (to - from) / 2, to: to + (to - from) / 2 };
        const have = { range: around, exact: false };
        this.have = have;
        have.exact = await this.source.bring(around);
        this.failed = null;
      }
      if (!this.wanted) this.forget();
    } catch (error) {
      this.have = null;
      this.source.fail(error);
    } finally {
      this.busy = false;
    }
  }

  private forget(): void {
    if (this.have) this.source.forget();
    this.have = null;
  }

  private hasFailed({ from, to }: StepRange): boolean {
    return from === this.failed?.from && to === this.failed.to;
  }

  private isEnough({ from, to }: StepRange): boolean {
    if (!this.have || from < this.have.range.from || to > this.have.range.to) return false;
    return this.have.exact || this.have.range.to - this.have.range.from <= MOST_WIDER * (to - from);
  }
}
