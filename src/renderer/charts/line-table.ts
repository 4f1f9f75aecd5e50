import { tableOf, type ChartTable } from './csv.ts';
import type { LineSeries } from './line-cache.ts';
import { mergedSteps } from './line-model.ts';

/**
 * Lines as a table: a row for each step of any of them.
 * @param look.factor shown = stored * factor
 */
export function tableOfLines(lines: readonly LineSeries[], look: { step: string; factor: number; unit?: string }): ChartTable {
  const merged = mergedSteps(lines);
  const unit = look.unit ? { unit: look.unit } : {};
  if (merged.steps.length === 0) return tableOf([{ title: look.step }], []);
  return {
    columns: [{ title: look.step }, ...lines.map(({ name }) => ({ title: name, ...unit }))],
    rows: merged.steps.length,
    row: (i) => [
      merged.steps[i],
      ...lines.map(({ values }, k) => {
        const at = merged.at[k][i];
        const value = at < 0 ? NaN : values[at] * look.factor;
        return Number.isFinite(value) ? Number(value.toPrecision(7)) : null;
      }),
    ],
  };
}
