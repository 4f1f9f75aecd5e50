/** Metric series of a run as the interface asks for them: whole, or as curves with as many points as a chart can show. */
import type { CurveBlock, MetricBlock } from '../../shared/contract/api/views.ts';
import { between, thinned, type ThinCurve } from '../../shared/domain/thinning.ts';
import type { SeriesColumns } from '../metric-chunks.ts';
import { encodeCounts, encodePoints } from './metric-blocks.ts';
import type { OpenProject } from './open-project.ts';

/** Points before a range that come with it: of the strongest smoothing that the charts offer (0.98), 0.003 % is left after so many. */
const POINTS_BEFORE = 512;

/** Series by their names, or by how their names begin; all without either. */
export interface SeriesChoice {
  series?: string[];
  prefixes?: string[];
}

const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Reads one series after the other. Long ones take a while, so others get a turn between them. */
async function readEach<Block>(
  { store: { metricTable } }: OpenProject,
  id: string,
  { series, prefixes = [''] }: SeriesChoice,
  encode: (name: string, points: SeriesColumns) => Block,
): Promise<Block[]> {
  const names = series ?? metricTable.names(id).filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
  const blocks: Block[] = [];
  for (const name of names) {
    blocks.push(encode(name, metricTable.series(id, name)));
    await breath();
  }
  return blocks;
}

/** Whole series of a run. */
export const readMetrics = (project: OpenProject, id: string, wanted: SeriesChoice): Promise<MetricBlock[]> =>
  readEach(project, id, wanted, encodePoints);

/**
 * Series of a run as curves.
 * @param wanted.groups that a long series is cut into
 * @param wanted.range in steps, both ends included; the answer has some points before it and one behind it besides
 */
export const readCurves = (
  project: OpenProject,
  id: string,
  { groups, range, ...choice }: SeriesChoice & { groups?: number; range?: { from: number; to: number } },
): Promise<CurveBlock[]> =>
  readEach(project, id, choice, (name, points) =>
    encodeCurve(name, thinned(range ? between(points, range, POINTS_BEFORE) : points, groups)),
  );

function encodeCurve(series: string, { total, points, means }: ThinCurve): CurveBlock {
  if (!means) return { ...encodePoints(series, points), total, means };
  const { series: _series, ...block } = encodePoints(series, means);
  return { ...encodePoints(series, points), total, means: { ...block, counts: encodeCounts(means.counts) } };
}
