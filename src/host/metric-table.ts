import type { MetricPoint, Phase } from '../shared/contract/job-protocol.ts';
import type { ProjectTables } from './project-tables.ts';

/** One point as it is stored; `time` in ms since 1970, null in projects of older versions; `value` null = none. */
export type MetricRow = readonly [step: number, time: number | null, value: number | null];

/** The metric series of all runs of a project. */
export class MetricTable {
  constructor(private readonly tables: ProjectTables) {}

  /**
   * Stores values; a step that is done again replaces its earlier value. NaN and infinity become null.
   * @param time ms since 1970
   */
  put(run: string, phase: Phase, points: readonly MetricPoint[], time: number): void {
    this.tables.writeMany(
      `INSERT INTO metrics (run, series, step, phase, value, time) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value, phase = excluded.phase, time = excluded.time`,
      points.map(({ series, step, value }) => [run, series, step, phase, Number.isFinite(value) ? value : null, time]),
    );
  }

  /** Names of the series of a run, sorted. */
  names(run: string): string[] {
    // one seek for each name instead of a walk over all points
    return this.tables
      .rows<[string]>(
        `WITH RECURSIVE names(series) AS (
           SELECT min(series) FROM metrics WHERE run = ?
           UNION ALL
           SELECT (SELECT min(series) FROM metrics WHERE run = ? AND series > names.series) FROM names WHERE names.series IS NOT NULL)
         SELECT series FROM names WHERE series IS NOT NULL`,
        run,
        run,
      )
      .map(([series]) => series);
  }

  /** The points of one series by ascending step. */
  series(run: string, series: string): MetricRow[] {
    return this.tables.rows<MetricRow>('SELECT step, time, value FROM metrics WHERE run = ? AND series = ? ORDER BY step', run, series);
  }
}
