import type { ProjectStore } from '../../host/project-store.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import { csvField } from '../../shared/domain/csv.ts';
import { printJson, type CliContext } from '../context.ts';

/**
 * Prints the metric series of a run: CSV lines, or with `json` one object. A value that was no finite number is empty.
 * @param wanted one series; all when left out
 * @throws WorkbenchError `usage` naming the series that there are
 */
export function printMetrics(
  context: CliContext,
  store: ProjectStore,
  { run: id, wanted, json }: { run?: string; wanted?: string; json?: boolean },
): void {
  const run = id === undefined ? store.runs().at(-1) : store.run(id);
  if (!run) throw new WorkbenchError('usage', `Project ${store.folder} has no run yet, so it has no metrics: start one first.`);
  const rows = store.metrics(run.id, wanted);
  if (wanted !== undefined && !rows.length) {
    const names = store.metricTable.names(run.id);
    const known = names.length ? `it has ${names.join(', ')}` : 'it has none yet';
    throw new WorkbenchError('usage', `Run ${run.id} has no metric series '${wanted}': ${known}.`);
  }
  if (!json) {
    context.out(
      `series,step,value\n${rows.map(({ series, step, value }) => `${[series, step, value].map(csvField).join(',')}\n`).join('')}`,
    );
    return;
  }
  const series = new Map<string, { name: string; steps: number[]; values: (number | null)[] }>();
  for (const { series: name, step, value } of rows) {
    if (!series.has(name)) series.set(name, { name, steps: [], values: [] });
    const { steps, values } = series.get(name)!;
    steps.push(step);
    values.push(value);
  }
  printJson(context, { run: run.id, series: [...series.values()] });
}
