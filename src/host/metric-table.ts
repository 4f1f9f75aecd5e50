import type { MetricPoint, Phase } from '../shared/contract/job-protocol.ts';
import { concatenate, decodeChunk, encodeChunk, merge, slice, type SeriesColumns } from './metric-chunks.ts';
import type { ProjectTables } from './project-tables.ts';

/** `time` in ms since 1970, null in projects of older versions; `value` null = none. */
type MetricRow = readonly [step: number, time: number | null, value: number | null, phase: Phase];
type ChunkRow = readonly [first: number, phase: Phase, count: number, points: Uint8Array];

/** Rows of one series that become a chunk. */
const PACKED_FROM = 1024;
/** The same once no more rows are to come soon: a row takes as long to read as fifty points of a chunk. */
const PACKED_AT_END_FROM = 64;
/** Most points of a chunk: what is written anew when a resumed run repeats steps of it. */
const CHUNK_POINTS = 4096;

const columnsOf = (rows: readonly MetricRow[]): SeriesColumns => ({
  steps: Float64Array.from(rows, ([step]) => step),
  times: Float64Array.from(rows, ([, time]) => time ?? Number.NaN),
  values: Float64Array.from(rows, ([, , value]) => value ?? Number.NaN),
});

/**
 * The metric series of all runs of a project. New points are rows, so that each is there as soon as it is stored; a thousand of
 * a series become a chunk, which is read some fifty times faster and takes a quarter of the space. A row counts more than a
 * point of the same step in a chunk.
 */
