import type { RunView } from '../../shared/contract/api/views.ts';
import { recipeSchema } from '../../shared/schema/recipe.ts';
import { reportRun } from '../project-report.ts';
import type { ProjectStore } from '../project-store.ts';
import type { RunRecord } from '../run-record.ts';

/** Log lines that travel with a run; all of them can be asked for. */
const LOG_LINES = 200;

export function viewRun(store: ProjectStore, run: RunRecord): RunView {
  return {
    ...reportRun(store, run),
    // a run of an earlier version lacks the fields that came later
    settings: recipeSchema.catch(run.recipe).parse(run.recipe),
    slot: run.slot,
    label: run.label,
    log: store.logLines(run.id, LOG_LINES),
  };
}
