import type { SearchPoints } from '../../shared/contract/look.ts';

/** Points of one run that are kept while it searches; a finished search has its own selection. */
const MOST_POINTS = 5000;

/** What running searches have looked at, for windows that come later. */
export class ExploredPoints {
  private readonly rounds = new Map<string, SearchPoints[]>();

  add(project: string, run: string, round: SearchPoints): void {
    const key = `${project}\n${run}`;
    const kept = [...(this.rounds.get(key) ?? []), round];
    let points = kept.reduce((sum, { points: some }) => sum + some.length, 0);
    while (points > MOST_POINTS && kept.length > 1) points -= kept.shift()!.points.length;
    this.rounds.set(key, kept);
  }

  of(project: string, run: string): SearchPoints[] {
    return this.rounds.get(`${project}\n${run}`) ?? [];
  }

  forget(project: string, run: string): void {
    this.rounds.delete(`${project}\n${run}`);
  }
}