export class MetricTable {
  /** about how many rows each series has; what is not here was not counted yet */
  private readonly loose = new Map<string, number>();
  private chunksAreThere: boolean | null = null;

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
    this.packLongest(run, points);
  }

  /** Names of the series of a run, sorted. */
  names(run: string): string[] {
    // one seek for each name instead of a walk over all points
    const namesIn = (table: string) =>
      this.tables
        .rows<[string]>(
          `WITH RECURSIVE names(series) AS (
             SELECT min(series) FROM ${table} WHERE run = ?
             UNION ALL
             SELECT (SELECT min(series) FROM ${table} WHERE run = ? AND series > names.series) FROM names WHERE names.series IS NOT NULL)
           SELECT series FROM names WHERE series IS NOT NULL`,
          run,
          run,
        )
        .map(([series]) => series);
    const names = new Set([...namesIn('metrics'), ...(this.hasChunks ? namesIn('metric_chunks') : [])]);
    return [...names].sort((a, b) => (a < b ? -1 : 1));
  }

  /** The points of one series by ascending step. */
  series(run: string, series: string): SeriesColumns {
    const rows = this.rowsOf(run, series);
    const chunks = this.chunksOf(run, series);
    const points = merge(concatenate(chunks.map(([, , count, bytes]) => decodeChunk(bytes, count))), columnsOf(rows));
    if (rows.length >= PACKED_FROM && this.tables.isWritable) this.tryToPack(run, series);
    return points;
  }

  /** Makes chunks of what has waited for more rows, at the end of a phase. */
  packRest(run: string): void {
    const sql = 'SELECT series FROM metrics WHERE run = ? GROUP BY series HAVING count(*) >= ?';
    for (const [series] of this.tables.rows<[string]>(sql, run, PACKED_AT_END_FROM)) this.tryToPack(run, series);
  }

  /** Forgets the points of a phase, or all of a run. Part of a transaction of the caller. */
  remove(run: string, phase?: Phase): void {
    const [condition, values] = phase === undefined ? ['run = ?', [run]] : ['run = ? AND phase = ?', [run, phase]];
    for (const table of ['metrics', 'metric_chunks']) this.tables.write(`DELETE FROM ${table} WHERE ${condition}`, ...values);
    this.loose.clear();
  }

  /** false in tables of an older version that are open for reading */
  private get hasChunks(): boolean {
    this.chunksAreThere ??= this.tables.rows("SELECT 1 FROM sqlite_master WHERE name = 'metric_chunks'").length > 0;
    return this.chunksAreThere;
  }

  private rowsOf(run: string, series: string): MetricRow[] {
    const sql = 'SELECT step, time, value, phase FROM metrics WHERE run = ? AND series = ? ORDER BY step';
    return this.tables.rows<MetricRow>(sql, run, series);
  }

  private chunksOf(run: string, series: string, from = -Infinity, to = Infinity): ChunkRow[] {
    if (!this.hasChunks) return [];
    const sql =
      'SELECT first, phase, count, points FROM metric_chunks WHERE run = ? AND series = ? AND last >= ? AND first <= ? ORDER BY first';
    return this.tables.rows<ChunkRow>(sql, run, series, from, to);
  }

  /** Of the series that have got points, packs the one with the most rows, if it has enough: no write has to wait for all of them. */
  private packLongest(run: string, points: readonly MetricPoint[]): void {
    const added = new Map<string, number>();
    for (const { series } of points) added.set(series, (added.get(series) ?? 0) + 1);
    let longest: { series: string; rows: number } | null = null;
    for (const [series, count] of added) {
      const key = `${run}\n${series}`;
      const known = this.loose.get(key);
      const rows = known === undefined ? this.countRows(run, series) : known + count;
      this.loose.set(key, rows);
      if (rows >= PACKED_FROM && rows > (longest?.rows ?? 0)) longest = { series, rows };
    }
    if (longest) this.pack(run, longest.series);
  }

  private countRows(run: string, series: string): number {
    return this.tables.rows<[number]>('SELECT count(*) FROM metrics WHERE run = ? AND series = ?', run, series)[0]?.[0] ?? 0;
  }

  /** Makes chunks of all rows of a series, and anew those whose steps they repeat. */
  private pack(run: string, series: string): void {
    const rows = this.rowsOf(run, series);
    if (rows.length === 0) return;
    const overlapping = this.chunksOf(run, series, rows[0][0], rows[rows.length - 1][0]);
    const phases = new Map<number, Phase>();
    const older = overlapping.map(([, phase, count, bytes]) => {
      const points = decodeChunk(bytes, count);
      for (const step of points.steps) phases.set(step, phase);
      return points;
    });
    for (const [step, , , phase] of rows) phases.set(step, phase);
    const points = merge(concatenate(older), columnsOf(rows));
    this.tables.atomically(() => {
      for (const [first] of overlapping)
        this.tables.write('DELETE FROM metric_chunks WHERE run = ? AND series = ? AND first = ?', run, series, first);
      this.insert(run, series, points, (step) => phases.get(step)!);
      this.tables.write('DELETE FROM metrics WHERE run = ? AND series = ?', run, series);
    });
    this.loose.set(`${run}\n${series}`, 0);
  }

  /** Pieces of one phase each, in the order of steps. */
  private insert(run: string, series: string, points: SeriesColumns, phaseOf: (step: number) => Phase): void {
    const { steps } = points;
    for (let from = 0; from < steps.length;) {
      const phase = phaseOf(steps[from]);
      let to = from + 1;
      while (to < steps.length && to - from < CHUNK_POINTS && phaseOf(steps[to]) === phase) to++;
      const piece = slice(points, from, to);
      this.tables.write(
        'INSERT INTO metric_chunks (run, series, first, last, phase, count, points) VALUES (?, ?, ?, ?, ?, ?, ?)',
        run,
        series,
        steps[from],
        steps[to - 1],
        phase,
        to - from,
        encodeChunk(piece),
      );
      from = to;
    }
  }

  /** For the next reading. Projects of before there were chunks have rows alone: whoever reads them first packs them. */
  private tryToPack(run: string, series: string): void {
    try {
      this.pack(run, series);
    } catch {
      // nothing is lost: a full disk is told by whoever has something to store
    }
  }
}
